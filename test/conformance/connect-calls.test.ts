// Proves RPC-05, LOG-02: what the methods of a service answer over the HTTP port, to the clients of Connect and gRPC-Web.
import { Code } from '@connectrpc/connect'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Blog, startBlog, USERS } from './blog.ts'
import { bearer, connectClient, failureOf, type Message, TRANSPORTS } from './connect-kit.ts'

let blog: Blog

beforeAll(async () => {
  blog = await startBlog()
})

afterAll(() => blog[Symbol.asyncDispose]())

afterAll(() => {
  // Clients that went away from their watches among them.
  expect(blog.service.logs().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
})

describe.each(Object.keys(TRANSPORTS))('a client of %s', (name) => {
  let posts: Message

  beforeAll(() => {
    const transport = TRANSPORTS[name]
    if (transport === undefined) throw new Error(`There is no transport ${name}`)
    posts = connectClient(transport(blog.service.origin), 'post')
  })

  test('reads the record that REST has', async () => {
    const id = await blog.post({ title: 'Over the web – ä' })

    const { post } = await posts.getPost({ id })

    const { json } = await blog.ask(`GET /api/v1/posts/${id}`)
    expect(post).toMatchObject({ id, title: 'Over the web – ä', authorId: USERS.editor, version: 1 })
    const madeMs = Number(post.createdAt.seconds) * 1_000 + post.createdAt.nanos / 1e6
    expect(new Date(madeMs).toISOString()).toBe(new Date(json.data.created_at).toISOString())
  })

  test('goes through all pages', async () => {
    const search = `Leaf${name.length}`
    const made = [await blog.post({ title: `${search} one` }), await blog.post({ title: `${search} two` })]
    const asked = { search, pageSize: 1, orderBy: 'created_at' }

    const first = await posts.listPosts(asked)
    const second = await posts.listPosts({ ...asked, pageToken: first.nextPageToken })

    expect([...first.posts, ...second.posts].map(({ id }: Message) => id)).toEqual(made)
    expect(second.nextPageToken).toBe('')
  })

  test('creates, changes, publishes, deletes and restores', async () => {
    const editor = bearer(blog.tokens.editor)
    const admin = bearer(blog.tokens.admin)
    const { post } = await posts.createPost({ post: { authorId: USERS.editor, title: 'Draft', body: 'Text' } }, editor)
    const { id } = post

    const updated = await posts.updatePost({ id, post: { title: 'Better' }, version: 1 }, editor)
    const stale = await failureOf(posts.updatePost({ id, post: { title: 'Worse' }, version: 1 }, editor))
    await posts.publishPost({ id }, editor)
    await posts.deletePost({ id }, admin)
    const gone = await failureOf(posts.getPost({ id }, editor))
    const restored = await posts.restorePost({ id }, admin)

    expect(updated.post).toMatchObject({ title: 'Better', version: 2 })
    expect([stale.code, gone.code]).toEqual([Code.Aborted, Code.NotFound])
    expect(restored.post.id).toBe(id)
  })

  test('is refused a write without a token, and one with a bad token', async () => {
    const request = { post: { authorId: USERS.editor, title: 'Draft', body: 'Text' } }

    const nobody = await failureOf(posts.createPost(request))
    const forged = await failureOf(posts.createPost(request, bearer('no.such.token')))

    expect([nobody.code, forged.code]).toEqual([Code.Unauthenticated, Code.Unauthenticated])
  })

  test('is told what is wrong, by field', async () => {
    const request = { post: { authorId: USERS.editor, title: '', body: 'Text' } }

    const failure = await failureOf(posts.createPost(request, bearer(blog.tokens.editor)))

    expect(failure.code).toBe(Code.InvalidArgument)
    const details = failure.details as readonly { readonly type: string; readonly value: Uint8Array }[]
    expect(details.map(({ type }) => type)).toContain('google.rpc.BadRequest')
    const violations = details.find(({ type }) => type === 'google.rpc.BadRequest')
    expect(Buffer.from(violations?.value ?? []).toString()).toContain('post.title')
  })

  test('is answered with the first answer when it repeats an idempotency key', async () => {
    const options = {
      headers: { ...bearer(blog.tokens.editor).headers, 'idempotency-key': `connect-${name.replaceAll(' ', '')}` },
    }
    const request = { post: { authorId: USERS.editor, title: 'Once', body: 'Text' } }
    let isReplay: string | null = null

    const first = await posts.createPost(request, options)
    const second = await posts.createPost(request, {
      ...options,
      onHeader: (headers: Headers) => {
        isReplay = headers.get('idempotency-replayed')
      },
    })

    expect(second).toEqual(first)
    expect(isReplay).toBe('true')
  })

  test('hears of changes by a watch that it opened', async () => {
    const stop = new AbortController()
    const { promise: opened, resolve } = Promise.withResolvers<void>()
    const changes = posts.watchPosts({}, { signal: stop.signal, onHeader: () => resolve(), ...bearer(blog.tokens.editor) })
    const heard: string[] = []
    const listening = (async () => {
      for await (const change of changes) heard.push(change.post.title)
    })()
    await opened

    await blog.post({ title: `Seen by ${name}` })

    await expect.poll(() => heard, { timeout: 5_000 }).toContain(`Seen by ${name}`)
    stop.abort()
    expect((await failureOf(listening)).code).toBe(Code.Canceled)
  })

  test('is refused a watch from a cursor that is none, as the end of the stream', async () => {
    const failure = await failureOf(posts.watchPosts({ after: 'nonsense' })[Symbol.asyncIterator]().next())

    expect(failure.code).toBe(Code.InvalidArgument)
  })

  test('is told that the deadline of its watch has passed', async () => {
    const failure = await failureOf(posts.watchPosts({}, { timeoutMs: 300 })[Symbol.asyncIterator]().next())

    expect(failure.code).toBe(Code.DeadlineExceeded)
  })
})
