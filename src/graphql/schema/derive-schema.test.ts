// Proves GQL-01.
import { GraphQLObjectType, type GraphQLSchema, validateSchema } from 'graphql'
import { expect, test } from 'vitest'
import blog from '../../../examples/blog/domain.ts'
import { orders } from '../../../test/domains/orders/domain.ts'
import { choice, domain, permit, type Resource, resource, text } from '../../model/index.ts'
import { meaningOf } from '../meaning.ts'
import { deriveSchema } from './derive-schema.ts'
import { renderSdl } from './render-sdl.ts'

const blogSdl = renderSdl(deriveSchema(blog))
const ordersSdl = renderSdl(deriveSchema(orders))

/** The declaration of one type, without descriptions and indentation. */
function typeIn(sdl: string, name: string): readonly string[] {
  const text = new RegExp(`^\\w+ ${name}\\b[\\s\\S]*?^}`, 'm').exec(sdl)?.[0] ?? ''
  const bare = text
    .replace(/"""[\s\S]*?"""\n?/g, '')
    .replace(/\(([^)]*)\)/g, (_, inner: string) => `(${inner.trim().replace(/\s+/g, ' ')})`)
  return bare
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

const made = (...resources: readonly Resource[]) => domain({ name: 'shop', resources })
const thing = (name: string, more: object = {}) =>
  resource(name, { fields: { label: text({ max: 9 }) }, policies: () => [permit('read')], ...more })

test.each([
  ['blog', deriveSchema(blog)],
  ['orders', deriveSchema(orders)],
])('the schema of %s is valid', (_, schema: GraphQLSchema) => {
  expect(validateSchema(schema)).toEqual([])
})

test('a record type has its fields in camelCase, its references and its lists', () => {
  expect(typeIn(blogSdl, 'Post')).toEqual([
    'type Post implements Node {',
    'author: User',
    'authorId: ID!',
    'body: String!',
    'createdAt: DateTime!',
    'deletedAt: DateTime',
    'id: ID!',
    'publishedAt: DateTime',
    'status: PostStatus!',
    'title: String!',
    'updatedAt: DateTime!',
    'version: Int!',
    '}',
  ])
  expect(typeIn(blogSdl, 'User')).toContain(
    'posts(after: String before: String filter: PostFilter first: Int = 10 includeDeleted: Boolean = false last: Int orderBy: [PostOrder!] search: String): PostConnection!',
  )
})

test('a list is a connection', () => {
  expect(typeIn(blogSdl, 'PostConnection')).toEqual([
    'type PostConnection {',
    'edges: [PostEdge!]!',
    'nodes: [Post!]!',
    'pageInfo: PageInfo!',
    'totalCount: Int!',
    '}',
  ])
  expect(typeIn(blogSdl, 'PostEdge')).toEqual(['type PostEdge {', 'cursor: String!', 'node: Post!', '}'])
})

test('a mutation takes one input and returns a payload with errors', () => {
  expect(typeIn(blogSdl, 'Mutation')).toContain('createUser(input: CreateUserInput!): CreateUserPayload')
  expect(typeIn(blogSdl, 'CreateUserPayload')).toEqual(['type CreateUserPayload {', 'errors: [UserError!]!', 'user: User', '}'])
  expect(typeIn(blogSdl, 'CreateUserInput')).toEqual([
    'input CreateUserInput {',
    'displayName: String!',
    'email: String!',
    'password: String',
    'role: UserRole',
    '}',
  ])
})

test('an update requires the id alone, and has no immutable field', () => {
  expect(typeIn(blogSdl, 'UpdateUserInput')).toEqual([
    'input UpdateUserInput {',
    'displayName: String',
    'email: String',
    'id: ID!',
    'role: UserRole',
    'version: Int',
    '}',
  ])
})

test('a secret is in no type that comes out', () => {
  expect(typeIn(blogSdl, 'User').filter((line) => line.startsWith('password'))).toEqual([])
  expect(typeIn(ordersSdl, 'Customer').filter((line) => line.startsWith('passphrase'))).toEqual([])
})

test('a field for some roles is nullable, since it is null for the others', () => {
  expect(typeIn(ordersSdl, 'Customer')).toContain('creditLimit: Decimal')
})

test('scalars, enums and lists follow the kinds', () => {
  const product = typeIn(ordersSdl, 'Product')

  expect(product).toContain('attributes: JSON!')
  expect(product).toContain('launchedOn: Date')
  expect(product).toContain('sizes: [Decimal!]!')
  expect(product).toContain('stock: SafeInteger!')
  expect(typeIn(blogSdl, 'PostStatus')).toEqual(['enum PostStatus {', 'ARCHIVED', 'DRAFT', 'PUBLISHED', '}'])
})

