/** SEC-01, ACC-02, GQL-07: every operation of the running service × everybody who can ask, as `examples/blog/access.md` says it for people. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/domain.ts'
import { describeIdentityRoutes } from '../../src/auth/index.ts'
import { deriveSchema } from '../../src/graphql/index.ts'
import { describeGrpc, EMPTY_LOCK, type GrpcMethod, readLock } from '../../src/grpc/index.ts'
import { restRoutes } from '../../src/rest/index.ts'
import { openConnect } from '../agreement/connect.ts'
import { openGraphql } from '../agreement/graphql.ts'
import { openGrpc } from '../agreement/grpc.ts'
import { MountedPaths } from './access/mounted.ts'
import { gatherPeople, type People } from './access/people.ts'
import { restSurface } from './access/rest-surface.ts'
import { holdTo } from './access/surface.ts'
import { nameOf, PRINCIPALS, type Principal, type Row, readTable, TABLE_FILE } from './access/table.ts'
import { grpcWatchSurface, isSubscription, watchSurface } from './access/watch-surface.ts'
import { wireSurface } from './access/wire-surface.ts'

const WHOLE = readTable()
const SUBSCRIPTIONS = WHOLE.filter(isSubscription)
const TABLE = WHOLE.filter((row) => !isSubscription(row))
/** Whom the schema refuses before anybody asks who they are, where a document names a field that no answer has. */
const REFUSED_BY_SCHEMA: readonly Principal[] = ['nobody', 'service', "editor's app"]
const TABLE_OF_GRAPHQL = TABLE.map((row): Row => {
  if (nameOf(row) !== 'users.get: its password') return row
  return { ...row, cells: new Map([...row.cells].map(([who, cell]) => [who, REFUSED_BY_SCHEMA.includes(who) ? '400' : cell])) }
})
/** Of the rows about resources those that no path alone makes: all but single records under a parent. */
const WIRE_ROWS = TABLE.filter(
  ({ operation }) => /^(?:users|posts)\.[a-z]+$/.test(operation) || operation === 'users.posts.list',
).length
/** What no message can hold: a field that nobody sets, a filter for one that nobody sees. */
const UNSAYABLE_IN_GRPC: readonly string[] = [
  'posts.create: its time of publication',
  'posts.update: its time of publication',
  'users.list: its password',
]
const openBlogGrpc = openGrpc(
  blog,
  ({ service }) => service.grpcAddress ?? '',
  readLock(readFileSync(join(import.meta.dirname, '../../examples/blog/proto.lock.json'), 'utf8')),
)
const isMethod = (line: string): boolean => /^POST \/\w+\.v1\./.test(line)
const pathOf = ({ descMethod }: GrpcMethod): string => `/${descMethod.parent.typeName}/${descMethod.name}`
let people: People
let mounted: readonly string[]

beforeAll(async () => {
  using paths = new MountedPaths()
  people = await gatherPeople()
  mounted = await paths.lines(people.service)
})
afterAll(() => people?.[Symbol.asyncDispose]())

describe('SEC-01 the table of access', () => {
  test('has a row for every operation that the running service answers, and no other', () => {
    expect(mounted.length).toBeGreaterThan(80)
    expect([...new Set(TABLE.map(({ line }) => line))].sort()).toEqual(mounted.filter((line) => !isMethod(line)))
  })

  test('needs none for the methods of gRPC on the port of HTTP, which are those of its own port', () => {
    const { methods } = describeGrpc(blog, EMPTY_LOCK)
    const services = new Set(methods.map(({ descMethod }) => descMethod.parent.typeName))
    const paths = [...methods.map(pathOf), ...[...services].map((service) => `/${service}/*`)]

    expect(mounted.filter(isMethod)).toEqual(paths.map((path) => `POST ${path}`).sort())
  })

  test('has a row for every change that can be subscribed to, and no other', () => {
    const fields = Object.keys(deriveSchema(blog).getSubscriptionType()?.getFields() ?? {})

    expect(fields.length).toBeGreaterThan(5)
    expect([...new Set(SUBSCRIPTIONS.map(({ line }) => line))].sort()).toEqual(
      fields.map((field) => `subscription ${field}`).sort(),
    )
  })

  test('calls operations by the names of log and metrics, and asks each question once', () => {
    const { accounts } = blog
    const declared = [
      ...restRoutes(blog).map(({ method, path, operation }) => [`${method} ${path}`, operation] as const),
      ...(accounts === undefined ? [] : describeIdentityRoutes(accounts)).map(
        ({ method, path, operation }) => [`${method} ${path}`, `auth.${operation}`] as const,
      ),
    ]
    const named = new Map(TABLE.map(({ line, operation }) => [line, operation]))

    expect(declared.length).toBeGreaterThan(40)
    expect(declared.filter(([line, operation]) => named.get(line) !== operation)).toEqual([])
    expect(new Set(WHOLE.map(nameOf)).size).toBe(WHOLE.length)
  })
})

