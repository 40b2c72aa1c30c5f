// Proves DB-05.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RequestContext } from '../../src/engine/index.ts'
import { PlinthError, type Uuid } from '../../src/kernel/index.ts'
import { openConnection, PgStore, readDatabaseError } from '../../src/pg/index.ts'
import { UNCONDITIONAL } from '../../src/policy/index.ts'
import { ordersApp as orders } from '../domains/orders/app.ts'
import { actorOf, contextOf, newId, openStorage, type Storage, valuesOf } from './storage-kit.ts'

const ADDRESS = { street: 'a', city: 'b', country: 'GB' }
const SECRET = 'secret-value@example.com'

let storage: Storage
let manager: RequestContext
let customer: Uuid
beforeAll(async () => {
  storage = await openStorage(orders, { lockTimeoutMs: 300, statementTimeoutMs: 1_500, listTimeoutMs: 400 })
  manager = contextOf(actorOf(orders, 'manager'))
  customer = (await create('customer', { name: 'Ada', email: SECRET, address: ADDRESS })).id
})
afterAll(() => storage.stop())

const create = (resource: string, given: Record<string, unknown>) =>
  storage.engine.resource(resource).create(manager, { values: valuesOf(storage.resource(resource), given, true) })
const update = (resource: string, id: Uuid, given: Record<string, unknown>) =>
  storage.engine
    .resource(resource)
    .update(manager, { id, values: valuesOf(storage.resource(resource), given), expectedVersion: null })
const failure = async (promise: Promise<unknown>): Promise<PlinthError> => {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof PlinthError)) throw new TypeError(`Cannot find an error of the catalogue: ${String(thrown)}`)
  // What a client reads holds neither values nor SQL.
  const shown = JSON.stringify([thrown.message, thrown.details])
  expect(shown).not.toMatch(/secret|insert|select|update |constraint|duplicate key|\$1/i)
  return thrown
}

