/** Mutations: what they change, and how they say why they did not. */
// Proves GQL-03, ERR-01.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Blog, startBlog, USERS } from './blog.ts'
import { askGraphql, type GraphqlRequest } from './graphql-kit.ts'

let blog: Blog

beforeAll(async () => {
  blog = await startBlog()
})

afterAll(async () => {
  await blog[Symbol.asyncDispose]()
})

const ask = (query: string, request: GraphqlRequest = {}) => askGraphql(blog, query, request)

const CREATE = `mutation ($input: CreatePostInput!) {
  createPost(input: $input) { post { id title status authorId author { displayName } version } errors { code message field } }
}`
const UPDATE =
  'mutation ($input: UpdatePostInput!) { updatePost(input: $input) { post { title version } errors { code message field } } }'
const input = (fields: object = {}) => ({
  input: { authorId: USERS.editor, title: 'On Engines', body: 'They compute.', ...fields },
})

describe('create', () => {
  test('makes a record and gives what is asked of it', async () => {
    const answer = await ask(CREATE, { as: 'editor', variables: input() })

    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({
      data: {
        createPost: {
          post: {
            id: expect.any(String),
            title: 'On Engines',
            status: 'DRAFT',
            authorId: expect.any(String),
            author: { displayName: 'editor' },
            version: 1,
          },
          errors: [],
        },
      },
    })
  })

  test('prints a record of plain fields as a query prints it', async () => {
    const plain = CREATE.replace('author { displayName }', 'createdAt updatedAt publishedAt body')

    const { post } = (await ask(plain, { as: 'editor', variables: input() })).json.data.createPost
    const read = await ask(
      `{ post(id: "${post.id}") { id title status authorId createdAt updatedAt publishedAt body version } }`,
      { as: 'editor' },
    )

    expect(post).toEqual(read.json.data.post)
  })

  test('takes global ids and the ids of REST', async () => {
    const made = await ask(CREATE, { as: 'editor', variables: input() })
    const authorId = made.json.data.createPost.post.authorId as string

    const answer = await ask(CREATE, { as: 'editor', variables: input({ authorId }) })

    expect(answer.json.data.createPost).toMatchObject({ errors: [], post: { authorId } })
  })

  test('tells all that is wrong with the values, by their path', async () => {
    const answer = await ask(CREATE, { as: 'editor', variables: input({ title: '', body: null, authorId: 'nobody' }) })

    expect(answer.status).toBe(400)
    const again = await ask(CREATE, { as: 'editor', variables: input({ title: '', authorId: 'nobody' }) })
    expect(again.json.data.createPost).toEqual({
      post: null,
      errors: [
        { code: 'VALIDATION_FAILED', message: expect.stringContaining('authorId'), field: ['authorId'] },
        { code: 'VALIDATION_FAILED', message: expect.stringContaining('title'), field: ['title'] },
      ],
    })
  })

  test('refuses a duplicate in the payload', async () => {
    const create = 'mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } errors { code field } } }'

    const answer = await ask(create, { as: 'admin', variables: { input: { email: 'editor@example.com', displayName: 'Twin' } } })

    expect(answer.json.data.createUser).toEqual({ user: null, errors: [{ code: 'CONFLICT_DUPLICATE', field: ['email'] }] })
  })

  test('refuses fields that are set by the service, by name', async () => {
    const answer = await ask(CREATE, { as: 'editor', variables: input({ version: 7 }) })

    expect(answer.status).toBe(400)
    expect(answer.json.errors[0].message).toContain('version is not a field of CreatePostInput')
  })

  test('is an error of the answer for who may not', async () => {
    const nobody = await ask(CREATE, { variables: input() })
    const viewer = await ask(CREATE, { as: 'viewer', variables: input({ authorId: USERS.viewer }) })

    expect(nobody.json).toMatchObject({
      data: { createPost: null },
      errors: [{ path: ['createPost'], extensions: { code: 'AUTH_REQUIRED' } }],
    })
    expect(viewer.json.errors[0].extensions.code).toBe('AUTH_FORBIDDEN')
  })
})

