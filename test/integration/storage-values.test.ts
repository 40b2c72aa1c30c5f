import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RequestContext } from '../../src/engine/index.ts'
import { parseJson } from '../../src/kernel/index.ts'
import { Misfit } from '../../src/model/index.ts'
import { ordersApp as orders } from '../domains/orders/app.ts'
import { actorOf, contextOf, fieldOf, newId, openStorage, type Storage, valuesOf } from './storage-kit.ts'

/**
 * Text that has broken programs: quotes of SQL, arrays and JSON, scripts of all directions, characters that are no characters.
 */
const HOSTILE = [
  '',
  ' ',
  '  two  ',
  "'",
  '"',
  "''; DROP TABLE products; --",
  '\\',
  '\\\\',
  '\\u0000',
  '\\x41',
  '%',
  '_',
  '{',
  '}',
  '{}',
  '{"a"}',
  ',',
  'NULL',
  'null',
  'undefined',
  'true',
  '$1',
  '$$',
  '$'.concat('{x}'),
  '`',
  '(1)',
  '\t',
  '\n',
  '\r\n',
  '\u0001\u001f\u007f',
  '\u0085\u2028\u2029',
  '\ufeff',
  '\u00a0',
  'é',
  'e\u0301',
  'Å',
  'ﬀ',
  'İi',
  'ß',
  'Ω≈ç√∫',
  '田中さん',
  '社會科學院',
  '한국어',
  'שלום',
  'مرحبا',
  '\u202eevil',
  '\u200f\u200e',
  '\u200b',
  'Z͑ͫ̓a̴l̷g̵o',
  '😀',
  '👩‍👩‍👧‍👦',
  '🇬🇧',
  '👍🏽',
  '𝒳𝒴',
  '\u{10ffff}',
  '\ufffd',
  '<script>alert(1)</script>',
  '-1',
  '1e309',
  '00',
  '../../etc/passwd',
  '{{7*7}}',
  'a'.repeat(100),
] as const

let storage: Storage
let manager: RequestContext
beforeAll(async () => {
  storage = await openStorage(orders)
  manager = contextOf(actorOf(orders, 'manager'))
})
afterAll(() => storage.stop())

const character = fc.string({ unit: 'binary', maxLength: 100 }).filter((text) => text.isWellFormed() && !text.includes('\0'))
const hostile = fc.oneof(fc.constantFrom(...HOSTILE), character)
const within = (max: number, min = 0) =>
  hostile.map((text) => [...text].slice(0, max).join('')).filter((text) => [...text].length >= min)
const cents = (digits: number, scale: number) =>
  fc.bigInt({ min: 0n, max: 10n ** BigInt(digits) - 1n }).map((units) => {
    const text = units.toString().padStart(scale + 1, '0')
    return scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`
  })
const day = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map((moment) => moment.toISOString().slice(0, 10))
// What JSON keeps: it has no −0. What it may not hold here (NUL, lone surrogates, __proto__) the kind refuses below.
const jsonValue = fc
  .dictionary(within(20), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
  .map((value) => parseJson(JSON.stringify(value)) as object)

const product = fc.record({
  name: within(100, 1),
  price: cents(12, 2),
  cost: fc.option(cents(12, 4), { nil: null }),
  stock: fc.oneof(fc.constantFrom(0, 2_147_483_647, 2_147_483_648, Number.MAX_SAFE_INTEGER), fc.nat()),
  isAvailable: fc.boolean(),
  launchedOn: fc.option(day, { nil: null }),
  manual: fc.option(fc.webUrl(), { nil: null }),
  tags: fc.array(within(30), { maxLength: 12 }),
  sizes: fc.array(cents(6, 1), { maxLength: 10 }),
  attributes: jsonValue,
})

test('values of every kind come back from the database exactly as they were read from the client', async () => {
  const model = storage.resource('product')
  const { engine } = storage
  let made = 0
  await fc.assert(
    fc.asyncProperty(product, product, async (first, second) => {
      // As a client would send them: what the kinds refuse never reaches the database.
      const accepts = (sent: object): boolean =>
        Object.entries(sent).every(
          ([name, value]) => value === null || !(fieldOf(model, name).kind.read(value) instanceof Misfit),
        )
      fc.pre(accepts(first) && accepts(second))
      const read = (json: string) => {
        const printed = parseJson(json) as Record<string, unknown>
        return Object.fromEntries(Object.keys(first).map((name) => [name, printed[fieldOf(model, name).column]]))
      }

      const created = await engine
        .resource('product')
        .create(manager, { values: valuesOf(model, { sku: `S-${++made}`, ...first }, true) })
      expect(read(created.json)).toEqual(first)
      const changed = await engine
        .resource('product')
        .update(manager, { id: created.id, values: valuesOf(model, second), expectedVersion: 1 })
      expect(read(changed.json)).toEqual(second)
      expect(read((await engine.resource('product').get(manager, { id: created.id })).json)).toEqual(second)
    }),
    { numRuns: 300 },
  )
}, 120_000)

test('each hostile text is stored, found by search and given back', async () => {
  const model = storage.resource('product')
  const texts = HOSTILE.filter((text) => text.length > 0 && [...text].length <= 100)
  for (const [at, name] of texts.entries()) {
    const values = valuesOf(model, { sku: `H-${at}`, name, price: '1.00', tags: [name.slice(0, 1), '', 'NULL', '"', '\\'] }, true)
    const { id } = await storage.engine.resource('product').create(manager, { values })
    const [row] = await storage.sql.query<{ name: string; tags: string[] }>('SELECT name, tags FROM products WHERE id = $1', [id])

    expect(row?.name).toBe(name)
    const page = await storage.engine
      .resource('product')
      .list(manager, { filters: [{ field: fieldOf(model, 'sku'), operator: 'eq', value: `H-${at}` }], search: name, limit: 5 })
    expect(
      page.records.map((record) => record.id),
      JSON.stringify(name),
    ).toEqual([id])
  }
})

test('a moment comes back to the millisecond, as a time with its zone', async () => {
  const model = storage.resource('order')
  const customer = newId()
  await storage.sql.query(
    `INSERT INTO customers (id, name, email, address, is_business, tags, credit_limit, created_at, updated_at, version) VALUES ($1, 'A', 'a@example.com', '{}', false, '{}', 0, now(), now(), 1)`,
    [customer],
  )
  await fc.assert(
    fc.asyncProperty(
      fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
      async (moment) => {
        const values = valuesOf(
          model,
          { customer, shippingAddress: { street: 'a', city: 'b', country: 'GB' }, shippedAt: moment },
          true,
        )

        const { json } = await storage.engine.resource('order').create(manager, { values })

        const { shipped_at: printed } = JSON.parse(json) as { shipped_at: string }
        expect(new Date(printed).getTime()).toBe(moment.getTime())
        expect(printed).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?\+00:00$/)
      },
    ),
    { numRuns: 200 },
  )
})
