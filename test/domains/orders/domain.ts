/** A domain quite unlike the blog, for tests: orders taken by telephone, with lines, money, addresses and warehouses. */
import {
  belongsTo,
  boolean,
  choice,
  date,
  decimal,
  domain,
  email,
  hasMany,
  integer,
  json,
  list,
  permit,
  resource,
  secret,
  text,
  timestamp,
  url,
} from 'plinth'

export type Address = {
  readonly street: string
  readonly city: string
  readonly country: string
  readonly lines?: readonly string[]
}

const ADDRESS = {
  type: 'object',
  required: ['street', 'city', 'country'],
  properties: {
    street: { type: 'string', maxLength: 200 },
    city: { type: 'string', maxLength: 100 },
    country: { type: 'string', pattern: '^[A-Z]{2}$' },
    lines: { type: 'array', maxItems: 4, items: { type: 'string', maxLength: 100 } },
  },
  additionalProperties: false,
} as const

/** More lines than the action's code may hold at once are two orders. */
const LINES_MAX = 999

export const Customer = resource('customer', {
  idPrefix: 'cus',
  description: 'Whoever orders.',
  fields: {
    name: text({ min: 1, max: 120 }),
    email: email().unique().sensitive(),
    address: json(ADDRESS).sensitive(),
    website: url({ schemes: ['https'] }).optional(),
    bornOn: date().optional().sensitive(),
    isBusiness: boolean().default(false),
    tags: list(text({ max: 30 }), { max: 8 }).default([]),
    creditLimit: decimal({ digits: 14, scale: 2, min: '0' }).default('0.00').readableBy('manager').writableBy('manager'),
    passphrase: secret({ min: 4, max: 100 }).optional(),
  },
  relations: { orders: hasMany('order', { by: 'customer' }) },
  list: { sort: ['name', 'bornOn', '-creditLimit'], filter: ['email', 'isBusiness', 'bornOn', 'creditLimit'], search: ['name'] },
  policies: ({ actor, record }) => [
    permit('read').when(record.id.is(actor.id)),
    permit('read', 'create', 'update').to('clerk', 'manager'),
    permit('delete', 'restore', 'read-deleted').to('manager'),
  ],
})

export const Product = resource('product', {
  idPrefix: 'prd',
  description: 'Something that can be ordered.',
  fields: {
    sku: text({ min: 3, max: 20, pattern: /^[A-Z0-9-]+$/ })
      .unique()
      .immutable(),
    name: text({ min: 1, max: 100 }),
    price: decimal({ digits: 12, scale: 2, min: '0' }),
    cost: decimal({ digits: 12, scale: 4, min: '0' }).optional().readableBy('manager').writableBy('manager'),
    stock: integer({ min: 0 }).default(0),
    isAvailable: boolean().default(true),
    launchedOn: date().optional(),
    manual: url().optional(),
    tags: list(text({ max: 30 }), { max: 12 }).default([]),
    sizes: list(decimal({ digits: 6, scale: 1 }), { max: 10 }).default([]),
    attributes: json({ type: 'object', maxProperties: 50 }).default({}),
  },
  list: {
    sort: ['name', '-price', 'launchedOn', 'stock'],
    filter: ['sku', 'price', 'stock', 'isAvailable', 'launchedOn'],
    search: ['name'],
  },
  policies: ({ record }) => [
    permit('read').when(record.isAvailable.is(true)),
    permit('read').to('clerk', 'manager'),
    permit('create', 'update', 'delete', 'restore', 'read-deleted').to('manager'),
  ],
})

export const OrderLine = resource('orderLine', {
  idPrefix: 'line',
  description: 'So many of one product, at the price of the day.',
  fields: {
    order: belongsTo({ name: 'order', idPrefix: 'ord' }).immutable(),
    product: belongsTo(Product),
    quantity: integer({ min: 1, max: 10_000 }),
    unitPrice: decimal({ digits: 12, scale: 2, min: '0' }),
    note: text({ max: 500 }).optional(),
  },
  list: { sort: ['createdAt', 'quantity', '-unitPrice'], filter: ['order', 'product', 'quantity'] },
  policies: () => [permit('read', 'create', 'update', 'delete').to('clerk', 'manager')],
})

