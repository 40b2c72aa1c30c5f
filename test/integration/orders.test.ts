// Proves ACC-03.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkMigrations } from '../../src/migrate/index.ts'
import { openConnection } from '../../src/pg/index.ts'
import { type TestAnswer, type TestService, testDatabase, testService } from '../../src/testing/index.ts'
import { ordersApp as orders } from '../domains/orders/app.ts'

const ADDRESS = { street: '12 St James’s Square', city: 'London', country: 'GB' }

let service: TestService
let manager: string
let clerk: string
beforeAll(async () => {
  service = await testService({ app: orders })
  manager = service.token('manager')
  clerk = service.token('clerk')
})
afterAll(() => service.stop())

const post = (path: string, body: unknown, token = manager): Promise<TestAnswer> =>
  service.request(`/api/v1/${path}`, { method: 'POST', body, token })
const patch = (path: string, body: unknown, version: number, token = manager): Promise<TestAnswer> =>
  service.request(`/api/v1/${path}`, { method: 'PATCH', body, token, headers: { 'if-match': `"${version}"` } })
const get = (path: string, token = manager): Promise<TestAnswer> => service.request(`/api/v1/${path}`, { token })

let made = 0
async function makeCustomer(more: object = {}): Promise<{ id: string; version: number }> {
  const answer = await post('customers', { name: 'Ada Lovelace', email: `ada${++made}@example.com`, address: ADDRESS, ...more })
  expect(answer.status, answer.text).toBe(201)
  return answer.json.data
}
async function makeProduct(more: object = {}): Promise<{ id: string; version: number }> {
  const answer = await post('products', { sku: `SKU-${++made}`, name: 'Difference engine', price: '0.10', ...more })
  expect(answer.status, answer.text).toBe(201)
  return answer.json.data
}
async function makeOrder(
  lines: readonly (readonly [price: string, quantity: number])[] = [],
): Promise<{ id: string; customer_id: string; version: number }> {
  const customer = await makeCustomer()
  const order = await post('orders', { customer_id: customer.id, shipping_address: ADDRESS }, clerk)
  expect(order.status, order.text).toBe(201)
  const product = await makeProduct()
  for (const [price, quantity] of lines) {
    const line = await post(`orders/${order.json.data.id}/lines`, { product_id: product.id, quantity, unit_price: price }, clerk)
    expect(line.status, line.text).toBe(201)
  }
  return order.json.data
}

describe('an order', () => {
  test('is submitted with the exact sum of its lines', async () => {
    const order = await makeOrder([
      ['0.10', 3],
      ['1234567890.99', 10_000],
      ['0.01', 1],
    ])

    const answer = await service.request(`/api/v1/orders/${order.id}/submit`, { method: 'POST', token: clerk })

    expect(answer.status, answer.text).toBe(200)
    expect(answer.json.data).toMatchObject({ status: 'submitted', total: '12345678909900.31', version: 2 })
  })

  test('without lines is refused by its rule, and stays as it was', async () => {
    const order = await makeOrder()

    const answer = await service.request(`/api/v1/orders/${order.id}/submit`, { method: 'POST', token: clerk })

    expect(answer.status).toBe(422)
    expect(answer.json.error).toMatchObject({ code: 'CONFLICT_ORDER_EMPTY' })
    expect((await get(`orders/${order.id}`)).json.data).toMatchObject({ status: 'open', total: null, version: 1 })
  })

  test('is shipped once, with what the input says', async () => {
    const order = await makeOrder([['5.00', 1]])
    const ship = (): Promise<TestAnswer> =>
      post(
        `orders/${order.id}/ship`,
        { carrier: 'Parcel Force', tracking_url: 'https://example.com/t/1', at: '2026-03-01T10:00:00+02:00' },
        clerk,
      )
    const early = await ship()
    await service.request(`/api/v1/orders/${order.id}/submit`, { method: 'POST', token: clerk })

    const [first, second] = await Promise.all([ship(), ship()])

    expect(early.json.error.code).toBe('CONFLICT_ORDER_NOT_SUBMITTED')
    expect([first.status, second.status].sort()).toEqual([200, 422])
    const { json } = await get(`orders/${order.id}`)
    expect(json.data).toMatchObject({
      status: 'shipped',
      carrier: 'Parcel Force',
      tracking_url: 'https://example.com/t/1',
      version: 3,
    })
    expect(new Date(json.data.shipped_at).toISOString()).toBe('2026-03-01T08:00:00.000Z')
  })

  test('can no longer be changed by a clerk once it is submitted', async () => {
    const order = await makeOrder([['5.00', 1]])
    const whileOpen = await patch(`orders/${order.id}`, { tags: ['gift'] }, 1, clerk)
    await service.request(`/api/v1/orders/${order.id}/submit`, { method: 'POST', token: clerk })

    const afterwards = await patch(`orders/${order.id}`, { tags: [] }, 3, clerk)

    expect(whileOpen.status).toBe(200)
    expect(afterwards.status).toBe(403)
    expect((await get(`orders/${order.id}`)).json.data.tags).toEqual(['gift'])
  })

  test('refuses to change its customer, which is immutable', async () => {
    const order = await makeOrder()
    const other = await makeCustomer()

    const answer = await patch(`orders/${order.id}`, { customer_id: other.id }, 1)

    expect(answer.status).toBe(400)
    expect(answer.json.error.details).toMatchObject([{ field: 'customer_id', code: 'immutable' }])
  })

  test('is seen by its customer and by no other', async () => {
    const order = await makeOrder()
    const stranger = await makeCustomer()

    const own = await get(`orders/${order.id}`, service.token('customer', order.customer_id))
    const other = await get(`orders/${order.id}`, service.token('customer', stranger.id))
    const list = await get(`customers/${order.customer_id}/orders`, service.token('customer', order.customer_id))

    expect(own.status).toBe(200)
    expect(other.status).toBe(404)
    expect(list.json.data.map(({ id }: { id: string }) => id)).toEqual([order.id])
  })
})

