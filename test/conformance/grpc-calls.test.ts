// Proves RPC-05, ERR-01, LOG-02: what the methods of a service answer over the port of gRPC.
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Blog, startBlog, USERS } from './blog.ts'
import { type GrpcClient, grpcClient, readStatus } from './grpc-kit.ts'

let blog: Blog
let posts: GrpcClient

beforeAll(async () => {
  blog = await startBlog()
  posts = grpcClient(blog.service.grpcAddress, 'post')
})

afterAll(async () => {
  posts[Symbol.dispose]()
  await blog[Symbol.asyncDispose]()
})

test('GetPost answers with the record that REST has', async () => {
  const id = await blog.post({ title: 'Over the wire' })

  const { message } = await posts.call('GetPost', { id })

  expect(message.post).toMatchObject({ id, title: 'Over the wire', status: 'POST_STATUS_PUBLISHED', author_id: USERS.editor })
})

test('ListPosts goes through all pages', async () => {
  const made = [await blog.post({ title: 'Paged one' }), await blog.post({ title: 'Paged two' })]
  const asked = { search: 'Paged', page_size: 1, order_by: 'created_at' }

  const first = await posts.call('ListPosts', asked)
  const second = await posts.call('ListPosts', { ...asked, page_token: first.message.next_page_token })

  expect([...first.message.posts, ...second.message.posts].map(({ id }) => id)).toEqual(made)
  expect(second.message.next_page_token).toBe('')
})

test('a post is created, changed, published, deleted and restored', async () => {
  const token = blog.tokens.editor
  const created = await posts.call('CreatePost', { post: { author_id: USERS.editor, title: 'Draft', body: 'Text' } }, { token })
  const { id } = created.message.post

  const updated = await posts.call('UpdatePost', { id, post: { title: 'Better' }, version: 1 }, { token })
  const published = await posts.call('PublishPost', { id }, { token })
  await posts.call('DeletePost', { id }, { token: blog.tokens.admin })
  const gone = await posts.fail('GetPost', { id }, { token })
  const restored = await posts.call('RestorePost', { id }, { token: blog.tokens.admin })

  expect(updated.message.post).toMatchObject({ title: 'Better', version: 2 })
  expect(published.message.post.status).toBe('POST_STATUS_PUBLISHED')
  expect(gone.code).toBe(status.NOT_FOUND)
  expect(restored.message.post.id).toBe(id)
})

test('a write without a token is refused as UNAUTHENTICATED', async () => {
  const failure = await posts.fail('CreatePost', { post: { author_id: USERS.editor, title: 'Draft', body: 'Text' } })

  expect(failure.code).toBe(status.UNAUTHENTICATED)
})

test('a repeated call with an idempotency key is answered with the first answer', async () => {
  const options = { token: blog.tokens.editor, metadata: { 'idempotency-key': 'grpc-once' } }
  const request = { post: { author_id: USERS.editor, title: 'Once', body: 'Text' } }

  const first = await posts.call('CreatePost', request, options)
  const second = await posts.call('CreatePost', request, options)

  expect(second.message).toEqual(first.message)
  expect(second.trailers.get('idempotency-replayed')).toEqual(['true'])
})

test('a call leaves one line in the log, under its request id and trace', async () => {
  const id = await blog.post()
  const metadata = { 'x-request-id': 'grpc-line', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }

  const { trailers } = await posts.call('GetPost', { id }, { token: blog.tokens.viewer, metadata })
  const lines = blog.service.logs().filter((line) => JSON.stringify(line).includes('grpc-line'))

  expect(trailers.get('x-request-id')).toEqual(['grpc-line'])
  expect(lines).toMatchObject([
    {
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      user_id: expect.stringMatching(/./),
      fields: { operation: 'posts.get', surface: 'grpc', request_id: 'grpc-line', status: 200, error_code: null },
    },
  ])
})

describe('a failure', () => {
  test('tells its code, its request, where it is explained and each violated field', async () => {
    const failure = await posts.fail(
      'CreatePost',
      { post: { author_id: USERS.editor, title: '' } },
      { token: blog.tokens.editor, metadata: { 'x-request-id': 'refused-1' } },
    )
    const details = readStatus(failure)

    expect(failure.code).toBe(status.INVALID_ARGUMENT)
    expect(failure.metadata.get('x-request-id')).toEqual(['refused-1'])
    expect(details['google.rpc.ErrorInfo']).toContain('VALIDATION_FAILED')
    expect(details['google.rpc.ErrorInfo']).toContain('blog')
    expect(details['google.rpc.RequestInfo']).toContain('refused-1')
    expect(details['google.rpc.Help']).toContain('/docs/errors#VALIDATION_FAILED')
    expect(details['google.rpc.BadRequest']).toContain('post.title')
    expect(details['google.rpc.BadRequest']).toContain('post.body')
  })

  test('of the store tells nothing of it', async () => {
    const sql = await blog.service.sql()
    const id = await blog.post()
    await sql.query('ALTER TABLE posts RENAME TO posts_away')

    const failure = await posts.fail('GetPost', { id })
    await sql.query('ALTER TABLE posts_away RENAME TO posts')

    expect(failure.code).toBe(status.INTERNAL)
    expect(failure.details).toBe('Something went wrong on our side')
    expect(failure.metadata.get('grpc-status-details-bin').join()).not.toContain('posts')
  })

  test('for too many calls says when to come back', async () => {
    await using narrow = await startBlog({ RATE_LIMIT_READ: '60/1' })
    using client = grpcClient(narrow.service.grpcAddress, 'post')
    await client.call('ListPosts', {}, { token: narrow.tokens.viewer })

    const failure = await client.fail('ListPosts', {}, { token: narrow.tokens.viewer })

    expect(failure.code).toBe(status.RESOURCE_EXHAUSTED)
    expect(Object.keys(readStatus(failure))).toContain('google.rpc.RetryInfo')
    expect(failure.metadata.get('ratelimit')[0]).toMatch(/^"read";r=0/)
  })
})

test('a token that is not believed is refused on every method, whoever may call it', async () => {
  const failure = await posts.fail('ListPosts', {}, { token: 'nonsense' })

  expect(failure.code).toBe(status.UNAUTHENTICATED)
  expect(readStatus(failure)['google.rpc.ErrorInfo']).toContain('AUTH_TOKEN_INVALID')
})
