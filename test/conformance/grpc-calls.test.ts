// Proves RPC-01, LOG-02: what the methods of a service answer over the port of gRPC.
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Blog, startBlog, USERS } from './blog.ts'
import { type GrpcClient, grpcClient } from './grpc-kit.ts'

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