describe('fields of every kind', () => {
  test('come back as they were sent, and a secret not at all', async () => {
    const sent = {
      name: 'Grace Hopper',
      email: `grace${++made}@example.com`,
      address: { ...ADDRESS, lines: ['c/o “Navy”', '🛳'] },
      website: 'https://example.com/grace?q=1#top',
      born_on: '1906-12-09',
      is_business: true,
      tags: ['navy', 'say "hi"', 'a,b', '{}', 'NULL', ''],
      credit_limit: '1000.50',
    }

    const answer = await post('customers', { ...sent, passphrase: 'open sesame' })

    expect(answer.status, answer.text).toBe(201)
    expect(answer.json.data).toMatchObject(sent)
    expect(answer.text).not.toContain('sesame')
    expect(answer.json.data).not.toHaveProperty('passphrase')
    const sql = await service.sql()
    expect(await sql.query('SELECT passphrase, tags FROM customers WHERE email = $1', [sent.email])).toEqual([
      { passphrase: 'open sesame', tags: sent.tags },
    ])
  })

  test('that some roles alone may see do not exist for others: not in answers, sorts or filters', async () => {
    const customer = await makeCustomer({ credit_limit: '99.00' })

    const byManager = await get(`customers/${customer.id}`)
    const byClerk = await get(`customers/${customer.id}`, clerk)
    const sorted = await get('customers?sort=-credit_limit', clerk)
    const filtered = await get('customers?credit_limit[gte]=1.00', clerk)
    const written = await patch(`customers/${customer.id}`, { credit_limit: '5.00' }, 1, clerk)

    expect(byManager.json.data.credit_limit).toBe('99.00')
    expect(byClerk.json.data).not.toHaveProperty('credit_limit')
    expect([sorted.status, filtered.status]).toEqual([400, 400])
    expect(written.status).toBe(403)
    expect((await get(`customers/${customer.id}`)).json.data.credit_limit).toBe('99.00')
  })
})

describe('a resource with numbered pages', () => {
  test('says how many records and pages there are', async () => {
    for (let at = 0; at < 7; at++)
      await post('warehouses', { name: `Depot ${at}`, country: at % 2 === 0 ? 'DE' : 'GB', capacity: 9_007_199_254_740_991 - at })

    const second = await get('warehouses?per_page=3&page=2&sort=name')
    const filtered = await get('warehouses?country=GB&sort=-capacity')

    expect(second.status, second.text).toBe(200)
    expect(second.json.data.map(({ name }: { name: string }) => name)).toEqual(['Depot 3', 'Depot 4', 'Depot 5'])
    expect(second.json.meta).toMatchObject({ total: 7 })
    expect(filtered.json.data.map(({ capacity }: { capacity: number }) => capacity)).toEqual([
      9_007_199_254_740_990, 9_007_199_254_740_988, 9_007_199_254_740_986,
    ])
  })

  test('has children under a plural of its own', async () => {
    const [warehouse] = (await get('warehouses?per_page=1')).json.data as { id: string }[]
    await post(`warehouses/${warehouse?.id}/shelves`, { code: 'A1' })

    const shelves = await get(`warehouses/${warehouse?.id}/shelves`)

    expect(shelves.json.data).toMatchObject([{ code: 'A1', warehouse_id: warehouse?.id }])
  })
})

test('the migrations of the orders can each be reverted', async () => {
  await using database = await testDatabase()
  const connect = async () => {
    const connection = await openConnection(database.url)
    return {
      query: async (text: string, values?: readonly unknown[]) => ({ rows: await connection.query(text, values) }),
      end: () => connection.close(),
    }
  }

  expect(await checkMigrations(connect as never, { folder: orders.migrations })).toEqual([])
})

test('the columns of the migrations have the types that the domain declares', async () => {
  const files = (await readdir(orders.migrations)).filter((file) => file.endsWith('.up.sql'))
  const text = (await Promise.all(files.map((file) => readFile(join(orders.migrations, file), 'utf8')))).join('\n')
  const sql = await service.sql()
  const rows = await sql.query<{ column: string; type: string }>(
    `SELECT c.relname || '.' || a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND c.relname NOT LIKE 'plinth%'`,
  )
  const declared = orders.domain.resources.flatMap((resource) =>
    resource.fields.map((field) => ({ column: `${resource.table}.${field.column}`, type: field.kind.sqlType })),
  )

  expect(text).not.toBe('')
  expect(rows.sort((a, b) => (a.column < b.column ? -1 : 1))).toEqual(declared.sort((a, b) => (a.column < b.column ? -1 : 1)))
})
