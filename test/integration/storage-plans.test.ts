/** The planner's own word for it: every declared list is one walk through an index, at the far end as at the beginning. */
// Proves DB-06, IDX-01.
import { afterAll, beforeAll, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { seed } from '../../examples/blog/seed.ts'
import type { FilterPlan, ListPlan } from '../../src/engine/index.ts'
import type { Uuid } from '../../src/kernel/index.ts'
import { writeList } from '../../src/pg/statements/list.ts'
import { ordersApp as orders } from '../domains/orders/app.ts'
import { actorOf, contextOf, fieldOf, newId, nobody, openStorage, type Storage, sortOf } from './storage-kit.ts'

const POSTS = 20_000
const ORDERS = 20_000
const FAR = 15_000
const EDITOR = '01935c5a-0000-7000-8000-000000000002' as Uuid

let blogStorage: Storage
let orderStorage: Storage
beforeAll(async () => {
  blogStorage = await openStorage(blog)
  await seed(blogStorage.sql, POSTS)
  orderStorage = await openStorage(orders)
  const customer = newId()
  await orderStorage.sql.query(
    `INSERT INTO customers (id, name, email, address, is_business, tags, credit_limit, created_at, updated_at, version)
     VALUES ('${customer}', 'Ada', 'ada@example.com', '{}', false, '{}', 0, now(), now(), 1)`,
  )
  // A third of the due days and of the moments of shipping is null.
  await orderStorage.sql.query(
    `INSERT INTO orders (id, customer_id, status, shipping_address, total, due_on, shipped_at, tags, created_at, updated_at, version)
     SELECT gen_random_uuid(), $1, 'shipped', '{}', n % 997, CASE WHEN n % 3 > 0 THEN date '2020-01-01' + n % 2000 END,
       CASE WHEN n % 3 > 0 THEN timestamptz '2026-01-01' + n * interval '1 minute' END, '{}', timestamptz '2026-01-01' + n * interval '1 s', now(), 1
     FROM generate_series(1, ${ORDERS}) n`,
    [customer],
  )
  await orderStorage.sql.query('ANALYZE')
}, 120_000)
afterAll(async () => {
  await blogStorage.stop()
  await orderStorage.stop()
})

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly PlanNode[]
}

interface Explained {
  readonly nodes: readonly string[]
  /** Pages of 8 KiB that were touched. */
  readonly blocks: number
}

/**
 * Explains and runs a list as the server would: with a plan for these values, or with one for all values, as it makes after some
 * runs.
 */
