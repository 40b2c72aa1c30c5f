import { describe, expect, test } from 'vitest'
import { domain } from './domain.ts'
import { belongsTo, integer, text, timestamp } from './fields.ts'
import { permit } from './permit.ts'
import { hasMany, resource } from './resource.ts'

const refusals = { CONFLICT_ORDER_CLOSED: { message: 'The order is closed', cure: 'Open another.' } }

const Order = resource('order', {
  idPrefix: 'ord',
  fields: { number: text({ max: 20 }).unique(), closedAt: timestamp().optional().readOnly() },
  relations: { openLines: hasMany('orderLine', { by: 'order' }) },
  list: { sort: ['-closedAt', 'number'], limitMax: 10 },
  policies: () => [permit('read', 'close', 'update')],
  actions: (action) => ({
    close: action({ refusals, run: async ({ record }) => record }),
    markPaid: action({
      verb: 'update',
      refusals,
      input: { by: belongsTo({ name: 'order', idPrefix: 'ord' }) },
      run: async ({ record }) => record,
    }),
  }),
})
const OrderLine = resource('orderLine', {
  idPrefix: 'line',
  fields: { amount: integer(), order: belongsTo(Order) },
  policies: () => [permit('read')],
})
const shop = domain({ name: 'shop', resources: [Order, OrderLine] })

describe('domain()', () => {
  test('spells each name in the custom of each surface', () => {
    expect(shop.resource('orderLine')).toMatchObject({
      plural: 'orderLines',
      typeName: 'OrderLine',
      table: 'order_lines',
      segment: 'order-lines',
      idPrefix: 'line',
    })
  })

  test('gives each resource its standard fields, keys in front', () => {
    expect(shop.resource('orderLine').fields.map((field) => field.column)).toEqual([
      'id',
      'order_id',
      'amount',
      'created_at',
      'updated_at',
      'version',
      'deleted_at',
    ])
    expect(shop.resource('orderLine').fields.map((field) => field.position)).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(shop.resource('orderLine').fieldsByName.get('order')).toMatchObject({
      publicName: 'orderId',
      column: 'order_id',
      isStandard: false,
    })
    expect(shop.resource('orderLine').fieldsByColumn.get('deleted_at')?.rules).toMatchObject({ isOutput: false, input: 'none' })
  })

  test('derives lists: the first key is the order, and limits never contradict', () => {
    const { list } = shop.resource('order')

    expect([list.defaultSort.field.name, list.defaultSort.isDescending]).toEqual(['closedAt', true])
    expect(list.sortable.map((field) => field.name)).toEqual(['closedAt', 'number'])
    expect([list.limitDefault, list.limitMax, list.pages]).toEqual([10, 10, 'cursor'])
    expect(shop.resource('orderLine').list).toMatchObject({
      limitDefault: 20,
      limitMax: 100,
      defaultSort: { isDescending: true },
    })
  })

  test('derives actions and children with their paths', () => {
    const order = shop.resource('order')

    expect(order.actions.map(({ name, segment, verb }) => [name, segment, verb])).toEqual([
      ['close', 'close', 'close'],
      ['markPaid', 'mark-paid', 'update'],
    ])
    expect(order.actions[1]?.input.map((field) => field.column)).toEqual(['by_id'])
    expect(order.children.map(({ segment, resource, by }) => [segment, resource.name, by.column])).toEqual([
      ['open-lines', 'orderLine', 'order_id'],
    ])
  })

  test('lists a refusal that two actions share once', () => {
    expect(shop.refusals.map(({ code, status }) => [code, status])).toEqual([['CONFLICT_ORDER_CLOSED', 422]])
  })

  test('tells which resources there are when asked for another', () => {
    expect(() => shop.resource('orders')).toThrow(
      'Cannot find resource "orders": the domain "shop" has none of this name, expected one of order, orderLine',
    )
  })

  test.each([
    ['post', 'posts'],
    ['category', 'categories'],
    ['day', 'days'],
    ['box', 'boxes'],
    ['address', 'addresses'],
    ['branch', 'branches'],
  ])('the plural of %s is %s', (name, plural) => {
    expect(resource(name, { fields: {}, policies: () => [] }).plural).toBe(plural)
  })
})
