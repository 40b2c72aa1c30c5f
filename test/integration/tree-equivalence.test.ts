/** A tree is what its parts are: any tree, read in one statement, gives what single reads give. */
// Proves GQL-04.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import type {
  EdgePart,
  FilterPlan,
  PageInfoPart,
  PagePart,
  PageTree,
  RecordPart,
  RecordSelection,
  TreeRoot,
} from '../../src/engine/index.ts'
import type { Uuid } from '../../src/kernel/index.ts'
import type { ResourceModel } from '../../src/model/index.ts'
import { writeTree } from '../../src/pg/statements/tree.ts'
import { treeShape } from '../../src/pg/statements/tree-shape.ts'
import { actorOf, contextOf, fieldOf, newId, nobody, openStorage, type Storage, sortOf } from './storage-kit.ts'
import { OneByOne, pageOf, readTree, spelling } from './tree-kit.ts'

const USERS = 6
const POSTS = 36
const RUNS = 400
const EDITOR = newId()

let storage: Storage
let user: ResourceModel
let post: ResourceModel
let ids: Readonly<Record<string, readonly Uuid[]>>

beforeAll(async () => {
  storage = await openStorage(blog)
  user = storage.resource('user')
  post = storage.resource('post')
  // A third of the users and a quarter of the posts are deleted; moments and titles meet, so that ids decide.
  await storage.sql.query(
    `INSERT INTO users (id, email, display_name, role, created_at, updated_at, version, deleted_at)
     SELECT CASE WHEN n = 1 THEN $1::uuid ELSE gen_random_uuid() END, 'u' || n || '@example.com', E'U\\u0001ser "' || n, 'viewer',
       timestamptz '2026-01-01' + (n / 2) * interval '1 s', now(), n, CASE WHEN n % 3 = 0 THEN now() END
     FROM generate_series(1, ${USERS}) n`,
    [EDITOR],
  )
  await storage.sql.query(
    `INSERT INTO posts (id, author_id, title, body, status, published_at, created_at, updated_at, version, deleted_at)
     SELECT gen_random_uuid(), (SELECT id FROM users ORDER BY email OFFSET n % ${USERS} LIMIT 1), 'Title ' || n % 5, E'line\\nä \\\\ 😀', (ARRAY['draft', 'published', 'archived'])[1 + n % 3],
       CASE WHEN n % 2 = 0 THEN timestamptz '2026-02-01' + n % 4 * interval '1 ms' END, timestamptz '2026-01-01' + (n / 3) * interval '1 ms', now(), 1, CASE WHEN n % 4 = 0 THEN now() END
     FROM generate_series(1, ${POSTS}) n`,
  )
  const idsOf = async (table: string): Promise<readonly Uuid[]> =>
    (await storage.sql.query<{ id: Uuid }>(`SELECT id FROM ${table} ORDER BY created_at, id`)).map(({ id }) => id)
  ids = { user: [...(await idsOf('users')), newId()], post: [...(await idsOf('posts')), newId()] }
}, 60_000)
afterAll(() => storage.stop())

const actors = {
  admin: () => contextOf(actorOf(blog, 'admin')),
  editor: () => contextOf(actorOf(blog, 'editor', EDITOR)),
  viewer: () => contextOf(actorOf(blog, 'viewer')),
  nobody: () => nobody,
}

type Named = { readonly as: string; readonly isAlias: boolean }

/** Some of the parts, each under a name of its own; half of the names are the caller's. */
function named<Part extends object>(part: fc.Arbitrary<Part>, most: number): fc.Arbitrary<readonly (Part & Named)[]> {
  return fc
    .array(fc.tuple(part, fc.boolean()), { minLength: 1, maxLength: most })
    .map((parts) => parts.map(([one, isAlias], at) => ({ ...one, as: isAlias ? `"\\${at}` : `k${at}`, isAlias })))
}

const constant = fc.constantFrom('User', 'Post').map((value) => ({ kind: 'constant', value }) as const)

function recordSelection(resource: ResourceModel, depth: number): fc.Arbitrary<RecordSelection> {
  const one = fc.constantFrom(...resource.fields).map((of) => ({ kind: 'field', field: of }) as const)
  const [child] = resource.children
  const [reference] = resource.references
  const below: fc.Arbitrary<DistributiveOmit<RecordPart, 'as' | 'isAlias'>>[] = []
  if (depth > 0 && child !== undefined)
    below.push(pageTree(child.resource, depth - 1).map((page) => ({ kind: 'children', child, page }) as const))
  if (depth > 0 && reference !== undefined)
    below.push(
      recordSelection(reference.resource, depth - 1).map((select) => ({ kind: 'reference', reference, select }) as const),
    )
  return named(fc.oneof(one, one, constant, ...below), 4)
}