async function explain({ sql }: Storage, plan: ListPlan, mode: 'force_custom_plan' | 'force_generic_plan'): Promise<Explained> {
  const { statement } = writeList(plan)
  const values = statement
    .bind(plan)
    .map((value) =>
      value === null ? 'NULL' : `'${Array.isArray(value) ? `{${value.join()}}` : String(value).replaceAll("'", "''")}'`,
    )
  await sql.query(`SET plan_cache_mode = ${mode}; SET TimeZone = 'UTC'; SET jit = off; PREPARE explained AS ${statement.text}`)
  try {
    const [row] = await sql.query<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE explained${values.length > 0 ? `(${values.join(', ')})` : ''}`,
    )
    const root = row?.['QUERY PLAN'][0]?.Plan
    if (root === undefined) throw new Error('Cannot read the plan')
    const nodesOf = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]
    return {
      nodes: nodesOf(root).map((node) => node['Node Type']),
      blocks: root['Shared Hit Blocks'] + root['Shared Read Blocks'],
    }
  } finally {
    await sql.query('DEALLOCATE explained')
  }
}

/** The same list, begun behind its record number `offset`. */
async function placeAt({ sql }: Storage, plan: ListPlan, offset: number): Promise<ListPlan> {
  const { statement } = writeList({ ...plan, limit: 1, offset })
  await sql.query(`SET TimeZone = 'UTC'`)
  const [row] = await sql.query(statement.text, statement.bind({ ...plan, offset }))
  const positions = await sql.query<{ key: (string | null)[] }>(
    `SELECT ARRAY[${plan.sort.map(({ field }) => `"${field.column}"::text`).join()}] AS key FROM "${plan.resource.table}" WHERE "id" = $1`,
    [row?.['id']],
  )
  return { ...plan, position: { values: positions[0]?.key ?? [], isBackward: false } }
}

async function planOf(
  storage: Storage,
  resource: string,
  sort: string,
  filters: readonly FilterPlan[] = [],
  context = contextOf(actorOf(storage.app, storage === blogStorage ? 'admin' : 'manager')),
): Promise<ListPlan> {
  storage.listPlans.length = 0
  await storage.engine.resource(resource).list(context, { filters, sort: sortOf(storage.resource(resource), sort), limit: 20 })
  const [plan] = storage.listPlans
  if (plan === undefined) throw new Error('Cannot find the plan')
  return plan
}

const MODES = ['force_custom_plan', 'force_generic_plan'] as const

async function expectWalk(storage: Storage, plan: ListPlan, far: number): Promise<void> {
  const placed = await placeAt(storage, plan, far)
  for (const mode of MODES) {
    const first = await explain(storage, plan, mode)
    const last = await explain(storage, placed, mode)

    for (const { nodes } of [first, last]) {
      expect(
        nodes.filter((node) => /Sort$|Seq Scan|Bitmap/.test(node)),
        mode,
      ).toEqual([])
      expect(
        nodes.some((node) => /Index (?:Only )?Scan/.test(node)),
        mode,
      ).toBe(true)
    }
    // 21 rows, each perhaps on a page of its own, and the way down the index.
    expect(first.blocks, `${mode}, first page`).toBeLessThan(150)
    expect(last.blocks, `${mode}, far page`).toBeLessThan(150)
  }
}

test.each(['-createdAt', 'createdAt', 'title', '-title'])(
  'posts sorted by %s are a walk through an index, first page and far',
  async (sort) => {
    await expectWalk(blogStorage, await planOf(blogStorage, 'post', sort), FAR)
  },
)

test.each(['-createdAt', 'createdAt'])('posts in one status sorted by %s are a walk through an index', async (sort) => {
  const filter: FilterPlan = { field: fieldOf(blogStorage.resource('post'), 'status'), operator: 'eq', value: 'published' }
  await expectWalk(blogStorage, await planOf(blogStorage, 'post', sort, [filter]), 10_000)
})

test('the posts of one author are a walk through an index', async () => {
  const filter: FilterPlan = { field: fieldOf(blogStorage.resource('post'), 'author'), operator: 'eq', value: EDITOR }
  await expectWalk(blogStorage, await planOf(blogStorage, 'post', '-createdAt', [filter]), 1_500)
})

test.each(['-createdAt', 'title'])(
  'posts under the policies of an editor and of nobody, sorted by %s, are a walk through an index',
  async (sort) => {
    await expectWalk(blogStorage, await planOf(blogStorage, 'post', sort, [], contextOf(actorOf(blog, 'editor', EDITOR))), 10_000)
    await expectWalk(blogStorage, await planOf(blogStorage, 'post', sort, [], nobody), 10_000)
  },
)

test('the search in titles goes through its index', async () => {
  const plan = await planOf(blogStorage, 'post', '-createdAt')
  const { nodes, blocks } = await explain(blogStorage, { ...plan, search: 'part 19999' }, 'force_custom_plan')

  expect(nodes).toContain('Bitmap Index Scan')
  expect(blocks).toBeLessThan(150)
})

test.each(['dueOn', '-dueOn', 'shippedAt', '-shippedAt', '-total', 'total'])(
  'orders sorted by %s, which may be null, are a walk through an index, first page and far, in values and in nulls',
  async (sort) => {
    const plan = await planOf(orderStorage, 'order', sort)
    for (const far of [3_000, FAR, 19_000]) await expectWalk(orderStorage, plan, far)
  },
)
