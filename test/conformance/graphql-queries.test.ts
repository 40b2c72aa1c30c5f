/** Queries: connections, ids, and what is told where somebody may not see. */
// Proves GQL-02, GQL-06, ERR-01.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Blog, startBlog, USERS } from './blog.ts'
import { askGraphql, type GraphqlRequest } from './graphql-kit.ts'

let blog: Blog
const posts: string[] = []

beforeAll(async () => {
  blog = await startBlog()
  for (let at = 1; at <= 12; at++) posts.push(await blog.post({ title: `Part ${String(at).padStart(2, '0')}` }))
  posts.push(await blog.post({ title: 'Hidden', status: 'draft' }))
})

afterAll(async () => {
  await blog[Symbol.asyncDispose]()
})

const ask = (query: string, request: GraphqlRequest = {}) => askGraphql(blog, query, request)

describe('a connection', () => {
  test('has ten edges where nobody says how many, and counts all that the caller may see', async () => {
    const { json } = await ask(
      '{ posts { totalCount edges { cursor node { title } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }',
    )

    const { edges, pageInfo, totalCount } = json.data.posts
    expect(edges).toHaveLength(10)
    expect(totalCount).toBe(12)
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: edges[0].cursor,
      endCursor: edges[9].cursor,
    })
  })

  test('goes on behind a cursor, and ends before one', async () => {
    const order = 'orderBy: [TITLE_ASC]'
    const first = (await ask(`{ posts(first: 3, ${order}) { nodes { title } pageInfo { endCursor } } }`)).json.data.posts
    const next = (
      await ask(
        `{ posts(first: 2, after: "${first.pageInfo.endCursor}", ${order}) { nodes { title } pageInfo { startCursor hasPreviousPage } } }`,
      )
    ).json.data.posts
    const back = (await ask(`{ posts(last: 2, before: "${next.pageInfo.startCursor}", ${order}) { nodes { title } } }`)).json.data
      .posts
    const titles = (page: { nodes: { title: string }[] }) => page.nodes.map((node) => node.title)

    expect(titles(first)).toEqual(['Part 01', 'Part 02', 'Part 03'])
    expect(titles(next)).toEqual(['Part 04', 'Part 05'])
    expect(titles(back)).toEqual(['Part 02', 'Part 03'])
    expect(next.pageInfo.hasPreviousPage).toBe(true)
  })

  test('is filtered and searched by typed arguments', async () => {
    const drafts = await ask('query ($f: PostFilter) { posts(filter: $f) { nodes { title } } }', {
      as: 'admin',
      variables: { f: { status: { eq: 'DRAFT' } } },
    })
    const found = await ask('{ posts(search: "Part 07") { nodes { title status } } }')

    expect(drafts.json.data.posts.nodes).toEqual([{ title: 'Hidden' }])
    expect(found.json.data.posts.nodes).toEqual([{ title: 'Part 07', status: 'PUBLISHED' }])
  })

  test('hangs on a record, page by page', async () => {
    const { json } = await ask(
      '{ users(search: "editor") { nodes { displayName posts(first: 2, orderBy: [TITLE_ASC]) { totalCount nodes { title author { displayName } } } } } }',
      {
        as: 'admin',
      },
    )

    const [editor] = json.data.users.nodes
    expect(editor.posts.totalCount).toBe(13)
    expect(editor.posts.nodes).toEqual([
      { title: 'Hidden', author: { displayName: 'editor' } },
      { title: 'Part 01', author: { displayName: 'editor' } },
    ])
  })

  test('refuses the cursor of another list', async () => {
    const { endCursor } = (await ask('{ posts(first: 1) { pageInfo { endCursor } } }')).json.data.posts.pageInfo

    const { json } = await ask(`{ posts(first: 1, after: "${endCursor}", orderBy: [TITLE_ASC]) { totalCount } }`)

    expect(json).toMatchObject({
      data: { posts: null },
      errors: [{ path: ['posts'], extensions: { code: 'VALIDATION_CURSOR' } }],
    })
  })
})

describe('an id', () => {
  test('is opaque, and finds its record whatever it is', async () => {
    const { json } = await ask('{ posts(search: "Part 01") { nodes { id } } users(search: "editor") { nodes { id } } }', {
      as: 'admin',
    })
    const ids = [json.data.posts.nodes[0].id, json.data.users.nodes[0].id] as const

    const found = await ask(
      'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Post { title } ... on User { displayName } } }',
      {
        as: 'admin',
        variables: { ids },
      },
    )

    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9+/]+={0,2}$/)
    expect(found.json.data.nodes).toEqual([
      { __typename: 'Post', id: ids[0], title: 'Part 01' },
      { __typename: 'User', id: ids[1], displayName: 'editor' },
    ])
  })

  test('of REST is taken too', async () => {
    const { json } = await ask('query ($id: ID!) { node(id: $id) { ... on Post { title } } post(id: $id) { title } }', {
      variables: { id: posts[0] },
    })

    expect(json.data).toEqual({ node: { title: 'Part 01' }, post: { title: 'Part 01' } })
  })

  test('of a record that is hidden finds nothing, like that of one that is not there', async () => {
    const query = 'query ($id: ID!) { post(id: $id) { title } node(id: $id) { id } }'

    const hidden = await ask(query, { variables: { id: posts[12] } })
    const missing = await ask(query, { variables: { id: 'post_01h455vb4pex5vsknk084sn02q' } })

    expect(hidden.json).toEqual({ data: { post: null, node: null } })
    expect(hidden.json).toEqual(missing.json)
  })
})

describe('whoever may not', () => {
  test('has an error at the root that is refused, and the others answered', async () => {
    const { status, json } = await ask('{ users { totalCount } posts(first: 1) { nodes { author { email } } } }')

    expect(status).toBe(200)
    expect(json.data).toEqual({ users: null, posts: { nodes: [{ author: null }] } })
    expect(json.errors).toMatchObject([{ path: ['users'], extensions: { code: 'AUTH_REQUIRED', details: [] } }])
  })

  test('sees their own record and no other', async () => {
    const { json } = await ask('{ users { nodes { email } } }', { as: 'viewer' })

    expect(json.data.users.nodes).toEqual([{ email: 'viewer@example.com' }])
  })
})

test('the schema is told beside data, in development', async () => {
  const { json } = await ask(`{ before: __typename __type(name: "Post") { name } user(id: "${USERS.editor}") { displayName } }`, {
    as: 'admin',
  })

  expect(Object.entries(json.data)).toEqual([
    ['before', 'Query'],
    ['__type', { name: 'Post' }],
    ['user', { displayName: 'editor' }],
  ])
})