describe('update', () => {
  test('leaves alone what is not sent', async () => {
    const id = await blog.post()

    const answer = await ask(UPDATE, { as: 'editor', variables: { input: { id, title: 'Another' } } })

    expect(answer.json.data.updatePost).toEqual({ post: { title: 'Another', version: 2 }, errors: [] })
  })

  test('expects a version where one is given', async () => {
    const id = await blog.post()

    const answer = await ask(UPDATE, { as: 'editor', variables: { input: { id, version: 9, title: 'Another' } } })

    expect(answer.json.data.updatePost).toEqual({
      post: null,
      errors: [{ code: 'CONFLICT_VERSION', message: expect.any(String), field: null }],
    })
  })

  test('refuses an id of another resource, or of nothing', async () => {
    for (const id of [USERS.editor, 'x', 'post_01h455vb4pex5vsknk084sn02q ']) {
      const answer = await ask(UPDATE, { as: 'editor', variables: { input: { id, title: 'Another' } } })
      expect(answer.json.data.updatePost.errors).toMatchObject([{ code: 'VALIDATION_FAILED', field: ['id'] }])
    }
  })

  test('does not tell a record that is not there from one that is hidden', async () => {
    const id = await blog.post({ status: 'draft' })
    const missing = 'post_01h455vb4pex5vsknk084sn02q'
    const codes = async (one: string) =>
      (await ask(UPDATE, { as: 'viewer', variables: { input: { id: one, title: 'x' } } })).json.errors?.[0].extensions.code

    expect(await codes(id)).toBe(await codes(missing))
  })

  test('is refused for fields that others may set', async () => {
    const update = 'mutation ($input: UpdateUserInput!) { updateUser(input: $input) { user { role } errors { code } } }'

    const answer = await ask(update, { as: 'editor', variables: { input: { id: USERS.editor, role: 'ADMIN' } } })

    expect(answer.json.errors[0].extensions.code).toMatch(/^AUTH_(?:FIELD_)?FORBIDDEN$/)
    expect(answer.json.data).toEqual({ updateUser: null })
  })
})

test('replace sets what is left out as if it had never been set', async () => {
  const id = await blog.post({ status: 'published' })
  const replace = 'mutation ($input: ReplacePostInput!) { replacePost(input: $input) { post { title status } errors { code } } }'

  const answer = await ask(replace, {
    as: 'editor',
    variables: { input: { id, authorId: USERS.editor, title: 'New', body: 'New' } },
  })

  expect(answer.json.data.replacePost).toEqual({ post: { title: 'New', status: 'DRAFT' }, errors: [] })
})

test('delete tells what is left of a record, and restore brings it back', async () => {
  const id = await blog.post()
  const remove = 'mutation ($input: DeletePostInput!) { deletePost(input: $input) { post { id version } errors { code } } }'
  const restore = 'mutation ($input: RestorePostInput!) { restorePost(input: $input) { post { id version } errors { code } } }'

  const deleted = await ask(remove, { as: 'admin', variables: { input: { id } } })
  const gone = await ask(`{ post(id: "${id}") { id } }`, { as: 'admin' })
  const restored = await ask(restore, { as: 'admin', variables: { input: { id } } })

  expect(deleted.json.data.deletePost).toMatchObject({ post: { version: 2 }, errors: [] })
  expect(gone.json).toEqual({ data: { post: null } })
  expect(restored.json.data.restorePost).toEqual({ post: { id: deleted.json.data.deletePost.post.id, version: 3 }, errors: [] })
})

test('an action runs as a mutation, and its refusals are in the payload', async () => {
  const id = await blog.post({ status: 'draft' })
  const publish =
    'mutation ($input: PublishPostInput!) { publishPost(input: $input) { post { status publishedAt } errors { code message field } } }'
  const variables = { input: { id, at: '2026-01-31T12:00:00Z' } }

  const first = await ask(publish, { as: 'editor', variables })
  const second = await ask(publish, { as: 'editor', variables })

  expect(first.json.data.publishPost).toEqual({
    post: { status: 'PUBLISHED', publishedAt: '2026-01-31T12:00:00+00:00' },
    errors: [],
  })
  expect(second.json.data.publishPost).toEqual({
    post: null,
    errors: [{ code: 'CONFLICT_POST_NOT_DRAFT', message: 'Only a draft can be published', field: null }],
  })
})

