import { type FragmentDefinitionNode, getVariableValues, Kind, parse, validate } from 'graphql'
import { describe, expect, test } from 'vitest'
import blog from '../../examples/blog/domain.ts'
import type { PageTree, RecordKey } from '../engine/index.ts'
import type { Uuid } from '../kernel/index.ts'
import type { ResourceModel } from '../model/index.ts'
import { renderGlobalId } from './global-id.ts'
import { QueryPlanner } from './plan-query.ts'
import { deriveSchema } from './schema/derive-schema.ts'

const schema = deriveSchema(blog)
const planner = new QueryPlanner(schema, blog)
const ID = '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid
const USER_ID = renderGlobalId('usr', ID)

function plan(text: string, values: Readonly<Record<string, unknown>> = {}) {
  const document = parse(text)
  const [problem] = validate(schema, document)
  if (problem !== undefined) throw problem
  const operation = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION)
  if (operation === undefined) throw new TypeError('there is no operation')
  const fragments = document.definitions.filter((one): one is FragmentDefinitionNode => one.kind === Kind.FRAGMENT_DEFINITION)
  const planWith = (given: Readonly<Record<string, unknown>>) => {
    const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], given)
    if (coerced === undefined) throw errors[0]
    const scope = { schema, fragments: new Map(fragments.map((one) => [one.name.value, one])), variables: coerced }
    return planner.plan(scope, operation)
  }
  return { ...planWith(values), again: () => planWith(values), planWith }
}

/** Whatever part of a tree, as far as the outline shows it. */
interface Shown {
  readonly kind: string
  readonly as: string
  readonly isAlias?: boolean
  readonly value?: unknown
  readonly resource?: ResourceModel
  readonly page?: PageTree
  readonly keys?: readonly (RecordKey | null)[]
  readonly select?: readonly Shown[] | ReadonlyMap<ResourceModel, readonly Shown[]>
}

/** The tree in few words: `users(10)[nodes{id}]`. A colon stands behind what the caller named. */
function outline(parts: readonly Shown[]): string {
  return parts.map(outlineOne).join(' ')
}

function outlineOne({ kind, as, isAlias, value, resource, page, keys = [], select }: Shown): string {
  const name = isAlias === true ? `${as}:` : as
  if (kind === 'constant') return `${name}=${JSON.stringify(value)}`
  if (page !== undefined) return `${name}(${outlinePage(page)})[${outline(page.select)}]`
  if (select instanceof Map) {
    const selected = [...select].map(([of, inner]: [ResourceModel, readonly Shown[]]) => `${of.name}{${outline(inner)}}`)
    return `${name}(${keys.map((key) => key?.resource.name).join(' ')})${selected.join('')}`
  }
  const of = kind === 'record' && resource !== undefined ? `(${resource.name})` : ''
  return Array.isArray(select) ? `${name}${of}{${outline(select)}}` : name
}

function outlinePage({ limit, isFromEnd, cursor, filters, sort, search, includesDeleted }: PageTree): string {
  return [
    `${isFromEnd === true ? '-' : ''}${limit}`,
    ...(cursor === undefined ? [] : [`${cursor.side} ${cursor.text}`]),
    ...filters.map(({ field, operator, value }) => `${field.name} ${operator} ${JSON.stringify(value)}`),
    ...(sort === undefined
      ? []
      : [`by ${sort.map(({ field, isDescending }) => `${isDescending ? '-' : ''}${field.name}`).join(' ')}`]),
    ...(search === undefined ? [] : [`like ${search}`]),
    ...(includesDeleted === true ? ['deleted too'] : []),
  ].join(', ')
}

const outlineOf = (text: string, values?: Readonly<Record<string, unknown>>): string => outline(plan(text, values).tree.roots)

/** The findings of the roots that failed. */
function findingsOf(text: string, values?: Readonly<Record<string, unknown>>) {
  return plan(text, values).failures.flatMap(({ path, error }) =>
    error.details.map(({ field, code }) => `${path.join('.')}: ${field} ${code}`),
  )
}

