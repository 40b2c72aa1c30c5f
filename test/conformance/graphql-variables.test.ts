/** Variables that the schema refuses: each finding names its place in the request, with the codes that REST has. */
// Proves ERR-01, GQL-05.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Blog, startBlog } from './blog.ts'
import { askGraphql } from './graphql-kit.ts'

let blog: Blog
beforeAll(async () => {
  blog = await startBlog()
})
afterAll(() => blog[Symbol.asyncDispose]())

const CREATE = 'mutation ($input: CreatePostInput!) { createPost(input: $input) { post { id } } }'
const LIST =
  'query ($filter: PostFilter, $order: [PostOrder!], $n: Int) { posts(filter: $filter, orderBy: $order, first: $n) { totalCount } }'
const NODES = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }'

test.each<readonly [string, string, object, string, string]>([
  ['a value of another type', CREATE, { input: { authorId: 'x', title: 5, body: 'b' } }, 'variables.input.title', 'type'],
  ['a field that is missing', CREATE, { input: { authorId: 'x', title: 'a' } }, 'variables.input.body', 'required'],
  ['a field that is null', CREATE, { input: { authorId: 'x', title: null, body: 'b' } }, 'variables.input.title', 'null'],
  [
    'a field that nobody knows',
    CREATE,
    { input: { authorId: 'x', title: 'a', body: 'b', x: 1 } },
    'variables.input.x',
    'unknown',
  ],
  ['an input that is a list', CREATE, { input: [] }, 'variables.input', 'type'],
  ['a variable that is missing', CREATE, {}, 'variables.input', 'required'],
  ['a variable that is null', CREATE, { input: null }, 'variables.input', 'null'],
  ['a number that is none', LIST, { n: 'ten' }, 'variables.n', 'type'],
  ['an operand of another type', LIST, { filter: { createdAt: { gt: 5 } } }, 'variables.filter.createdAt.gt', 'type'],
  ['a word that is none', LIST, { filter: { status: { eq: 'GONE' } } }, 'variables.filter.status.eq', 'choice'],
  ['an item of a list', LIST, { order: ['CREATED_AT_DESC', 'SIDEWAYS'] }, 'variables.order.1', 'choice'],
  ['an id of a list', NODES, { ids: ['a', null] }, 'variables.ids.1', 'null'],
])('%s is named by its place', async (_, query, variables, field, code) => {
  const { status, json } = await askGraphql(blog, query, { as: 'editor', variables: variables as Record<string, unknown> })

  expect(status).toBe(400)
  expect(json.data).toBeUndefined()
  expect(json.errors).toMatchObject([
    { locations: [{ line: 1 }], extensions: { code: 'VALIDATION_FAILED', details: [{ field, code }] } },
  ])
  expect(json.errors[0].message).toContain(field)
})

test('all that is wrong is told at once, up to a bound', async () => {
  const input = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`x${at}`.padEnd(1_000, 'y'), 1]))

  const { text, json } = await askGraphql(blog, CREATE, { as: 'editor', variables: { input } })

  expect(json.errors).toHaveLength(20)
  expect(json.errors[0].extensions.details[0].field).toBe('variables.input.authorId')
  expect(text.length).toBeLessThan(30_000)
})
