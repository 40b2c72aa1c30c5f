/** What cannot be felt over REST cannot be felt by another door: the same questions over the other surfaces, before and after a hidden record is there. */
// Proves SEC-01, GQL-06.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import domain from '../../examples/blog/domain.ts'
import { encodeTypeId, type Uuid } from '../../src/kernel/index.ts'
import type { Json, ResourceModel } from '../../src/model/index.ts'
import { openGraphql } from '../agreement/graphql.ts'
import { openGrpc } from '../agreement/grpc.ts'
import type { Operation } from '../agreement/operation.ts'
import type { OpenSurface } from '../agreement/surface.ts'
import { report } from '../chaos/rounds.ts'
import { ACCOUNTS, type HostileBlog, newPost, startHostileBlog } from './blog.ts'

const WHO = ['nobody', 'viewer', 'editor'] as const
type Who = (typeof WHO)[number] | 'admin'
const STATES = ['draft', 'archived', 'deleted'] as const
const MOMENT = '2026-03-04T05:06:07.890Z'
const POST = domain.resource('post')

const SURFACES: readonly (readonly [name: string, open: OpenSurface])[] = [
  ['GraphQL', openGraphql],
  ['gRPC', openGrpc(domain, ({ service }) => service.grpcAddress ?? '')],
]

let blog: HostileBlog
beforeAll(async () => {
  blog = await startHostileBlog()
})
afterAll(() => blog?.stop())

interface Hidden {
  readonly id: Uuid
  readonly title: string
  readonly state: (typeof STATES)[number]
}

function hiddenPost(state: Hidden['state']): Hidden {
  return { id: randomUUID().replace(/^(.{14})4/, '$17') as Uuid, title: `Zanzibar quagga ${state}`, state }
}

async function insert({ id, title, state }: Hidden): Promise<void> {
  const isDeleted = state === 'deleted'
  await blog.sql(
    `INSERT INTO posts (id, author_id, title, body, status, published_at, created_at, updated_at, version, deleted_at)
SELECT $1, id, $2, 'hidden', $3, $4, $4, $4, 1, $5 FROM users WHERE email = 'admin@example.com'`,
    [id, title, isDeleted ? 'published' : state, new Date(MOMENT), isDeleted ? new Date(MOMENT) : null],
  )
}

function tokenOf(who: Who): string | undefined {
  return who === 'nobody' ? undefined : blog.tokens[who]
}

/** Every comparison of a list with what an attacker could guess of the record. */
function filtersOf(resource: ResourceModel, values: Readonly<Record<string, Json>>): readonly Operation[] {
  return resource.list.filterable.flatMap((field) =>
    field.kind.operators
      .filter((operator) => operator !== 'null' || field.rules.isNullable)
      .map((operator): Operation => {
        const guess = values[field.column] ?? null
        const value = operator === 'null' ? false : operator === 'in' ? [guess] : guess
        return { kind: 'list', resource, limit: 100, filter: [{ column: field.column, operator, value }] }
      }),
  )
}

function operationsOn({ id, title, state }: Hidden): readonly Operation[] {
  const resource = POST
  const typeId = encodeTypeId('post', id)
  const status = state === 'deleted' ? 'published' : state
  const list = (more: Partial<Operation & { readonly kind: 'list' }>): Operation => ({
    kind: 'list',
    resource,
    limit: 100,
    ...more,
  })
  return [
    list({}),
    list({ limit: 1 }),
    list({ includesDeleted: true }),
    ...filtersOf(resource, { author_id: ACCOUNTS.admin, status, created_at: MOMENT, published_at: MOMENT }),
    ...resource.list.sortable.flatMap(({ column }) => [list({ sort: [column] }), list({ sort: [`-${column}`], limit: 1 })]),
    ...title.split(' ').map((search) => list({ search })),
    { kind: 'get', resource, id: typeId },
    { kind: 'get', resource, id: typeId, includesDeleted: true },
    ...[undefined, 1, 2].flatMap((version): readonly Operation[] => [
      { kind: 'update', resource, id: typeId, version, values: { title: 'Mine' } },
      { kind: 'replace', resource, id: typeId, version, values: newPost() as Readonly<Record<string, Json>> },
      { kind: 'delete', resource, id: typeId, version },
      { kind: 'restore', resource, id: typeId, version },
      { kind: 'act', resource, action: 'publish', id: typeId, version, values: {} },
    ]),
  ]
}

async function feel(
  open: OpenSurface,
  operations: readonly Operation[],
  by: readonly Who[],
): Promise<ReadonlyMap<string, string>> {
  const surface = open(blog.service)
  const answers = new Map<string, string>()
  try {
    for (const who of by) {
      for (const operation of operations) {
        const outcome = await surface.run(operation, tokenOf(who))
        const { resource, ...asked } = operation
        if (outcome !== undefined) answers.set(`${who} ${resource.name} ${JSON.stringify(asked)}`, JSON.stringify(outcome))
      }
    }
  } finally {
    await surface.close()
  }
  return answers
}

/** The questions whose answers tell that something is there. */
function tellTales(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  return [...before].filter(([question, answer]) => after.get(question) !== answer).map(([question]) => question)
}

