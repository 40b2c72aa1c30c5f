/** The domain of orders for the suite of agreement: json, decimals, lists, big numbers, numbered pages, and an action with a rule. */
import type { PlainConnection } from '../../src/pg/index.ts'
import type { TestService } from '../../src/testing/index.ts'
import { ordersApp as app } from '../domains/orders/app.ts'
import type { Pool } from './operations.ts'
import type { OpenSurface } from './surface.ts'
import { fixedId, fixedUuid, type WorldOptions } from './world.ts'

const COUNT = 12
/** Where the numbers of each table begin. */
const FROM = { customer: 100, product: 200, order: 300, orderLine: 400, warehouse: 500, shelf: 600 } as const
const PREFIXES = { customer: 'cus', product: 'prd', order: 'ord', orderLine: 'line', warehouse: 'whs', shelf: 'shelf' } as const
const TABLES = Object.keys(FROM) as readonly (keyof typeof FROM)[]

export function ordersWorld(open: OpenSurface): WorldOptions {
  return { app, open, fill, tokens }
}

export const ORDERS_POOL: Pool = {
  domain: app.domain,
  actors: ['nobody', 'manager', 'manager', 'clerk', 'clerk', 'customer', 'forged'],
  ids: Object.fromEntries(
    TABLES.map((table) => [table, Array.from({ length: COUNT }, (_, at) => fixedId(PREFIXES[table], FROM[table] + at))]),
  ),
  words: ['Difference', 'Ada', 'engine'],
}

function tokens(service: TestService): Readonly<Record<string, string>> {
  const customer = service.token('customer', fixedId('cus', FROM.customer))
  return {
    manager: service.token('manager', fixedId('usr', 1)),
    clerk: service.token('clerk', fixedId('usr', 2)),
    customer,
    forged: `${customer.slice(0, -4)}AAAA`,
  }
}

async function fill(sql: PlainConnection): Promise<void> {
  const standard = `created_at, updated_at, version, deleted_at`
  const values = (at: number): readonly unknown[] => [at, at === COUNT - 1 ? '2021-03-01' : null]
  const moments = `'2021-01-01T00:00:00Z'::timestamptz + $1::integer / 3 * interval '1 minute', '2021-01-01', 1, $2::timestamptz`
  const id = (table: keyof typeof FROM, at: number) => fixedUuid(FROM[table] + (at % COUNT))
  for (let at = 0; at < COUNT; at++) {
    await sql.query(
      `INSERT INTO customers (${standard}, id, name, email, address, website, born_on, is_business, tags, credit_limit)
       VALUES (${moments}, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [...values(at), id('customer', at), at % 2 === 0 ? 'Ada Lovelace' : `Somebody ${at}`, `customer${at}@example.com`]
        .concat([
          JSON.stringify({ street: `Street ${at}`, city: 'London', country: 'GB' }),
          at % 3 === 0 ? 'https://example.com/' : null,
        ])
        .concat([at % 2 === 0 ? '1815-12-10' : null, at % 4 === 0, at % 2 === 0 ? ['red', 'x,y "z"'] : [], `${at * 100}.50`]),
    )
    await sql.query(
      `INSERT INTO products (${standard}, id, sku, name, price, cost, stock, is_available, launched_on, manual, tags, sizes, attributes)
       VALUES (${moments}, $3, $4, $5, $6, $7, $8, $9, $10, null, $11, $12, $13)`,
      [...values(at), id('product', at), `SKU-${at}`, `Difference engine ${at % 3}`, `${at}.10`, at % 2 === 0 ? '1.2345' : null]
        .concat([at % 3 === 0 ? '9007199254740991' : String(at), at % 4 !== 3, at % 2 === 0 ? '2020-02-29' : null])
        .concat([['new'], ['1.5', '10.0'], JSON.stringify({ wheels: at, colours: ['brass'], deep: { a: null } })]),
    )
    await sql.query(
      `INSERT INTO orders (${standard}, id, customer_id, status, shipping_address, total, due_on, shipped_at, tags)
       VALUES (${moments}, $3, $4, $5, $6, $7, $8, null, '{}')`,
      [...values(at), id('order', at), id('customer', at % 3), at % 3 === 2 ? 'submitted' : 'open']
        .concat([JSON.stringify({ street: 'S', city: 'C', country: 'DE' }), at % 3 === 2 ? '12345678901234567.89' : null])
        .concat([at % 2 === 0 ? '2030-01-01' : null]),
    )
    await sql.query(
      `INSERT INTO order_lines (${standard}, id, order_id, product_id, quantity, unit_price, note) VALUES (${moments}, $3, $4, $5, $6, '0.10', null)`,
      [...values(at), id('orderLine', at), id('order', at % 4), id('product', at % 5), at + 1],
    )
    await sql.query(`INSERT INTO warehouses (${standard}, id, name, country, capacity) VALUES (${moments}, $3, $4, $5, $6)`, [
      ...values(at),
      id('warehouse', at),
      `Warehouse ${at}`,
      ['DE', 'GB', 'US'][at % 3],
      '5000000000',
    ])
    await sql.query(`INSERT INTO shelves (${standard}, id, warehouse_id, code) VALUES (${moments}, $3, $4, $5)`, [
      ...values(at),
      id('shelf', at),
      id('warehouse', at % 3),
      `A${at % 5}`,
    ])
  }
}
