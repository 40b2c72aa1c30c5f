// Proves API-06.
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { FilterPlan, Page } from '../../src/engine/index.ts'
import type { SortModel } from '../../src/model/index.ts'
import { ordersApp as orders } from '../domains/orders/app.ts'
import { actorOf, contextOf, fieldOf, newId, openStorage, type Storage, sortOf } from './storage-kit.ts'

interface Row {
  readonly created: number
  readonly due: number | null
  readonly shipped: number | null
  readonly total: number | null
  readonly status: string
}

const RUNS = 250
const few = fc.integer({ min: 0, max: 3 })
const orNull = fc.option(few, { nil: null })
const row: fc.Arbitrary<Row> = fc.record({
  created: few,
  due: orNull,
  shipped: orNull,
  total: few,
  status: fc.constantFrom('open', 'submitted', 'shipped'),
})
const rows = fc.array(row, { maxLength: 24 })
const sort = fc
  .uniqueArray(fc.tuple(fc.constantFrom('createdAt', 'dueOn', 'shippedAt', 'total'), fc.boolean()), {
    minLength: 1,
    maxLength: 3,
    selector: ([name]) => name,
  })
  .map((keys) => keys.map(([name, isDescending]) => `${isDescending ? '-' : ''}${name}`))
const limit = fc.integer({ min: 1, max: 6 })

let storage: Storage
let customer: string
beforeAll(async () => {
  storage = await openStorage(orders)
  customer = newId()
  await storage.sql.query(
    `INSERT INTO customers (id, name, email, address, is_business, tags, credit_limit, created_at, updated_at, version)
     VALUES ($1, 'Ada', 'ada@example.com', '{}', false, '{}', 0, now(), now(), 1)`,
    [customer],
  )
})
afterAll(() => storage.stop())
beforeEach(() => storage.sql.query('DELETE FROM orders'))

const context = () => contextOf(actorOf(orders, 'manager'))

async function insert(made: readonly Row[], ids = made.map(() => newId())): Promise<readonly string[]> {
  await storage.sql.query(
    `INSERT INTO orders (id, customer_id, status, shipping_address, total, due_on, shipped_at, tags, created_at, updated_at, version)
     SELECT id, $2, status, '{}', total, date '2026-01-01' + due, timestamptz '2026-01-01' + shipped * interval '1 millisecond', '{}',
       timestamptz '2026-01-01' + created * interval '1 ms', now(), 1
     FROM unnest($1::uuid[], $3::text[], $4::numeric[], $5::int[], $6::int[], $7::int[]) q(id, status, total, due, shipped, created)`,
    [
      ids,
      customer,
      made.map((one) => one.status),
      made.map((one) => one.total),
      made.map((one) => one.due),
      made.map((one) => one.shipped),
      made.map((one) => one.created),
    ],
  )
  return ids
}

const list = (
  by: readonly SortModel[],
  limit: number,
  cursor: string | undefined,
  filters: readonly FilterPlan[] = [],
): Promise<Page> => storage.engine.resource('order').list(context(), { filters, sort: by, limit, cursor })

/** The order that the list must have, worked out in memory: nulls are greater than all values, and `id` decides at last. */
function sortRows(made: readonly (Row & { id: string })[], keys: readonly string[]): readonly string[] {
  const columns = { createdAt: 'created', dueOn: 'due', shippedAt: 'shipped', total: 'total', id: 'id' } as const
  const last = keys.at(-1)
  const all = [...keys, last?.startsWith('-') === true ? '-id' : 'id']
  const compare = (left: Row & { id: string }, right: Row & { id: string }): number => {
    for (const key of all) {
      const column = columns[key.replace(/^-/, '') as keyof typeof columns]
      const [a, b] = [left[column] ?? Number.POSITIVE_INFINITY, right[column] ?? Number.POSITIVE_INFINITY]
      if (a !== b) return (a < b ? -1 : 1) * (key.startsWith('-') ? -1 : 1)
    }
    return 0
  }
  return [...made].sort(compare).map(({ id }) => id)
}

/** A filter of the list, and the rows that pass it. */
const filter = fc.constantFrom<readonly [plan: () => readonly FilterPlan[], passes: (row: Row) => boolean]>(
  [() => [], () => true],
  [() => [plan('status', 'eq', 'open')], ({ status }) => status === 'open'],
  [() => [plan('status', 'ne', 'open')], ({ status }) => status !== 'open'],
  [() => [plan('status', 'in', ['open', 'shipped'])], ({ status }) => status !== 'submitted'],
  [() => [plan('dueOn', 'null', true)], ({ due }) => due === null],
  [() => [plan('dueOn', 'null', false)], ({ due }) => due !== null],
  [() => [plan('dueOn', 'ne', '2026-01-02')], ({ due }) => due !== 1],
  [() => [plan('total', 'gte', '1.00'), plan('total', 'lt', '3.00')], ({ total }) => total !== null && total >= 1 && total < 3],
)
function plan(name: string, operator: FilterPlan['operator'], value: FilterPlan['value']): FilterPlan {
  return { field: fieldOf(storage.resource('order'), name), operator, value }
}

