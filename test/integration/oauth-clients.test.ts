/** Clients as those who run the service manage them: by command and by route, with the same refusals. */
// Proves OAU-01.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { openConnection } from '../../src/pg/index.ts'
import { appTemplate, type TestDatabase, testDatabase } from '../../src/testing/index.ts'
import { basic, type OAuthKit, oauthKit, post } from './oauth-kit.ts'

const LAUNCHER = join(import.meta.dirname, '../../bin/plinth.js')
const APP_FILE = join(import.meta.dirname, '../../examples/blog/app.ts')

describe('plinth clients', () => {
  let database: TestDatabase

  beforeAll(async () => {
    database = await testDatabase(await appTemplate(blog))
  })
  afterAll(() => database?.drop())

  function clients(...words: readonly string[]) {
    const env = {
      ...process.env,
      NODE_OPTIONS: '',
      DATABASE_URL: database.url,
      PLINTH_SECRET: 'a secret of the operator, of 48 characters or so',
    }
    return new Promise<{ readonly code: number; readonly text: string }>((resolve) => {
      execFile(process.execPath, [LAUNCHER, 'clients', ...words, '--app', APP_FILE], { env }, (error, out, complaint) =>
        resolve({ code: error === null ? 0 : Number(error.code), text: `${out}${complaint}` }),
      )
    })
  }

  test('registers a client, shows its secret once, and keeps a digest', async () => {
    const made = await clients('create', 'Nightly export', '--kind', 'service', '--scopes', 'posts:read users:read', '--json')
    const { id, secret } = JSON.parse(made.text) as { id: string; secret: string }
    const shown = await clients('show', id)
    const rotated = await clients('rotate-secret', id, '--json')
    const disabled = await clients('disable', id)
    const listed = await clients('list')

    expect(made.code).toBe(0)
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(shown.text).toContain('Nightly export')
    expect(shown.text).not.toContain(secret)
    expect((JSON.parse(rotated.text) as { secret: string }).secret).not.toBe(secret)
    expect(disabled.text).toContain('disabled since')
    expect(listed.text).toMatch(new RegExp(`${id}  Nightly export  service  disabled  posts:read users:read`))
    await using sql = await openConnection(database.url)
    const rows = await sql.query<{ line: string }>(
      'SELECT c::text AS line FROM plinth_oauth_clients c UNION ALL SELECT j::text FROM plinth_journal j',
    )
    expect(rows.map(({ line }) => line).join('\n')).not.toContain(secret)
    expect(rows.map(({ line }) => line).join('\n')).toContain('rotate-secret')
  }, 60_000)

  test('says in sentences what is wrong', async () => {
    const wrong = await clients(
      'create',
      'Web',
      '--kind',
      'web',
      '--redirect-uris',
      'http://a.example/ https://b.example/#x',
      '--scopes',
      'posts:explode',
    )
    const unknown = await clients('show', 'client_nobody')
    const empty = await clients('create', 'Web')

    expect(wrong).toEqual({
      code: 1,
      text: [
        'Cannot redirect to "http://a.example/": its scheme is "http", expected https',
        'Cannot redirect to "https://b.example/#x": it has a fragment, expected none',
        'Cannot lend the scope "posts:explode": the domain has no such permission',
        '',
      ].join('\n'),
    })
    expect(unknown).toEqual({ code: 1, text: 'There is no such client\n' })
    expect([empty.code, empty.text]).toEqual([2, expect.stringContaining('expected --kind')])
  }, 60_000)
})