export const Order = resource('order', {
  idPrefix: 'ord',
  description: 'What a customer asked for, from the first call to the parcel.',
  fields: {
    customer: belongsTo(Customer).immutable(),
    status: choice(['open', 'submitted', 'shipped']).default('open').readOnly(),
    shippingAddress: json<Address>(ADDRESS),
    total: decimal({ digits: 20, scale: 2 })
      .optional()
      .readOnly()
      .describe('What is to be paid; known once the order is submitted.'),
    dueOn: date().optional(),
    shippedAt: timestamp().optional().readOnly(),
    carrier: text({ max: 60 }).optional().readOnly(),
    trackingUrl: url().optional().readOnly(),
    tags: list(text({ max: 30 }), { max: 8 }).default([]),
  },
  relations: { lines: hasMany('orderLine', { by: 'order' }) },
  list: { sort: ['-createdAt', 'dueOn', 'shippedAt', '-total'], filter: ['customer', 'status', 'dueOn', 'shippedAt', 'total'] },
  policies: ({ actor, record }) => [
    permit('read').when(record.customer.is(actor.id)),
    permit('read', 'create', 'submit', 'ship').to('clerk', 'manager'),
    permit('update').to('clerk').when(record.status.is('open')),
    permit('update', 'delete', 'restore', 'read-deleted').to('manager'),
  ],
  actions: (action) => ({
    submit: action({
      description: 'Closes the order and works out what it costs.',
      refusals: {
        CONFLICT_ORDER_NOT_OPEN: {
          message: 'Only an open order can be submitted',
          cure: 'Submit orders whose `status` is `open`.',
        },
        CONFLICT_ORDER_EMPTY: { message: 'The order has no lines', cure: 'Add a line, then submit again.' },
        CONFLICT_ORDER_TOO_LONG: { message: `The order has more than ${LINES_MAX} lines`, cure: 'Split the order.' },
      },
      async run({ record, store, refuse }) {
        if (record.status !== 'open') throw refuse('CONFLICT_ORDER_NOT_OPEN')
        const lines = await store.listBy(OrderLine, 'order', record.id, LINES_MAX + 1)
        if (lines.length === 0) throw refuse('CONFLICT_ORDER_EMPTY')
        if (lines.length > LINES_MAX) throw refuse('CONFLICT_ORDER_TOO_LONG')
        const cents = lines.reduce((sum, line) => sum + toCents(line.unitPrice) * BigInt(line.quantity), 0n)
        return store.update(record, { status: 'submitted', total: fromCents(cents) })
      },
    }),
    ship: action({
      description: 'Notes that the parcel has left.',
      input: {
        carrier: text({ min: 1, max: 60 }),
        trackingUrl: url({ schemes: ['https'] }).optional(),
        at: timestamp().optional(),
      },
      refusals: {
        CONFLICT_ORDER_NOT_SUBMITTED: { message: 'Only a submitted order can be shipped', cure: 'Submit the order first.' },
      },
      async run({ record, input, store, refuse, clock }) {
        if (record.status !== 'submitted') throw refuse('CONFLICT_ORDER_NOT_SUBMITTED')
        const shippedAt = input.at ?? new Date(clock.now())
        return store.update(record, {
          status: 'shipped',
          shippedAt,
          carrier: input.carrier,
          trackingUrl: input.trackingUrl ?? null,
        })
      },
    }),
  }),
})

export const Warehouse = resource('warehouse', {
  idPrefix: 'whs',
  description: 'Where the goods are. There are few, so their pages are numbered.',
  fields: {
    name: text({ min: 1, max: 60 }).unique(),
    country: choice(['DE', 'GB', 'US']),
    capacity: integer({ min: 0 }),
  },
  relations: { shelves: hasMany('shelf', { by: 'warehouse' }) },
  list: { sort: ['name', '-capacity'], filter: ['country', 'capacity'], pages: 'numbered', limitMax: 50 },
  policies: () => [permit('read').to('clerk', 'manager'), permit('create', 'update', 'delete').to('manager')],
})

export const Shelf = resource('shelf', {
  plural: 'shelves',
  idPrefix: 'shelf',
  fields: { warehouse: belongsTo(Warehouse).immutable(), code: text({ min: 1, max: 10 }) },
  list: { sort: ['code'], filter: ['warehouse'] },
  policies: () => [permit('read', 'create', 'delete').to('clerk', 'manager')],
})

/** `'12.50'` as 1250n: money is counted, not measured. */
function toCents(price: string): bigint {
  return BigInt(price.replace('.', ''))
}

function fromCents(cents: bigint): string {
  const digits = cents.toString().padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`
}

export const orders = domain({
  name: 'orders',
  roles: { manager: ['orders:write'], clerk: ['orders:write'], customer: [] },
  resources: [Customer, Product, Order, OrderLine, Warehouse, Shelf],
})