describe('list() by keyset', () => {
  test('walks forward and back through exactly the ordered list, whatever the sort, the ties, the nulls, the filter and the limit', async () => {
    await fc.assert(
      fc.asyncProperty(rows, sort, limit, filter, async (made, keys, count, [filters, passes]) => {
        await storage.sql.query('DELETE FROM orders')
        const ids = await insert(made)
        const expected = sortRows(made.map((one, at) => ({ ...one, id: ids[at] ?? '' })).filter(passes), keys)
        const by = sortOf(storage.resource('order'), ...keys)

        const forward: string[][] = []
        let page = await list(by, count, undefined, filters())
        expect(page.hasPrevious).toBe(false)
        for (;;) {
          forward.push(page.records.map(({ id }) => id))
          if (page.next === undefined) break
          page = await list(by, count, page.next, filters())
          expect(page.hasPrevious).toBe(true)
        }
        const backward: string[][] = [forward.at(-1) ?? []]
        while (page.previous !== undefined) {
          page = await list(by, count, page.previous, filters())
          expect(page.hasNext).toBe(true)
          backward.unshift(page.records.map(({ id }) => id))
        }

        expect(forward.flat()).toEqual(expected)
        expect(forward.slice(0, -1).every((one) => one.length === count)).toBe(true)
        expect(backward.flat()).toEqual(expected)
      }),
      { numRuns: RUNS },
    )
  }, 120_000)

  test('shows every record that stays once, in order, while others come and go', async () => {
    const step = fc.record({ added: fc.array(row, { maxLength: 2 }), removed: fc.option(fc.nat(30), { nil: null }) })
    await fc.assert(
      fc.asyncProperty(rows, sort, limit, fc.array(step, { minLength: 1, maxLength: 4 }), async (made, keys, count, steps) => {
        await storage.sql.query('DELETE FROM orders')
        const ids = await insert(made)
        const by = sortOf(storage.resource('order'), ...keys)
        const gone = new Set<string>()

        const seen: string[] = []
        let page = await list(by, count, undefined)
        for (let at = 0; ; at++) {
          seen.push(...page.records.map(({ id }) => id))
          if (page.next === undefined) break
          const { added, removed } = steps[at % steps.length] ?? { added: [], removed: null }
          // A few only: rows that come faster than they are read would never end.
          if (at < steps.length) await insert(added)
          const victim = removed === null ? undefined : ids[removed]
          if (victim !== undefined) {
            gone.add(victim)
            await storage.sql.query('UPDATE orders SET deleted_at = now() WHERE id = $1', [victim])
          }
          page = await list(by, count, page.next)
        }

        const stayed = sortRows(
          made.map((one, at) => ({ ...one, id: ids[at] ?? '' })),
          keys,
        ).filter((id) => !gone.has(id))
        expect(new Set(seen).size).toBe(seen.length)
        expect(seen.filter((id) => stayed.includes(id))).toEqual(stayed)
      }),
      { numRuns: RUNS },
    )
  }, 120_000)

  test('finds what q= says, percent signs and backslashes as themselves', async () => {
    const names = ['100% sure', '100 sure', 'back\\slash', 'under_score', 'underXscore', 'ÄRGER', "O'Hara"]
    for (const name of names) {
      await storage.sql.query(
        `INSERT INTO products (id, sku, name, price, stock, is_available, tags, sizes, attributes, created_at, updated_at, version)
         VALUES ($1::uuid, $1::text, $2, 1, 0, true, '{}', '{}', '{}', now(), now(), 1)`,
        [newId(), name],
      )
    }
    const search = async (text: string): Promise<readonly string[]> => {
      const page = await storage.engine
        .resource('product')
        .list(context(), { filters: [], search: text, sort: sortOf(storage.resource('product'), 'name'), limit: 10 })
      return page.records.map(({ json }) => (JSON.parse(json) as { name: string }).name)
    }

    expect(await search('0%')).toEqual(['100% sure'])
    expect(await search('k\\s')).toEqual(['back\\slash'])
    expect(await search('r_s')).toEqual(['under_score'])
    expect(await search('ärg')).toEqual(['ÄRGER'])
    expect(await search("o'h")).toEqual(["O'Hara"])
    expect(await search("' OR true --")).toEqual([])
  })
})