describe('what PostgreSQL refuses', () => {
  test('a second value where one may be is a conflict at its field', async () => {
    expect(await failure(create('customer', { name: 'Eve', email: SECRET, address: ADDRESS }))).toMatchObject({
      code: 'CONFLICT_DUPLICATE',
      status: 409,
      details: [{ field: 'email', code: 'unique' }],
    })
  })

  test('a key of no record is an invalid value at its field', async () => {
    expect(await failure(create('order', { customer: newId(), shippingAddress: ADDRESS }))).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: [{ field: 'customerId', code: 'reference' }],
    })
    const order = await create('order', { customer, shippingAddress: ADDRESS })
    expect(
      await failure(create('orderLine', { order: order.id, product: newId(), quantity: 1, unitPrice: '1.00' })),
    ).toMatchObject({ details: [{ field: 'productId', code: 'reference' }] })
  })

  test('a value that a check forbids is invalid at its field', async () => {
    const order = await create('order', { customer, shippingAddress: ADDRESS })
    expect(await failure(create('product', { sku: 'A-1', name: 'x', price: '-1.00' }))).toMatchObject({
      code: 'VALIDATION_FAILED',
      status: 400,
      details: [{ field: 'price', code: 'check' }],
    })
    expect(await failure(update('order', order.id, { status: 'submitted' }))).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: [{ field: 'total', code: 'check' }],
    })
  })

  test('a null where none may be is invalid at its field', async () => {
    expect(await failure(create('product', { sku: 'A-2', name: null, price: '1.00' }))).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: [{ field: 'name', code: 'required' }],
    })
  })

  test('a number that overflows its column is invalid, not an internal error', async () => {
    expect(await failure(create('product', { sku: 'A-3', name: 'x', price: '99999999999.00' }))).toMatchObject({
      code: 'VALIDATION_FAILED',
      status: 400,
    })
    expect(
      await failure(create('product', { sku: 'A-4', name: 'x', price: '1.00', stock: '99999999999999999999' })),
    ).toMatchObject({ code: 'VALIDATION_FAILED' })
  })

  test('a NUL in text is invalid, not an internal error', async () => {
    expect(await failure(create('product', { sku: 'A-5', name: 'a\0b', price: '1.00' }))).toMatchObject({
      code: 'VALIDATION_FAILED',
    })
  })

  test('a row that another holds longer than the lock timeout is a conflict that can be tried again', async () => {
    await using other = await openConnection(storage.url)
    await other.query('BEGIN')
    await other.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [customer])

    expect(await failure(update('customer', customer, { name: 'Waits' }))).toMatchObject({
      code: 'CONFLICT_IN_PROGRESS',
      status: 409,
    })
    await other.query('ROLLBACK')
    expect((await update('customer', customer, { name: 'Waited' })).version).toBe(2)
  })

  test('a deadlock ends one of the two as a conflict', async () => {
    const one = await create('warehouse', { name: 'One', country: 'DE', capacity: 1 })
    const two = await create('warehouse', { name: 'Two', country: 'DE', capacity: 1 })
    const { compiled } = storage.engine.resource('warehouse')
    const plan = {
      resource: storage.resource('warehouse'),
      context: manager,
      read: { access: compiled.access('read'), rules: UNCONDITIONAL },
      fields: compiled.fieldSets.all,
      parent: undefined,
      includesDeleted: false,
    }
    const patient = new PgStore({ url: storage.url, applicationName: 'patient', lockTimeoutMs: 10_000 })
    await using other = await openConnection(storage.url)
    await other.query('BEGIN')
    await other.query('UPDATE warehouses SET capacity = 2 WHERE id = $1', [two.id])

    const work = patient.transaction(async (transaction) => {
      await transaction.lock({ ...plan, id: one.id })
      const waiting = transaction.lock({ ...plan, id: two.id })
      // Whoever has waited for a second first looks for a deadlock, and finds itself.
      setTimeout(() => void other.query('UPDATE warehouses SET capacity = 3 WHERE id = $1', [one.id]), 200)
      await waiting
    })
    const error = await failure(work)

    expect(error).toMatchObject({ code: 'CONFLICT_IN_PROGRESS', cause: { code: '40P01' } })
    await other.query('ROLLBACK')
    await patient.close()
  })

  test('serialization failures and deadlocks of the server are conflicts by their codes', async () => {
    for (const code of ['40001', '40P01', '55P03']) {
      const raised = await storage.sql
        .query(`DO $$ BEGIN RAISE EXCEPTION 'secret' USING ERRCODE = '${code}'; END $$`)
        .catch((error: unknown) => error)
      expect(readDatabaseError(raised, undefined)).toMatchObject({ code: 'CONFLICT_IN_PROGRESS' })
    }
  })

  test('a list that takes too long is a timeout before a change is, and a point read goes on', async () => {
    await create('product', { sku: 'SLOW', name: 'Slow', price: '1.00' })
    const [{ id } = { id: '' as Uuid }] = await storage.sql.query<{ id: Uuid }>(`SELECT id FROM products WHERE sku = 'SLOW'`, [])
    await storage.sql.query(
      `CREATE FUNCTION lingers(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.7); RETURN true; END'`,
    )
    await storage.sql.query('ALTER TABLE products RENAME TO products_kept')
    await storage.sql.query('CREATE VIEW products AS SELECT * FROM products_kept WHERE lingers(sku) OFFSET 0')
    const products = storage.engine.resource('product')

    const beganMs = performance.now()
    const refused = await failure(products.list(manager, { filters: [], limit: 5, search: undefined }))
    const tookMs = performance.now() - beganMs
    const read = await products.get(manager, { id })
    await storage.sql.query('DROP VIEW products')
    await storage.sql.query('ALTER TABLE products_kept RENAME TO products')

    expect(refused).toMatchObject({ code: 'DEPENDENCY_TIMEOUT', status: 503 })
    expect(tookMs).toBeGreaterThan(390)
    expect(read.id).toBe(id)
  })

  test('a statement that takes too long is a timeout of a dependency', async () => {
    await storage.sql.query(
      `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(5); RETURN NEW; END'`,
    )
    await storage.sql.query('CREATE TRIGGER slow BEFORE INSERT ON shelves FOR EACH ROW EXECUTE FUNCTION slow()')
    const warehouse = await create('warehouse', { name: 'Slow', country: 'DE', capacity: 1 })

    expect(await failure(create('shelf', { warehouse: warehouse.id, code: 'A' }))).toMatchObject({
      code: 'DEPENDENCY_TIMEOUT',
      status: 503,
    })
    expect((await create('warehouse', { name: 'Quick', country: 'DE', capacity: 1 })).version).toBe(1)
  })
})