describe('ACC-02 every cell of the table', () => {
  test('is what the caller gets over the wire', async () => {
    const began = performance.now()
    const { cells, differences } = await holdTo(TABLE, restSurface(blog, people), people.records)

    console.info(
      `A1 access matrix: ${mounted.length} operations, ${TABLE.length} rows, ${cells} cells, ${differences.length} wrong, ${Math.round(performance.now() - began)} ms`,
    )
    expect(differences).toEqual([])
    expect(cells).toBe(TABLE.length * PRINCIPALS.length)
  }, 60_000)

  test.each([
    ['GraphQL', openGraphql, TABLE_OF_GRAPHQL, WIRE_ROWS],
    ['gRPC', openBlogGrpc, TABLE, WIRE_ROWS - TABLE.filter((row) => UNSAYABLE_IN_GRPC.includes(nameOf(row))).length],
    ['Connect', openConnect(blog), TABLE, WIRE_ROWS - TABLE.filter((row) => UNSAYABLE_IN_GRPC.includes(nameOf(row))).length],
  ] as const)('about resources is the same over %s', async (_, open, table, rows) => {
    await using surface = wireSurface(blog, people, open)

    const { cells, differences } = await holdTo(table, surface, people.records)

    expect(differences).toEqual([])
    expect(cells).toBe(rows * PRINCIPALS.length)
  })

  test.each([
    ['a subscription', watchSurface],
    ['a call that watches', grpcWatchSurface],
  ] as const)('is what %s is told', { timeout: 60_000 }, async (_, surface) => {
    const { cells, differences } = await holdTo(SUBSCRIPTIONS, surface(people), people.records)

    expect(differences).toEqual([])
    expect(cells).toBe(SUBSCRIPTIONS.length * PRINCIPALS.length)
  })

  test('is the same for HEAD, which shows no body', async () => {
    const reads = TABLE.filter(({ line }) => line.startsWith('GET '))
    const shown = reads.map((row) => ({
      ...row,
      cells: new Map([...row.cells].map(([who, cell]) => [who, cell === 'hidden' ? 'yes' : cell])),
    }))

    const { cells, differences } = await holdTo(shown, restSurface(blog, people, true), people.records)

    expect(differences).toEqual([])
    expect(cells).toBe(reads.length * PRINCIPALS.length)
  })
})

describe('the check of the table', () => {
  test('finds each cell that is wrong', async () => {
    const [row] = TABLE.filter(({ operation, what }) => operation === 'posts.get' && what === 'a draft')
    if (row === undefined) throw new Error('Cannot find the row to falsify')
    const wrong = { ...row, cells: new Map([...row.cells].map(([who, cell]) => [who, cell === '404' ? 'yes' : '404'] as const)) }

    const { differences } = await holdTo([wrong], restSurface(blog, people), people.records)

    expect(differences).toHaveLength(PRINCIPALS.length)
    expect(differences[0]).toEqual({ cell: 'posts.get: a draft, nobody', expected: 'yes', got: '404' })
  })

  test('refuses what is no cell, and columns that are others', () => {
    const text = readFileSync(TABLE_FILE, 'utf8')

    expect(() => readTable(text.replace('| hidden ', '| perhaps '))).toThrow(
      /"perhaps" for nobody is no outcome, expected one of yes/,
    )
    expect(() => readTable(text.replace('| viewer ', '| reader '))).toThrow(/its columns are nobody \| reader/)
    expect(() => readTable(text.replace('| hidden ', ''))).toThrow(/it has 11 cells, expected 12/)
  })
})