describe('the plan of a query', () => {
  test('is one tree of all that the document asks', () => {
    const text = `{
      users(first: 20) { nodes { id displayName posts { edges { cursor node { title author { email } } } totalCount pageInfo { hasNextPage endCursor } } } }
      user(id: "${USER_ID}") { email }
    }`

    expect(outlineOf(text)).toBe(
      'users(20)[nodes{id displayName posts(10)[edges{cursor node{title author{email}}} totalCount pageInfo{hasNextPage endCursor}]}] user(user){email}',
    )
  })

  test('names the keys as the document does, and marks those that the caller made up', () => {
    expect(outlineOf('{ people: users { list: nodes { name: displayName __typename type: __typename } } }')).toBe(
      'people:(10)[list:{name: __typename="User" type:="User"}]',
    )
  })

  test('merges what fragments and repeated fields ask, each key once, in the order of its first mention', () => {
    const text = `query {
      users { nodes { id ...A } ... on UserConnection { nodes { role } } }
      users { nodes { displayName } totalCount }
    }
    fragment A on User { email ...B ... on Node { id } }
    fragment B on User { email posts { totalCount } }`

    expect(outlineOf(text)).toBe('users(10)[nodes{id email posts(10)[totalCount] role displayName} totalCount]')
  })

  test('leaves out what is skipped, and what a fragment says of another type', () => {
    const text = `query Q($yes: Boolean!, $no: Boolean = false) {
      node(id: "${USER_ID}") {
        id @skip(if: $yes)
        ... on User @include(if: $yes) { email displayName @include(if: $no) }
        ... on Post { title }
      }
    }`

    expect(outlineOf(text, { yes: true })).toBe('node(user){email}')
  })

  test('finds the type of each node by its id', () => {
    const text = 'query Q($ids: [ID!]!) { nodes(ids: $ids) { id ... on Post { title } ... on User { email } } }'
    const ids = [USER_ID, renderGlobalId('post', ID), 'usr_01h455vb4pex5vsknk084sn02q']

    expect(outlineOf(text, { ids })).toBe('nodes(user post user)user{id email}post{id title}')
  })

  test('reads filters, order, search and cursors in the words of the model', () => {
    const text = `{ posts(
      last: 5, before: "abc", search: "engine", includeDeleted: true, orderBy: [TITLE_ASC, CREATED_AT_DESC],
      filter: { status: { in: [DRAFT, PUBLISHED] }, createdAt: { gte: "2026-01-01T00:00:00+01:00" }, authorId: { eq: "${USER_ID}" }, publishedAt: { isNull: false } }
    ) { totalCount } }`

    expect(outlineOf(text)).toBe(
      `posts(-5, before abc, author eq "${ID}", status in ["draft","published"], createdAt gte "2025-12-31T23:00:00.000Z", publishedAt null false, by title -createdAt, like engine, deleted too)[totalCount]`,
    )
  })

  test('takes values from variables, and defaults where they were left out', () => {
    const text = 'query Q($first: Int, $last: Int) { posts(first: $first, last: $last) { totalCount } }'

    expect(outlineOf(text, { first: 3 })).toBe('posts(3)[totalCount]')
    expect(outlineOf(text, { last: 3 })).toBe('posts(-3)[totalCount]')
    expect(outlineOf(text, { first: null })).toBe('posts(10)[totalCount]')
    expect(outlineOf(text)).toBe('posts(10)[totalCount]')
  })

  test('is made once where there are no variables', () => {
    const constant = plan('{ posts { totalCount } }')
    const changing = plan('query Q($first: Int) { posts(first: $first) { totalCount } }', { first: 2 })

    expect(constant.again().tree).toBe(constant.tree)
    expect(changing.again().tree).not.toBe(changing.tree)
  })

  test('keeps nothing that a variable reaches, wherever it stands', () => {
    const document = `query Q($n: Int, $yes: Boolean = true, $role: UserRole!) {
      users { nodes { id posts(first: $n) { totalCount } email @include(if: $yes) ...A } totalCount }
      others: users(filter: { role: { in: [$role] } }) { nodes { id } }
    }
    fragment A on User { role @skip(if: $yes) }`
    const { planWith } = plan(document, { role: 'ADMIN' })

    expect(outline(planWith({ n: 1, role: 'ADMIN' }).tree.roots)).toBe(
      'users(10)[nodes{id posts(1)[totalCount] email} totalCount] others:(10, role in ["admin"])[nodes{id}]',
    )
    expect(outline(planWith({ n: 2, yes: false, role: 'VIEWER' }).tree.roots)).toBe(
      'users(10)[nodes{id posts(2)[totalCount] role} totalCount] others:(10, role in ["viewer"])[nodes{id}]',
    )
  })

  test('tells apart what one field means in two types', () => {
    const text = `{ nodes(ids: ["${USER_ID}", "${renderGlobalId('post', ID)}"]) { ... on Node { id __typename } } }`
    const [root] = plan(text).tree.roots
    const select = root?.kind === 'records' ? [...root.select.values()] : []

    expect(select.map((parts) => parts.map((part) => (part.kind === 'field' ? part.field.kind.idPrefix : '')))).toEqual([
      ['usr', ''],
      ['post', ''],
    ])
  })

  test('leaves questions about the schema to others', () => {
    expect(outlineOf('{ __schema { types { name } } __typename posts { totalCount } }')).toBe(
      '__schema=null __typename="Query" posts(10)[totalCount]',
    )
  })
})

