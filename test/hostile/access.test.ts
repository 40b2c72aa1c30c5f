/**
 * What somebody may not see cannot be felt: the same requests before and after a hidden record is there give the same bytes, by every door. And
 * nobody sets what is not theirs to set, nor reaches what the service keeps for itself.
 */
// Proves SEC-01, ACC-03.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import domain from '../../examples/blog/domain.ts'
import { describeIdentityRoutes } from '../../src/auth/index.ts'
import { encodeTypeId, type Uuid } from '../../src/kernel/index.ts'
import type { FieldModel, ResourceModel } from '../../src/model/index.ts'
import { restRoutes } from '../../src/rest/index.ts'
import { type TestService, testService } from '../../src/testing/index.ts'
import { Caller, type Outcome } from '../chaos/caller.ts'
import { report, tally } from '../chaos/rounds.ts'
import { ordersApp } from '../domains/orders/app.ts'
import { ACCOUNTS, type HostileBlog, newPost, startHostileBlog, verdict } from './blog.ts'

const POSTS = '/api/v1/posts'
const USERS = '/api/v1/users'
const WHO = ['nobody', 'viewer', 'editor'] as const

let blog: HostileBlog
beforeAll(async () => {
  blog = await startHostileBlog()
})
afterAll(() => blog?.stop())