type DistributiveOmit<Type, Keys extends PropertyKey> = Type extends unknown ? Omit<Type, Keys> : never

function pageSelection(resource: ResourceModel, depth: number): fc.Arbitrary<readonly PagePart[]> {
  const records = recordSelection(resource, depth)
  const edge: fc.Arbitrary<DistributiveOmit<EdgePart, 'as' | 'isAlias'>> = fc.oneof(
    constant,
    fc.constant({ kind: 'cursor' } as const),
    records.map((select) => ({ kind: 'record', select }) as const),
  )
  const told: fc.Arbitrary<DistributiveOmit<PageInfoPart, 'as' | 'isAlias'>> = fc
    .constantFrom('hasNext', 'hasPrevious', 'firstCursor', 'lastCursor')
    .map((kind) => ({ kind }) as const)
  return named<DistributiveOmit<PagePart, 'as' | 'isAlias'>>(
    fc.oneof(
      records.map((select) => ({ kind: 'records', select }) as const),
      named(edge, 2).map((select) => ({ kind: 'edges', select }) as const),
      named(told, 4).map((select) => ({ kind: 'info', select }) as const),
      fc.constant({ kind: 'total' } as const),
      constant,
    ),
    3,
  )
}

function pageTree(resource: ResourceModel, depth: number): fc.Arbitrary<PageTree> {
  const filter: fc.Arbitrary<FilterPlan> =
    resource.name === 'post'
      ? fc.constantFrom<FilterPlan>(
          { field: fieldOf(resource, 'status'), operator: 'in', value: ['draft', 'published'] },
          { field: fieldOf(resource, 'publishedAt'), operator: 'null', value: true },
          { field: fieldOf(resource, 'author'), operator: 'ne', value: EDITOR },
        )
      : fc.constant<FilterPlan>({ field: fieldOf(resource, 'role'), operator: 'eq', value: 'viewer' })
  const keys = resource.name === 'post' ? ['title', '-title', '-createdAt', 'publishedAt', '-publishedAt'] : ['createdAt']
  return fc.record({
    resource: fc.constant(resource),
    filters: fc.array(filter, { maxLength: 2 }),
    search: fc.option(fc.constantFrom('tle 1', 'ser'), { nil: undefined, freq: 8 }),
    sort: fc.option(
      fc
        .uniqueArray(fc.constantFrom(...keys), { minLength: 1, maxLength: 2, selector: (key) => key.replace('-', '') })
        .map((chosen) => sortOf(resource, ...chosen)),
      { nil: undefined },
    ),
    limit: fc.integer({ min: 1, max: 5 }),
    isFromEnd: fc.boolean(),
    includesDeleted: fc.integer({ min: 0, max: 5 }).map((one) => one === 0),
    select: pageSelection(resource, depth),
  })
}

/** A root, and for a page the place of the record that its cursor names. */
interface Drawn {
  readonly root: TreeRoot
  readonly cursor?: { readonly at: number; readonly side: 'after' | 'before' } | undefined
}

function drawnRoot(as: string): fc.Arbitrary<Drawn> {
  const id = (resource: ResourceModel): fc.Arbitrary<Uuid> => fc.constantFrom(...(ids[resource.name] ?? []))
  const resource = fc.constantFrom(user, post)
  const key = resource.chain((of) => id(of).map((one) => ({ resource: of, id: one })))
  const cursor = fc.record({ at: fc.nat(POSTS), side: fc.constantFrom('after', 'before') })
  return fc.oneof(
    resource.chain((of) =>
      fc
        .tuple(id(of), recordSelection(of, 2))
        .map(([one, select]) => ({ root: { kind: 'record', as, resource: of, id: one, select } as const })),
    ),
    fc
      .tuple(fc.array(fc.option(key), { maxLength: 5 }), recordSelection(user, 1), recordSelection(post, 1))
      .map(([keys, ofUsers, ofPosts]) => ({
        root: {
          kind: 'records',
          as,
          keys,
          select: new Map([
            [user, ofUsers],
            [post, ofPosts],
          ]),
        } as const,
      })),
    fc
      .tuple(
        resource.chain((of) => pageTree(of, 2)),
        fc.option(cursor, { nil: undefined }),
      )
      .map(([page, at]) => ({ root: { kind: 'page', as, page } as const, cursor: at })),
  )
}