describe('/auth/clients', () => {
  let kit: OAuthKit

  beforeAll(async () => {
    kit = await oauthKit()
  })
  afterAll(() => kit?.[Symbol.asyncDispose]())

  const ORDER = { name: 'Export', kind: 'service', scopes: ['posts:read'] }

  async function call(path: string, token: string | undefined, method = 'GET', body?: unknown) {
    const response = await fetch(`${kit.origin}/auth/clients${path}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
    return { status: response.status, headers: response.headers, json: (text === '' ? undefined : JSON.parse(text)) as any }
  }

  test('an admin registers a client, which then gets a token', async () => {
    const admin = await kit.token(await kit.person('admin'))

    const made = await call('', admin, 'POST', ORDER)
    const { id, secret } = made.json.data
    const token = await post(`${kit.origin}/oauth/token`, { grant_type: 'client_credentials' }, basic(id, secret))
    const shown = await call(`/${id}`, admin)
    const listed = await call('', admin)

    expect(made.status).toBe(201)
    expect(made.headers.get('location')).toBe(`/auth/clients/${id}`)
    expect(token.status).toBe(200)
    expect(shown.json.data).toMatchObject({ id, name: 'Export', kind: 'service', has_secret: true, disabled_at: null })
    expect(JSON.stringify([shown.json, listed.json])).not.toContain(secret)
    expect(listed.json.data.map((one: { id: string }) => one.id)).toContain(id)
  })

  test('an admin changes its secret, disables it and enables it again', async () => {
    const admin = await kit.token(await kit.person('admin'))
    const { id, secret } = (await call('', admin, 'POST', ORDER)).json.data
    const tokenStatus = async (one: string) =>
      (await post(`${kit.origin}/oauth/token`, { grant_type: 'client_credentials' }, basic(id, one))).status

    const next = (await call(`/${id}/secret`, admin, 'POST')).json.data.secret as string
    const [old, fresh] = [await tokenStatus(secret), await tokenStatus(next)]
    const off = (await call(`/${id}/suspension`, admin, 'PUT')).status
    const whileOff = await tokenStatus(next)
    const on = (await call(`/${id}/suspension`, admin, 'DELETE')).status

    expect([old, fresh, off, whileOff, on, await tokenStatus(next)]).toEqual([401, 200, 204, 401, 204, 200])
  })

  test('nobody and people without the permission are refused on every route', async () => {
    const editor = await kit.token(await kit.person('editor'))
    const routes: [string, string, unknown?][] = [
      ['', 'GET'],
      ['', 'POST', ORDER],
      ['/client_x', 'GET'],
      ['/client_x/secret', 'POST'],
      ['/client_x/suspension', 'PUT'],
      ['/client_x/suspension', 'DELETE'],
    ]

    for (const [path, method, body] of routes) {
      const statuses = [(await call(path, undefined, method, body)).status, (await call(path, editor, method, body)).status]
      expect([method, path, ...statuses]).toEqual([method, path, 401, 403])
    }
  })

  test('nobody lends what they do not have', async () => {
    const lender = await kit.oauth.clients.create(
      { name: 'Lender', kind: 'service', scopes: ['clients:write', 'posts:read'] },
      { actor: null, requestId: 'test' },
    )
    const { json } = await post(
      `${kit.origin}/oauth/token`,
      { grant_type: 'client_credentials' },
      basic(lender.client.id, lender.secret),
    )
    const strong = await kit.oauth.clients.create(
      { name: 'Strong', kind: 'service', scopes: ['users:write'] },
      { actor: null, requestId: 'test' },
    )

    const good = await call('', json.access_token, 'POST', ORDER)
    const bad = await call('', json.access_token, 'POST', { ...ORDER, scopes: ['posts:read', 'users:write'] })
    const theft = await call(`/${strong.client.id}/secret`, json.access_token, 'POST')

    expect([good.status, bad.status, theft.status]).toEqual([201, 400, 400])
    expect(bad.json.error.details).toEqual([expect.objectContaining({ field: 'scopes.1' })])
  })

  test('IDN-02: a change wants a fresh sign-in', async () => {
    const stale = await kit.token(await kit.person('admin'), 3_600)

    const answer = await call('', stale, 'POST', ORDER)

    expect([answer.status, answer.json.error.code]).toEqual([401, 'AUTH_STEP_UP_REQUIRED'])
    expect((await call('', stale)).status).toBe(200)
  })

  test('names every field that is wrong, as it is spelt on the wire', async () => {
    const admin = await kit.token(await kit.person('admin'))

    const answer = await call('', admin, 'POST', {
      name: 'Web',
      kind: 'web',
      redirect_uris: ['javascript:alert(1)'],
      scopes: ['posts:read'],
    })
    const odd = await call('', admin, 'POST', { ...ORDER, secret: 'mine' })

    expect(answer.json.error.details).toEqual([expect.objectContaining({ field: 'redirect_uris.0' })])
    expect(odd.status).toBe(400)
  })
})