test('several mutations run in turn, and one that is refused leaves the others', async () => {
  const id = await blog.post()
  const several = `mutation ($id: ID!) {
    one: updatePost(input: { id: $id, title: "One" }) { post { version } errors { code } }
    bad: deletePost(input: { id: $id }) { post { id } errors { code } }
    two: updatePost(input: { id: $id, title: "Two" }) { post { version title } errors { code } __typename }
  }`

  const answer = await ask(several, { as: 'editor', variables: { id } })

  expect(answer.json.data).toEqual({
    one: { post: { version: 2 }, errors: [] },
    bad: null,
    two: { post: { version: 3, title: 'Two' }, errors: [], __typename: 'UpdatePostPayload' },
  })
  expect(answer.json.errors).toMatchObject([{ path: ['bad'], extensions: { code: 'AUTH_FORBIDDEN' } }])
})

test('wrong arguments below a mutation are found before anything is changed', async () => {
  const id = await blog.post()
  const wrong = `mutation { updatePost(input: { id: "${id}", title: "Changed" }) { post { author { posts(first: -1) { totalCount } } } } }`

  const answer = await ask(wrong, { as: 'editor' })

  expect(answer.json.errors[0].extensions.code).toBe('VALIDATION_FAILED')
  expect((await ask(`{ post(id: "${id}") { version } }`)).json.data.post.version).toBe(1)
})

describe('Idempotency-Key', () => {
  const once = (key: string, variables = input()) => ask(CREATE, { as: 'editor', variables, headers: { 'idempotency-key': key } })

  test('makes a mutation happen once', async () => {
    const first = await once('graphql-1')
    const second = await once('graphql-1')

    expect(second.json).toEqual(first.json)
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(second.headers.get('idempotency-replayed')).toBe('true')
  })

  test('counts for a mutation that is answered as a stream of events too', async () => {
    const answers = await Promise.all(
      [1, 2].map(() =>
        blog.ask('POST /graphql', {
          as: 'editor',
          headers: { accept: 'text/event-stream', 'idempotency-key': 'graphql-events' },
          body: { query: CREATE, variables: input() },
        }),
      ),
    )

    const [first, second] = answers.map(({ text }) => text)
    expect(first).toContain('event: next\ndata: {"data":{"createPost":{"post":{')
    expect(second).toBe(first)
  })

  test('is good for one request', async () => {
    await once('graphql-2')

    const other = await once('graphql-2', input({ title: 'Another' }))

    expect(other.json.data.createPost.errors).toMatchObject([{ code: 'CONFLICT_KEY_REUSED' }])
  })

  test('keeps nothing of what was refused', async () => {
    await once('graphql-3', input({ title: '' }))

    expect((await once('graphql-3')).json.data.createPost.errors).toEqual([])
  })

  test('needs an operation with one mutation', async () => {
    const two =
      'mutation { a: deletePost(input: { id: "x" }) { errors { code } } b: deletePost(input: { id: "y" }) { errors { code } } }'

    const answer = await ask(two, { as: 'admin', headers: { 'idempotency-key': 'graphql-4' } })

    expect(answer.status).toBe(400)
    expect(answer.json.errors[0].extensions.details[0].field).toBe('idempotency-key')
  })
})

test('operations are counted and logged by what they are, not by a name of the caller', async () => {
  await ask('query Canary7 { __typename }')
  await ask('mutation Canary8 { deletePost(input: { id: "x" }) { errors { code } } }', { as: 'admin' })

  const metrics = await (await fetch(`${blog.service.adminOrigin}/metrics`)).text()

  expect(metrics).toContain('operation="graphql.query",surface="graphql"')
  expect(metrics).toContain('operation="graphql.mutation",surface="graphql"')
  expect(metrics).not.toContain('Canary')
})
