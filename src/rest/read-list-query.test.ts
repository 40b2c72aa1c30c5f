// Proves API-04, API-06, DB-05.
import { describe, expect, test } from 'vitest'
import type { HttpRequest } from '../http/index.ts'
import { PlinthError } from '../kernel/index.ts'
import { type Actor, belongsTo, decimal, domain, integer, NOBODY, permit, resource, text } from '../model/index.ts'
import { emptyListQuery, type ListQuery, listParameters } from './read-list-query.ts'

const Shop = resource('shop', {
  fields: { name: text({ max: 40 }) },
  list: { pages: 'numbered', filter: ['name'], limitDefault: 10, limitMax: 50 },
  policies: () => [permit('read')],
})
const Item = resource('item', {
  fields: {
    shop: belongsTo(Shop),
    label: text({ max: 40 }),
    stock: integer({ min: 0, max: 1_000 }),
    cost: decimal({ digits: 8, scale: 2 }).readableBy('buyer'),
    supplier: text({ max: 40 }).readableBy('buyer'),
    note: text({ max: 40 }).optional(),
  },
  list: { filter: ['shop', 'stock', 'cost', 'note'], sort: ['label', 'cost'], search: ['label', 'supplier'] },
  policies: () => [permit('read')],
})
const items = domain({ name: 'shops', roles: { buyer: [] }, resources: [Shop, Item] })
const BUYER: Actor = { ...NOBODY, kind: 'user', roles: ['buyer'] }

function read(name: 'shop' | 'item', query: Readonly<Record<string, string>>, actor: Actor = NOBODY): ListQuery {
  const model = items.resource(name)
  const request = { url: '/?', query, actor } as unknown as HttpRequest
  return listParameters(model).readInto(request, emptyListQuery(model))
}

function refusal(name: 'shop' | 'item', query: Readonly<Record<string, string>>, actor?: Actor): string {
  try {
    read(name, query, actor)
  } catch (error) {
    if (error instanceof PlinthError) return error.details.map(({ field, code }) => `${field} ${code}`).join(', ')
    throw error
  }
  return 'accepted'
}

describe('the query of a list', () => {
  test('reads typed filters, several of one field too', () => {
    const { filters } = read('item', { 'stock[gte]': '5', 'stock[lt]': '9', 'stock[in]': '6,7' })

    expect(filters.map(({ field, operator, value }) => [field.name, operator, value])).toEqual([
      ['stock', 'gte', 5],
      ['stock', 'lt', 9],
      ['stock', 'in', [6, 7]],
    ])
  })

  test('asks about null only where null can be', () => {
    expect(read('item', { 'note[null]': 'true' }).filters[0]?.value).toBe(true)
    expect(refusal('item', { 'stock[null]': 'true' })).toBe('stock[null] unknown')
  })

  test('hides what the caller may not read from filter, sort and search', () => {
    expect(refusal('item', { cost: '1.00', sort: 'cost', q: 'xyz' })).toBe('cost unknown, sort unknown, q unknown')
    expect(refusal('item', { cost: '1.00', sort: 'cost', q: 'xyz' }, BUYER)).toBe('accepted')
  })

  test('a list is read by numbers or by cursor, never both', () => {
    expect(read('shop', { page: '3', per_page: '20' })).toMatchObject({ page: 3, limit: 20 })
    expect(refusal('shop', { cursor: 'x', limit: '5' })).toBe('cursor unknown, limit unknown')
    expect(refusal('item', { page: '1' })).toBe('page unknown')
    expect(refusal('shop', { page: '1000001' })).toBe('page out_of_range')
  })

  test('looks for three characters or more, however they are encoded', () => {
    expect(refusal('item', { q: '' }, BUYER)).toBe('q required')
    expect(refusal('item', { q: 'ab' }, BUYER)).toBe('q too_short')
    expect(refusal('item', { q: '😀😀' }, BUYER)).toBe('q too_short')
    expect(read('item', { q: 'abc' }, BUYER).search).toBe('abc')
    expect(read('item', { q: '😀'.repeat(200) }, BUYER).search).toBe('😀'.repeat(200))
    expect(refusal('item', { q: 'a'.repeat(201) }, BUYER)).toBe('q too_long')
  })

  test('bounds the values of one filter', () => {
    const values = (count: number): string => Array.from({ length: count }, () => '1').join()

    expect(refusal('item', { 'stock[in]': values(100) })).toBe('accepted')
    expect(refusal('item', { 'stock[in]': values(101) })).toBe('stock[in] too_many')
    expect(refusal('item', { 'stock[in]': '' })).toBe('stock[in] type')
  })
})
