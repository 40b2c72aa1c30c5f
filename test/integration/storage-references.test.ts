import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RequestContext } from '../../src/engine/index.ts'
import { PlinthError, type Uuid } from '../../src/kernel/index.ts'
import { ordersApp as orders } from '../domains/orders/app.ts'
import { actorOf, contextOf, newId, openStorage, recordStatements, type Storage, valuesOf } from './storage-kit.ts'

let storage: Storage
let manager: RequestContext
let order: Uuid
let product: Uuid
let gone: Uuid
beforeAll(async () => {
  storage = await openStorage(orders)
  manager = contextOf(actorOf(orders, 'manager'))
  const address = { street: 'a', city: 'b', country: 'GB' }
  const customer = await create('customer', { name: 'Ada', email: 'ada@example.com', address })
  order = await create('order', { customer, shippingAddress: address })
  product = await create('product', { sku: 'HERE', name: 'Here', price: '1.00' })
  gone = await create('product', { sku: 'GONE', name: 'Gone', price: '1.00' })
  await remove('product', gone)
})
afterAll(() => storage.stop())

const create = async (resource: string, given: Record<string, unknown>): Promise<Uuid> =>
  (await storage.engine.resource(resource).create(manager, { values: valuesOf(storage.resource(resource), given, true) })).id
const remove = (resource: string, id: Uuid) =>
  storage.engine.resource(resource).delete(manager, { id, expectedVersion: null, parent: undefined })
const line = (more: Record<string, unknown>) => create('orderLine', { order, product, quantity: 1, unitPrice: '1.00', ...more })
const change = (id: Uuid, given: Record<string, unknown>, expectedVersion: number | null = null) =>
  storage.engine
    .resource('orderLine')
    .update(manager, { id, values: valuesOf(storage.resource('orderLine'), given), expectedVersion })
/** The code of what was thrown, and the fields that it blames. */
const refusalOf = (promise: Promise<unknown>): Promise<readonly string[]> =>
  promise.then(
    () => ['done'],
    (error: unknown) =>
      error instanceof PlinthError
        ? [error.code, ...error.details.map(({ field, code }) => `${field} ${code}`)]
        : [String(error)],
  )
const counts = async () => {
  const [row] = await storage.sql.query<{ lines: string; entries: string }>(
    'SELECT (SELECT count(*) FROM order_lines) AS lines, (SELECT count(*) FROM plinth_journal) AS entries',
    [],
  )
  return row
}

describe('a new record', () => {
  test('that points to a deleted one, or to none, is refused at each field, and leaves nothing', async () => {
    const before = await counts()

    expect(await refusalOf(line({ product: gone }))).toEqual(['VALIDATION_FAILED', 'productId reference'])
    expect(await refusalOf(line({ product: gone, order: newId() }))).toEqual([
      'VALIDATION_FAILED',
      'orderId reference',
      'productId reference',
    ])
    expect(await counts()).toEqual(before)
  })

  test('is refused in the statement that would have made it', async () => {
    const statements = await recordStatements(() => refusalOf(line({ product: gone })))

    expect(statements).toHaveLength(1)
  })

  test('without a reference that must be there is told so, not that none exists', async () => {
    expect(await refusalOf(line({ product: null }))).toEqual(['VALIDATION_FAILED', 'productId required'])
  })

  test('may point to a record that has come back', async () => {
    const back = await create('product', { sku: 'BACK', name: 'Back', price: '1.00' })
    await remove('product', back)
    await storage.engine.resource('product').restore(manager, { id: back, expectedVersion: null, parent: undefined })

    expect(await refusalOf(line({ product: back }))).toEqual(['done'])
  })
})

describe('a change', () => {
  test('that would point to a deleted record, or to none, is refused at its field, and leaves nothing', async () => {
    const id = await line({})
    const before = await counts()

    expect(await refusalOf(change(id, { product: gone, quantity: 2 }))).toEqual(['VALIDATION_FAILED', 'productId reference'])
    expect(await refusalOf(change(id, { product: newId() }, 1))).toEqual(['VALIDATION_FAILED', 'productId reference'])
    expect(await counts()).toEqual(before)
  })

  test('of a record whose reference has been deleted goes on, the reference named again or not', async () => {
    const leaving = await create('product', { sku: 'LEAVING', name: 'Leaving', price: '1.00' })
    const id = await line({ product: leaving })
    await remove('product', leaving)

    expect(await refusalOf(change(id, { quantity: 2 }))).toEqual(['done'])
    expect(await refusalOf(change(id, { quantity: 3, product: leaving }))).toEqual(['done'])
  })

  test('of a stale version is stale, whatever it points to, and of no record a 404', async () => {
    const id = await line({})

    expect(await refusalOf(change(id, { product: gone }, 7))).toEqual(['CONFLICT_VERSION'])
    expect(await refusalOf(change(newId(), { product: gone }))).toEqual(['NOT_FOUND_RECORD'])
  })

  test('that leads to a deleted record is refused while others change the same record', async () => {
    const id = await line({})

    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        refusalOf(at % 2 === 0 ? change(id, { quantity: at + 1 }) : change(id, { product: gone })),
      ),
    )

    const expected = outcomes.map((_, at) => (at % 2 === 0 ? 'done' : 'VALIDATION_FAILED,productId reference'))
    expect(outcomes.map(String)).toEqual(expected)
  })
})