describe.each(SURFACES)("SEC-01 another's record, over %s", (name, open) => {
  test.each(STATES)('cannot be felt by whoever may not read it: %s', async (state) => {
    const hidden = hiddenPost(state)
    const operations = operationsOn(hidden)

    const before = await feel(open, operations, WHO)
    await insert(hidden)
    const after = await feel(open, operations, WHO)

    report('A1 oracles', { surface: name, state, requests: before.size, 'that tell': tellTales(before, after).length })
    expect(before.size).toBeGreaterThan(100)
    expect(tellTales(before, after)).toEqual([])
    expect(await blog.sql('SELECT title, version FROM posts WHERE id = $1', [hidden.id])).toEqual([
      { title: hidden.title, version: 1 },
    ])
  })

  test('is felt by whoever may read it, by the same questions', async () => {
    const hidden = hiddenPost('draft')
    const operations = operationsOn(hidden).filter(({ kind }) => kind === 'get' || kind === 'list')

    const before = await feel(open, operations, ['admin'])
    await insert(hidden)
    const after = await feel(open, operations, ['admin'])

    expect(tellTales(before, after).length).toBeGreaterThan(15)
  })
})

/** What only a graph can be asked. */
describe('SEC-01 a graph', () => {
  const ask = async (who: Who, query: string): Promise<string> =>
    (await blog.service.request('/graphql', { method: 'POST', token: tokenOf(who), body: { query } })).text.replaceAll(
      /"requestId":"[^"]*"/g,
      '',
    )

  function documentsOn({ id, title }: Hidden): readonly string[] {
    const typeId = encodeTypeId('post', id)
    const post = '{ id title author { id email posts(first: 50) { totalCount nodes { id title } } } }'
    return [
      `{ node(id: "${typeId}") { id ... on Post ${post} } }`,
      `{ nodes(ids: ["${typeId}", "${blog.postId}", "${ACCOUNTS.admin}"]) { id ... on Post { title } ... on User { email posts { totalCount } } } }`,
      '{ posts(first: 50) { totalCount edges { cursor } pageInfo { hasNextPage endCursor startCursor } } }',
      '{ posts(last: 50) { totalCount nodes { id } pageInfo { hasPreviousPage startCursor } } }',
      `{ posts(search: "${title}") { totalCount nodes { id } } }`,
      `{ a: posts(filter: { authorId: { eq: "${ACCOUNTS.admin}" } }) { totalCount } b: posts(includeDeleted: true) { totalCount } }`,
      `{ user(id: "${ACCOUNTS.admin}") { posts(first: 50) { totalCount nodes { id } } } }`,
      `{ user(id: "${ACCOUNTS.editor}") { posts(first: 50) { totalCount nodes { id author { posts { totalCount } } } } } }`,
      `{ users(first: 50) { totalCount nodes { id posts(first: 50) { totalCount nodes { id title } } } } }`,
      `{ posts(first: 20) ${post.replace('{ id', '{ nodes { id')} } }`,
    ]
  }

  async function feelAll(hidden: Hidden): Promise<ReadonlyMap<string, string>> {
    const answers = new Map<string, string>()
    for (const who of WHO) for (const document of documentsOn(hidden)) answers.set(`${who} ${document}`, await ask(who, document))
    return answers
  }

  test.each(STATES)('leads nobody to a record that they may not read: %s', async (state) => {
    const hidden = hiddenPost(state)

    const before = await feelAll(hidden)
    await insert(hidden)
    const after = await feelAll(hidden)

    expect(before.size).toBe(WHO.length * documentsOn(hidden).length)
    expect([...before.values()].filter((text) => text.includes('VALIDATION_DOCUMENT'))).toEqual([])
    expect(tellTales(before, after)).toEqual([])
  })

  test('leads whoever may read the record to it', async () => {
    const hidden = hiddenPost('draft')
    const documents = documentsOn(hidden)
    const before = await Promise.all(documents.map((document) => ask('admin', document)))

    await insert(hidden)

    const after = await Promise.all(documents.map((document) => ask('admin', document)))
    expect(after.filter((text, at) => text !== before[at]).length).toBeGreaterThan(5)
  })

  test('goes on behind the cursors of somebody else with what the caller may see', async () => {
    const hidden = [hiddenPost('draft'), hiddenPost('archived')]
    for (const one of hidden) await insert(one)
    const texts: string[] = []
    let cursors = 0
    for (let after = 'null'; cursors < 30; cursors++) {
      const list = `posts(first: 1, after: ${after}, orderBy: [TITLE_ASC]) { nodes { id } pageInfo { hasNextPage endCursor } }`
      const page = JSON.parse(await ask('admin', `{ ${list} }`)).data.posts
      for (const who of WHO) texts.push(await ask(who, `{ ${list} }`))
      if (!page.pageInfo.hasNextPage) break
      after = JSON.stringify(page.pageInfo.endCursor)
    }

    expect(cursors).toBeGreaterThan(5)
    expect(texts.filter((text) => text.includes('"nodes":[{'))).not.toEqual([])
    const hiddenIds = hidden.map(({ id }) => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64'))
    expect(texts.filter((text) => hiddenIds.some((id) => text.includes(id)))).toEqual([])
  })
})