describe('arguments that do not fit', () => {
  test('fail their root alone, with all that is wrong, by the keys that lead there', () => {
    const text = `{
      bad: users { nodes { posts(first: 0, after: "a", before: "b", search: "x", orderBy: [TITLE_ASC, TITLE_DESC]) { totalCount } } }
      posts { totalCount }
    }`

    expect(outlineOf(text)).toBe('bad:=null posts(10)[totalCount]')
    expect(findingsOf(text)).toEqual([
      'bad: bad.nodes.posts.first out_of_range',
      'bad: bad.nodes.posts.before conflict',
      'bad: bad.nodes.posts.orderBy duplicate',
      'bad: bad.nodes.posts.search too_short',
    ])
  })

  test.each([
    ['posts(first: 101)', 'posts.first out_of_range'],
    ['posts(first: -1)', 'posts.first out_of_range'],
    ['posts(last: 101)', 'posts.last out_of_range'],
    ['posts(first: 1, last: 1)', 'posts.last conflict'],
    ['posts(filter: { createdAt: { gt: "yesterday" } })', 'posts.filter.createdAt.gt timestamp'],
    ['posts(filter: { status: { eq: null } })', 'posts.filter.status.eq null'],
    ['posts(filter: { authorId: { eq: "me" } })', 'posts.filter.authorId.eq id'],
    [`posts(filter: { authorId: { eq: "${renderGlobalId('post', ID)}" } })`, 'posts.filter.authorId.eq id'],
    [`posts(filter: { authorId: { in: ["${Array(101).fill(USER_ID).join('", "')}"] } })`, 'posts.filter.authorId.in too_many'],
    ['posts(search: "")', 'posts.search required'],
    [`posts(search: "${'x'.repeat(201)}")`, 'posts.search too_long'],
  ])('%#: %s', (root, finding) => {
    expect(findingsOf(`{ ${root} { totalCount } }`)).toEqual([`posts: ${finding}`])
  })

  test.each([
    ['user(id: "nobody")', 'user: id id'],
    [`user(id: "${renderGlobalId('post', ID)}")`, 'user: id id'],
    ['node(id: "tag_01h455vb4pex5vsknk084sn02q")', 'node: id id'],
    [`nodes(ids: ["${USER_ID}", "x", "y"])`, 'nodes: ids.1 id|nodes: ids.2 id'],
    [`nodes(ids: ["${Array(101).fill(USER_ID).join('", "')}"])`, 'nodes: ids too_many'],
  ])('%#: an id', (root, findings) => {
    expect(findingsOf(`{ ${root} { id } }`)).toEqual(findings.split('|'))
  })
})