test('filters have what the list allows, compared as the kind can be', () => {
  expect(typeIn(blogSdl, 'PostFilter')).toEqual([
    'input PostFilter {',
    'authorId: IDFilter',
    'createdAt: DateTimeFilter',
    'publishedAt: NullableDateTimeFilter',
    'status: PostStatusFilter',
    '}',
  ])
  expect(typeIn(blogSdl, 'PostStatusFilter')).toEqual([
    'input PostStatusFilter {',
    'eq: PostStatus',
    'in: [PostStatus!]',
    'ne: PostStatus',
    '}',
  ])
  expect(typeIn(blogSdl, 'NullableDateTimeFilter')).toContain('isNull: Boolean')
  expect(typeIn(blogSdl, 'PostOrder')).toEqual([
    'enum PostOrder {',
    'CREATED_AT_ASC',
    'CREATED_AT_DESC',
    'TITLE_ASC',
    'TITLE_DESC',
    '}',
  ])
})

test('an operation that no rule permits is not there', () => {
  expect(
    typeIn(ordersSdl, 'Mutation').filter((line) => line.startsWith('restoreShelf') || line.startsWith('updateShelf')),
  ).toEqual([])
  expect(typeIn(ordersSdl, 'Query').join('\n')).not.toMatch(/shelves\([^)]*includeDeleted/)
})

test('a page begins with ten records, or as many as the list gives at once', () => {
  const few = renderSdl(deriveSchema(made(thing('coin', { list: { limitMax: 4 } }))))

  expect(few).toContain('first: Int = 4')
})

test('deprecations of fields and operations are told with their reason', () => {
  const coin = resource('coin', {
    fields: { label: text({ max: 9 }).optional().deprecated({ since: '2026-01-31', sunset: '2026-12-31', reason: 'Use name.' }) },
    policies: () => [permit('read', 'create')],
  })

  const sdl = renderSdl(
    deriveSchema(made(coin), { operations: { createCoin: { since: '2026-02-01' }, listCoins: { since: '2026-03-01' } } }),
  )

  expect(typeIn(sdl, 'Coin')).toContain(
    'label: String @deprecated(reason: "Since 2026-01-31, may be gone from 2026-12-31. Use name.")',
  )
  expect(sdl).toContain('createCoin(input: CreateCoinInput!): CreateCoinPayload @deprecated(reason: "Since 2026-02-01.")')
  expect(sdl).toContain('): CoinConnection @deprecated(reason: "Since 2026-03-01.")')
})

test('the printed schema does not depend on the order of the declaration', () => {
  const reversed = domain({ name: 'shop', resources: [thing('lamp'), thing('coin')] })

  expect(renderSdl(deriveSchema(reversed))).toBe(renderSdl(deriveSchema(made(thing('coin'), thing('lamp')))))
})

test('every field of a root and of a record says what it means', () => {
  const schema = deriveSchema(orders)
  const silent = Object.values(schema.getTypeMap())
    .filter((type) => type instanceof GraphQLObjectType && !type.name.startsWith('__') && type.name !== 'UserError')
    .flatMap((type) => Object.values((type as GraphQLObjectType).getFields()))
    .filter((field) => meaningOf(field) === undefined)

  expect(silent).toEqual([])
})

test.each([
  ['a type that every schema has', [thing('node')], 'resource "node": its GraphQL type "Node" is taken by every schema'],
  ['a scalar', [thing('dateTime')], 'resource "dateTime": its GraphQL type "DateTime" is taken by every schema'],
  [
    'the connection of another resource',
    [thing('coinConnection'), thing('coin')],
    'its GraphQL type "CoinConnection" is taken by resource "coinConnection"',
  ],
  [
    'a plural like its singular',
    [thing('sheep', { plural: 'sheep' })],
    'resource "sheep", its plural: its GraphQL field "Query.sheep" is taken by resource "sheep"',
  ],
  [
    'the enum of a field of another resource',
    [resource('coin', { fields: { side: choice(['head', 'tail']) }, policies: () => [permit('read')] }), thing('coinSide')],
    'its GraphQL type "CoinSide" is taken by',
  ],
] as const)('a name that is taken is refused at start: %s', (_, resources, sentence) => {
  expect(() => deriveSchema(made(...resources))).toThrow(sentence)
})