/** Cursors are sealed: that one is there is told here; that they lead where they should, by the pages that begin at them. */
function withoutCursors(json: string): unknown {
  return JSON.parse(json, (_, value: unknown) =>
    typeof value === 'string' && /^[\w-]{8,}\.[\w-]{16}$/.test(value) ? 'cursor' : value,
  )
}

test('a tree gives what single reads give, for whoever asks', async () => {
  const drawn = fc.tuple(fc.constantFrom(...Object.values(actors)), fc.tuple(drawnRoot('one'), drawnRoot('two')))
  let failed = 0
  let placed = 0
  await fc.assert(
    fc.asyncProperty(drawn, async ([actor, pair]) => {
      const context = actor()
      const places = new Map<string, number>()
      const roots: TreeRoot[] = []
      for (const { root, cursor } of pair) {
        if (root.kind !== 'page' || cursor === undefined) {
          roots.push(root)
          continue
        }
        const all = pageOf(root.page.resource, [{ kind: 'edges', as: 'edges', select: [{ kind: 'cursor', as: 'cursor' }] }])
        const { data } = await readTree(storage.engine, context, {
          kind: 'page',
          as: 'all',
          page: { ...root.page, select: all.select, limit: 100, isFromEnd: false },
        })
        const text: string | undefined = data.all?.edges[cursor.at]?.cursor
        if (text !== undefined) {
          places.set(text, cursor.at)
          placed++
        }
        roots.push(text === undefined ? root : { ...root, page: { ...root.page, cursor: { text, side: cursor.side } } })
      }

      const tree = await storage.engine.readTree(context, { spelling, roots })
      const single = await new OneByOne(storage.engine, context, places).read({ spelling, roots })

      expect(Object.fromEntries(tree.failures.map(({ path, error }) => [path.join('.'), error.code]))).toEqual(single.codes)
      expect(withoutCursors(tree.json)).toEqual(single.data)
      failed += tree.failures.length
    }),
    { numRuns: RUNS },
  )
  // Neither all nor none of what was drawn is refused, and cursors are among it.
  expect(failed).toBeGreaterThan(RUNS / 50)
  expect(failed).toBeLessThan(RUNS)
  // Some twenty of them, by what is drawn; now and then six.
  expect(placed).toBeGreaterThan(0)
}, 120_000)

/** The page, and pages that differ from it in one thing each. */
function variants(page: PageTree, other: PageTree): readonly PageTree[] {
  return [
    page,
    { ...page, filters: other.filters },
    { ...page, search: other.search },
    { ...page, sort: other.sort },
    { ...page, limit: other.limit },
    { ...page, isFromEnd: other.isFromEnd === true },
    { ...page, includesDeleted: other.includesDeleted === true },
    { ...page, select: other.select },
  ]
}

test('the shape of a tree never stands for two statements, and all that is bound stands in the text', async () => {
  const [child] = user.children
  if (child === undefined) throw new TypeError('users have posts')
  const texts = new Map<string, string>()
  let met = 0
  const drawn = fc.tuple(fc.constantFrom(...Object.values(actors)), pageTree(post, 1), pageTree(post, 1), fc.boolean())
  await fc.assert(
    fc.asyncProperty(drawn, async ([actor, page, other, isNested]) => {
      storage.treePlans.length = 0
      const asked = [
        ...variants(page, other).map((one) => ({ one, as: actor })),
        ...Object.values(actors).map((as) => ({ one: page, as })),
      ]
      for (const { one, as } of asked) {
        const nested = pageOf(user, [
          { kind: 'records', as: 'nodes', select: [{ kind: 'children', as: 'posts', child, page: one }] },
        ])
        await storage.engine.readTree(as(), { spelling, roots: [{ kind: 'page', as: 'list', page: isNested ? nested : one }] })
      }

      for (const plan of storage.treePlans) {
        const shape = treeShape(plan)
        const { text, bind } = writeTree(plan)
        const numbers = new Set([...text.matchAll(/\$(\d+)::/g)].map(([, number]) => Number(number)))
        if (texts.has(shape)) met++

        expect(texts.get(shape) ?? text).toBe(text)
        expect([...numbers].sort((left, right) => left - right)).toEqual(bind(plan).map((_, at) => at + 1))
        texts.set(shape, text)
      }
    }),
    { numRuns: RUNS },
  )
  expect(met).toBeGreaterThan(RUNS)
}, 60_000)