interface Probe {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const get = (path: string, headers: Readonly<Record<string, string>> = {}): Probe => ({ method: 'GET', path, headers })

/** Status, headers that tell of a record, and the body, without what differs from request to request. */
function felt({ status, headers, text, failure }: Outcome): string {
  const told = ['etag', 'location', 'last-modified', 'cache-control', 'content-length', 'link', 'retry-after'].map(
    (name) => headers[name],
  )
  return JSON.stringify([status, failure, told, text.replaceAll(/"request_id":"[^"]*"/g, '')])
}

async function feel(probes: readonly Probe[]): Promise<ReadonlyMap<string, string>> {
  const answers = new Map<string, string>()
  for (const who of WHO) {
    for (const probe of probes) {
      const { method, path, body, headers } = probe
      answers.set(`${who} ${method} ${path} ${JSON.stringify([body, headers])}`, felt(await blog[who].call(probe)))
    }
  }
  return answers
}

/** What was felt by at least one: the requests whose answers tell that something is there. */
function tellTales(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  return [...before].filter(([request, answer]) => after.get(request) !== answer).map(([request]) => request)
}

/** Every filter of a resource with these values, by all operators of its kind. */
function filtersOf(resource: ResourceModel, values: Readonly<Record<string, string>>): readonly string[] {
  return resource.list.filterable.flatMap((field) =>
    field.kind.operators.map((operator) => {
      const name = operator === 'eq' ? field.column : `${field.column}[${operator}]`
      const value = operator === 'null' ? 'false' : (values[field.column] ?? '')
      return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
    }),
  )
}

/** Every order of a resource, alone and after another. */
function sortsOf(resource: ResourceModel): readonly string[] {
  const keys = resource.list.sortable.flatMap(({ column }) => [column, `-${column}`])
  return [
    ...keys,
    ...keys.flatMap((one) => keys.filter((two) => !two.endsWith(one.replace('-', ''))).map((two) => `${one},${two}`)),
  ]
}

const MOMENT = '2026-03-04T05:06:07.890Z'

/** A record before it is there: all that an attacker could guess of it. */
interface Hidden {
  readonly id: Uuid
  readonly author: string
  readonly title: string
  readonly state: 'draft' | 'archived' | 'deleted'
}

const hiddenPost = (state: Hidden['state']): Hidden => ({
  id: randomUUID().replace(/^(.{14})4/, '$17') as Uuid,
  author: ACCOUNTS.admin,
  title: `Zanzibar quagga ${state}`,
  state,
})

async function insert({ id, title, state }: Hidden): Promise<void> {
  await blog.sql(
    `INSERT INTO posts (id, author_id, title, body, status, published_at, created_at, updated_at, version, deleted_at)
SELECT $1, id, $2, 'hidden', $3, $4, $4, $4, 1, $5 FROM users WHERE email = 'admin@example.com'`,
    [id, title, state === 'deleted' ? 'published' : state, new Date(MOMENT), state === 'deleted' ? new Date(MOMENT) : null],
  )
}

function probesOf(hidden: Hidden): readonly Probe[] {
  const post = domain.resource('post')
  const id = encodeTypeId('post', hidden.id)
  const own = `${USERS}/${hidden.author}/posts`
  const values = {
    author_id: hidden.author,
    status: hidden.state === 'deleted' ? 'published' : hidden.state,
    created_at: MOMENT,
    published_at: MOMENT,
  }
  const words = hidden.title.split(' ')
  const queries = [
    '',
    ...filtersOf(post, values),
    ...sortsOf(post).map((sort) => `sort=${sort}`),
    ...[...words, hidden.title, hidden.title.slice(0, 3), hidden.title.toLowerCase()].map(
      (word) => `q=${encodeURIComponent(word)}`,
    ),
    ...post.fields.map(({ column }) => `fields=${column}`),
    'limit=1&sort=created_at',
    'limit=1&sort=-title',
    'include_deleted=true',
    'include_deleted=false',
    `status=${values.status}&author_id=${hidden.author}&q=Zanzibar`,
  ]
  const tags = ['*', '"1"', '"2"', 'W/"1"', '"1", "2"']
  return [
    ...[POSTS, own, `${USERS}/${ACCOUNTS.editor}/posts`].flatMap((path) => queries.map((query) => get(`${path}?${query}`))),
    ...[`${POSTS}/${id}`, `${own}/${id}`, `${USERS}/${ACCOUNTS.editor}/posts/${id}`].flatMap((path): readonly Probe[] => [
      get(path),
      { method: 'HEAD', path },
      ...['fields=id', 'fields=title', 'include_deleted=true'].map((query) => get(`${path}?${query}`)),
      ...tags.map((tag) => get(path, { 'if-none-match': tag })),
      ...[{}, { 'if-match': '*' }, ...tags.map((tag) => ({ 'if-match': tag }))].flatMap((headers): readonly Probe[] => [
        { method: 'PATCH', path, body: { title: 'Mine' }, headers },
        { method: 'PUT', path, body: newPost(), headers },
        { method: 'DELETE', path, headers },
      ]),
    ]),
    ...['publish', 'restore'].flatMap((act): readonly Probe[] =>
      [{}, { 'if-match': '"1"' }, { 'if-match': '"9"' }, { 'idempotency-key': `guess-${hidden.state}` }].map((headers) => ({
        method: 'POST',
        path: `${POSTS}/${id}/${act}`,
        body: {},
        headers,
      })),
    ),
  ]
}

describe("SEC-01 another's record", () => {
  test.each(['draft', 'archived', 'deleted'] as const)('cannot be felt by whoever may not read it: %s', async (state) => {
    const hidden = hiddenPost(state)
    const probes = probesOf(hidden)

    const before = await feel(probes)
    await insert(hidden)
    const [stored] = await blog.sql('SELECT * FROM posts WHERE id = $1', [hidden.id])
    const after = await feel(probes)

    report('A1 oracles', { state, requests: before.size, 'that tell': tellTales(before, after).length })
    expect(tellTales(before, after)).toEqual([])
    expect(
      [...after.values()].filter(
        (answer) => answer.includes(encodeTypeId('post', hidden.id).slice(5)) && answer.startsWith('[2'),
      ),
    ).toEqual([])
    expect(await blog.sql('SELECT * FROM posts WHERE id = $1', [hidden.id])).toEqual([stored])
  })

  test('is felt by whoever may read it, by the same requests', async () => {
    const hidden = hiddenPost('draft')
    const probes = probesOf(hidden).filter(({ method }) => method === 'GET')
    const ask = async (): Promise<readonly string[]> =>
      Promise.all(probes.map(async (probe) => felt(await blog.admin.call(probe))))

    const before = await ask()
    await insert(hidden)
    const after = await ask()

    expect(before.filter((answer, at) => answer !== after[at]).length).toBeGreaterThan(40)
  })

  test('is not reached by a cursor that its owner made for the same list', async () => {
    const hidden = [hiddenPost('draft'), hiddenPost('draft'), hiddenPost('archived')]
    for (const one of hidden) await insert(one)
    for (let number = 0; number < 4; number++)
      await blog.editor.call({ method: 'POST', path: POSTS, body: newPost({ title: `Zebra ${number}`, status: 'published' }) })
    const seen: string[] = []
    let cursors = 0
    for (const list of [
      `${POSTS}?limit=1&sort=title`,
      `${POSTS}?limit=1&sort=-created_at`,
      `${USERS}/${ACCOUNTS.admin}/posts?limit=1`,
    ]) {
      for (let path = list, pages = 0; pages < 30; pages++) {
        const page = await blog.admin.call({ path })
        const { cursor } = page.json.meta
        if (cursor === null || cursor === undefined) break
        path = `${list}&cursor=${cursor}`
        cursors += 1
        for (const who of WHO) {
          const answer = await blog[who].call({ path })
          if (answer.status === 200) seen.push(...answer.json.data.map(({ id }: { readonly id: string }) => id))
        }
      }
    }

    expect(cursors).toBeGreaterThan(10)
    expect(seen.length).toBeGreaterThan(10)
    for (const { id } of hidden) expect(seen).not.toContain(encodeTypeId('post', id))
  })

  test("account cannot be felt either: its address, its name, its role, its author's page", async () => {
    const id = randomUUID().replace(/^(.{14})4/, '$17') as Uuid
    const subject = encodeTypeId('usr', id)
    const email = 'hidden.person@example.com'
    const user = domain.resource('user')
    const queries = [
      '',
      ...filtersOf(user, { email, role: 'viewer', created_at: MOMENT }),
      ...sortsOf(user).map((sort) => `sort=${sort}`),
      'q=Hidden',
      'q=person',
      'limit=1',
      'include_deleted=true',
      ...user.fields.map(({ column }) => `fields=${column}`),
    ]
    const probes: readonly Probe[] = [
      ...queries.map((query) => get(`${USERS}?${query}`)),
      ...['', '?fields=email', '?fields=password', '?include_deleted=true'].map((query) => get(`${USERS}/${subject}${query}`)),
      ...['*', '"1"'].map((tag) => get(`${USERS}/${subject}`, { 'if-none-match': tag })),
      get(`${USERS}/${subject}/posts`),
      get(`${POSTS}?author_id=${subject}`),
      { method: 'PATCH', path: `${USERS}/${subject}`, body: { display_name: 'Mine' } },
      { method: 'PATCH', path: `${USERS}/${ACCOUNTS.viewer}`, body: { email } },
      { method: 'POST', path: USERS, body: { email, display_name: 'Twin' } },
      { method: 'DELETE', path: `${USERS}/${subject}` },
      { method: 'POST', path: `${USERS}/${subject}/restore`, body: {} },
      { method: 'POST', path: POSTS, body: newPost({ author_id: subject }) },
      { method: 'POST', path: `${USERS}/${subject}/posts`, body: { title: 'In the name of another', body: '' } },
      { method: 'PATCH', path: `${POSTS}/${blog.postId}`, body: { author_id: subject } },
      ...['sessions', 'suspension', `sessions/${id}`].flatMap((path) =>
        ['GET', 'PUT', 'DELETE'].map((method) => ({ method, path: `/auth/accounts/${subject}/${path}` })),
      ),
    ]

    const before = await feel(probes)
    await blog.sql(
      `INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ($1, $2, 'Hidden person', 'viewer', $3, $3, 1)`,
      [id, email, new Date(MOMENT)],
    )
    const after = await feel(probes)

    report('A1 oracles', { state: 'account', requests: before.size, 'that tell': tellTales(before, after).length })
    expect(tellTales(before, after)).toEqual([])
  })

  test('is not given by an idempotency key that its owner used', async () => {
    const headers = { 'idempotency-key': 'the-key-of-the-admin' }
    const body = newPost({ author_id: ACCOUNTS.admin, title: 'Kept by its key' })
    const first = await blog.admin.call({ method: 'POST', path: POSTS, body, headers })

    const answers = await Promise.all(WHO.map((who) => blog[who].call({ method: 'POST', path: POSTS, body, headers })))

    expect(first.status).toBe(201)
    expect(answers.map(({ status }) => status)).toEqual([401, 403, 403])
    expect(answers.map(({ headers: got }) => got['idempotency-replayed'])).toEqual([undefined, undefined, undefined])
  })
})

describe('ACC-03 a field that the caller may not see', () => {
  let orders: TestService
  beforeAll(async () => {
    orders = await testService({ app: ordersApp })
  })
  afterAll(() => orders?.stop())

  const NAMES = (column: string): readonly string[] => [
    column,
    ...['ne', 'gt', 'gte', 'lt', 'lte', 'in', 'null', 'like', 'contains'].map((operator) => `${column}[${operator}]`),
    `${column}.x`,
    `x.${column}`,
    column.replace(/_./, (two) => two.charAt(1).toUpperCase()),
  ]

  /** The requests by which a field could be asked about, with some value. */
  function questions(path: string, column: string, value: string): readonly string[] {
    return [
      ...NAMES(column).map((name) => `${path}?${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
      ...[column, `-${column}`, `id,${column}`].map((sort) => `${path}?sort=${sort}`),
      `${path}?fields=${column}`,
      `${path}?fields=id,${column}`,
      `${path}?q=${encodeURIComponent(value.padEnd(3, '0'))}`,
    ]
  }

  const isHidden = (field: FieldModel, role: string): boolean =>
    !field.rules.isOutput || (field.rules.readableBy !== undefined && !field.rules.readableBy.includes(role))

  const PRIVATE = [
    ...domain.resources.flatMap((resource) => resource.fields.map((field) => ({ app: 'blog' as const, resource, field }))),
    ...ordersApp.domain.resources.flatMap((resource) =>
      resource.fields.map((field) => ({ app: 'orders' as const, resource, field })),
    ),
  ].filter(({ field, app }) => isHidden(field, app === 'blog' ? 'admin' : 'clerk'))

  test('answers the same for a value that is there and one that is not, and as if there were no such field', async () => {
    const customer = await orders.request('/api/v1/customers', {
      method: 'POST',
      token: orders.token('manager'),
      body: {
        name: 'Rich',
        email: 'rich@example.com',
        address: { street: '1 High Street', city: 'York', country: 'GB' },
        credit_limit: '9000.00',
        passphrase: 'open sesame',
      },
    })
    expect(customer.status).toBe(201)
    using clerk = new Caller(orders.origin, { token: orders.token('clerk') })
    const telling: string[] = []
    const answers: string[] = []
    for (const { app, resource, field } of PRIVATE) {
      const caller = app === 'blog' ? blog.admin : clerk
      const path = `/api/v1/${resource.segment}`
      const unknown = 'q'.repeat(field.column.length)
      const there = field.column === 'credit_limit' ? '9000.00' : 'open sesame'
      const real = questions(path, field.column, there)
      const others = questions(path, field.column, '1.00')
      const none = questions(path, unknown, there)
      for (const [at, question] of real.entries()) {
        const [one, two, three] = await Promise.all(
          [question, others[at] ?? '', none[at] ?? ''].map((asked) => caller.call({ path: asked })),
        )
        if (one === undefined || two === undefined || three === undefined) throw new Error('Cannot compare')
        answers.push(verdict(one))
        const bare = ({ status, text }: Outcome): string =>
          JSON.stringify([status, text.replaceAll(/"(?:request_id|self|next|prev)":"[^"]*"/g, '')])
        if (bare(one) !== bare(two)) telling.push(`${question}: by its value`)
        // But for the hint, which looks for names that are near.
        const camel = field.column.replace(/_./, (pair) => pair.charAt(1).toUpperCase())
        if (verdict(one).replaceAll(field.column, '*').replaceAll(camel, '*') !== verdict(three).replaceAll(unknown, '*'))
          telling.push(`${question}: by its name`)
      }
    }

    report('A2 private fields', {
      fields: PRIVATE.length,
      questions: answers.length,
      answers: tally(answers.map((answer) => answer.slice(0, 3))),
    })
    expect(PRIVATE.map(({ resource, field }) => `${resource.name}.${field.name}`)).toEqual(
      expect.arrayContaining(['user.password', 'customer.creditLimit', 'customer.passphrase', 'product.cost']),
    )
    expect(telling).toEqual([])
  })

  test('is not named by the hint to a misspelt name', async () => {
    using clerk = new Caller(orders.origin, { token: orders.token('clerk') })
    for (const query of ['sort=credit_limi', 'fields=credit_limi', 'credit_limi=1', 'sort=-credit_limitt', 'fields=passphras']) {
      const { status, text } = await clerk.call({ path: `/api/v1/customers?${query}` })

      expect(status).toBe(400)
      expect(text).not.toMatch(/credit_limit(?!t)|passphrase/)
    }
  })
})

describe('SEC-01 a body', () => {
  const POISON = [
    'id',
    'version',
    'created_at',
    'updated_at',
    'deleted_at',
    'is_admin',
    'permissions',
    'tenant_id',
    '__proto__',
    'constructor',
    'prototype',
  ]
  const everything = () =>
    blog.sql('SELECT (SELECT json_agg(p ORDER BY id) FROM posts p)::text, (SELECT json_agg(u ORDER BY id) FROM users u)::text')

  test('sets nothing but what the operation takes, in any operation of the service', async () => {
    const { accounts } = domain
    const fill = (path: string): string =>
      path
        .replace('/posts/:id', `/posts/${blog.postId}`)
        .replace('/users/:id', `/users/${ACCOUNTS.editor}`)
        .replace(':post_id', blog.postId)
        .replace(':id', ACCOUNTS.viewer)
    const operations = [
      ...restRoutes(domain).filter(({ method }) => method === 'POST' || method === 'PATCH' || method === 'PUT'),
      ...(accounts === undefined ? [] : describeIdentityRoutes(accounts).filter(({ input }) => input !== undefined)),
    ]
    const before = await everything()
    const found: string[] = []
    for (const { method, path } of operations) {
      const isUser = path.startsWith(`${USERS}/:id`) && !path.includes('posts') && method !== 'POST'
      for (const field of [
        ...POISON,
        ...(isUser ? ['password'] : []),
        ...(path.includes('posts') ? ['role', 'published_at'] : []),
      ]) {
        // As text, since an object literal would lose `__proto__`.
        const answer = await blog.admin.call({ method, path: fill(path), body: `{"${field}":{"role":"admin"}}` })
        found.push(verdict(answer).split(' ').slice(0, 2).join(' '))
        const named = (answer.json?.error?.details ?? []).map((detail: { readonly field: string }) =>
          detail.field.replaceAll(/([A-Z])/g, (letter) => `_${letter.toLowerCase()}`),
        )
        expect([method, path, field, answer.status, named.includes(field)]).toEqual([method, path, field, 400, true])
      }
    }

    report('A3 mass assignment', { operations: operations.length, requests: found.length, answers: tally(found) })
    expect(operations.length).toBeGreaterThan(25)
    expect(await everything()).toEqual(before)
    expect(({} as { role?: string }).role).toBeUndefined()
  })
})

describe('SEC-01 what the service keeps for itself', () => {
  test('has no address for anybody', async () => {
    const tables = await blog.sql<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname LIKE 'plinth%'",
    )
    const found: string[] = []
    const names = tables.flatMap(({ name }) => {
      const bare = name.replace('plinth_', '')
      return [
        name,
        name.replaceAll('_', '-'),
        name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
        bare,
        bare.replaceAll('_', '-'),
      ]
    })
    for (const who of [...WHO, 'admin'] as const) {
      for (const name of new Set(names)) {
        for (const path of [
          `/api/v1/${name}`,
          `/api/v1/${name}/${ACCOUNTS.admin}`,
          `/${name}`,
          `${USERS}/${ACCOUNTS.admin}/${name}`,
        ]) {
          for (const method of ['GET', 'POST', 'PATCH', 'DELETE'])
            found.push(verdict(await blog[who].call({ method, path, ...(method !== 'GET' && { body: {} }) })))
        }
      }
    }

    report('A22 internal tables', { tables: tables.length, requests: found.length, answers: tally(found) })
    expect(tables.length).toBeGreaterThan(8)
    expect(new Set(found)).toEqual(new Set(['404 NOT_FOUND_ROUTE']))
  })
})
