/** What leaves for the database: how many statements each request takes, and that each is fixed text with bound values. */
// Proves DB-02, DB-03, DB-04.
import { afterAll, beforeAll, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { type TestService, testService } from '../../src/testing/index.ts'
import { ordersApp as orders } from '../domains/orders/app.ts'
import { recordStatements, type SentStatement } from './storage-kit.ts'

const ADDRESS = { street: 'marker-street', city: 'b', country: 'GB' }

let blogService: TestService
let orderService: TestService
beforeAll(async () => {
  blogService = await testService({ app: blog })
  orderService = await testService({ app: orders })
})
afterAll(async () => {
  await blogService.stop()
  await orderService.stop()
})

function expectFixed(statements: readonly SentStatement[], markers: readonly string[]): void {
  for (const { text, name, values } of statements) {
    if (/^(?:BEGIN|COMMIT|ROLLBACK)$/.test(text)) continue
    expect(name, text).toBeTruthy()
    expect(values?.length, text).toBeGreaterThan(0)
    expect(text).not.toMatch(/SELECT \*|\.\*/)
    for (const marker of markers) expect(text).not.toContain(marker)
  }
}

test('each request of the blog is one statement: create, read, change, list, delete, restore', async () => {
  const admin = blogService.token('admin')
  const at = (path: string, method = 'GET', body?: unknown, version?: number) =>
    blogService.request(`/api/v1/${path}`, {
      method,
      token: admin,
      ...(body !== undefined && { body }),
      ...(version !== undefined && { headers: { 'if-match': `"${version}"` } }),
    })
  const user = (await at('users', 'POST', { email: 'marker@example.com', display_name: 'marker' })).json.data
  const { id } = (await at('posts', 'POST', { author_id: user.id, title: 'marker', body: 'marker' })).json.data
  const requests: readonly (readonly [string, () => Promise<{ status: number }>])[] = [
    ['create', () => at('posts', 'POST', { author_id: user.id, title: 'marker', body: 'marker' })],
    ['get', () => at(`posts/${id}`)],
    ['nested get', () => at(`users/${user.id}/posts/${id}`)],
    ['list', () => at('posts?status=draft&sort=title&q=marker')],
    ['nested list', () => at(`users/${user.id}/posts`)],
    ['patch', () => at(`posts/${id}`, 'PATCH', { title: 'marker 2' }, 1)],
    ['stale patch', () => at(`posts/${id}`, 'PATCH', { title: 'marker 3' }, 1)],
    ['delete', () => at(`posts/${id}`, 'DELETE', undefined, 2)],
    ['get of what is gone', () => at(`posts/${id}`)],
    ['restore', () => at(`posts/${id}/restore`, 'POST')],
  ]

  for (const [what, send] of requests) {
    const statements = await recordStatements(send)

    expect(
      statements.map(({ text }) => text),
      what,
    ).toHaveLength(1)
    expectFixed(statements, ['marker'])
  }
})

test('an action of the orders is one transaction of fixed statements', async () => {
  const { request, token } = orderService
  const manager = token('manager')
  const post = async (path: string, body?: unknown) =>
    (await request(`/api/v1/${path}`, { method: 'POST', token: manager, ...(body !== undefined && { body }) })).json.data
  let order = { id: '' }
  const making = await recordStatements(async () => {
    const customer = await post('customers', {
      name: 'marker',
      email: 'marker@example.com',
      address: ADDRESS,
      tags: ['marker'],
      passphrase: 'marker',
    })
    const product = await post('products', { sku: 'MARKER', name: 'marker', price: '77.77', attributes: { marker: 1 } })
    order = await post('orders', { customer_id: customer.id, shipping_address: ADDRESS })
    await post(`orders/${order.id}/lines`, { product_id: product.id, quantity: 3, unit_price: '77.77' })
  })

  const statements = await recordStatements(() => post(`orders/${order.id}/submit`))

  // The last is made under its order, which is looked at first.
  expect(making).toHaveLength(5)
  expectFixed(making, ['marker', 'MARKER', '77.77'])
  expect(statements.map(({ text }) => /^(?:BEGIN|COMMIT|SELECT|WITH w AS \(UPDATE)/.exec(text)?.[0])).toEqual([
    'BEGIN',
    'SELECT',
    'SELECT',
    'WITH w AS (UPDATE',
    // The answer, as a read would print it.
    'SELECT',
    'COMMIT',
  ])
  expectFixed(statements, ['marker', '77.77', '233.31'])
})

test('numbered pages take one statement for the page and one for the count', async () => {
  const statements = await recordStatements(() =>
    orderService.request('/api/v1/warehouses?per_page=5&page=2', { token: orderService.token('manager') }),
  )

  expect(statements).toHaveLength(2)
  expect(statements.map(({ text }) => text).join()).toContain('count(*)')
})
