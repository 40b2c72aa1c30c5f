/** Step-up over the wire: who shows nothing new is told so in the words of RFC 9470, and of hidden records nothing is told. */
// Proves ACC-03, IDN-02.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { app } from '../../src/app/index.ts'
import { all, belongsTo, choice, domain, permit, resource, text, timestamp } from '../../src/model/index.ts'
import { type TestAnswer, type TestService, testService } from '../../src/testing/index.ts'

const ISSUER = 'https://id.example'
const ADA = 'usr_01h455vb4pex5vsknk084sn02q'
const BOB = 'usr_01h455vb4pex5vsknk084sn02r'

const User = resource('user', {
  idPrefix: 'usr',
  fields: { email: text({ max: 100 }), displayName: text({ max: 100 }), role: choice(['admin', 'editor', 'viewer']) },
  policies: () => [permit('read', 'create')],
})
/** The posts of the reference service under other rules. */
const Post = resource('post', {
  fields: {
    author: belongsTo(User),
    title: text({ max: 200 }),
    body: text({ max: 50_000 }),
    status: choice(['draft', 'published', 'archived']).default('draft'),
    publishedAt: timestamp().optional().readOnly(),
  },
  policies: ({ actor, record, context }) => [
    permit('read').when(record.status.is('published')),
    permit('read').when(record.author.is(actor.id)),
    permit('create').when(all(actor.isUser, context.device.isOneOf('browser', 'native'))),
    permit('delete').to('admin').when(context.secondFactor.isWithin('5 min')),
    permit('update').when(context.signIn.isWithin('1 h')).when(record.author.is(actor.id)),
    permit('restore').to('admin').when(context.secondFactor.isWithin('5 min')).when(context.signIn.isWithin('30 s')),
    permit('read-deleted').to('admin'),
  ],
})

const stepUp = app({
  ...blog,
  domain: domain({ name: 'blog', roles: { admin: [], editor: [] }, resources: [User, Post] }),
})

let service: TestService
let folder: string
let sign: (claims: Readonly<Record<string, unknown>>) => Promise<string>
let post: string
let hidden: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plinth-step-up-'))
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const file = join(folder, 'jwks.json')
  writeFileSync(file, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] }))
  sign = (claims) => {
    const nowS = Math.floor(Date.now() / 1_000)
    return new SignJWT({ roles: ['admin'], permissions: [], sub: ADA, jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })
      .setIssuer(ISSUER)
      .setAudience('blog')
      .setIssuedAt(nowS)
      .setNotBefore(nowS)
      .setExpirationTime(nowS + 600)
      .sign(privateKey)
  }
  service = await testService({ app: stepUp, environment: { TOKEN_ISSUER: ISSUER, TOKEN_JWKS_FILE: file } })
  const sql = await service.sql()
  await sql.query(`INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES
    ('01890a5d-ac96-774b-bcce-b302099a8057', 'ada@example.com', 'Ada', 'admin', now(), now(), 1),
    ('01890a5d-ac96-774b-bcce-b302099a8058', 'bob@example.com', 'Bob', 'editor', now(), now(), 1)`)
  const make = async (sub: string, status: string): Promise<string> => {
    const body = { title: 'A', body: 'B', status, author_id: sub }
    const made = await ask('POST', '/api/v1/posts', { sub, device: 'browser', auth_time: ago(0) }, body)
    expect(made.status, made.text).toBe(201)
    return `/api/v1/posts/${made.json.data.id}`
  }
  post = await make(ADA, 'published')
  hidden = await make(BOB, 'draft')
})
afterAll(async () => {
  await service.stop()
  rmSync(folder, { recursive: true, force: true })
})

const ago = (seconds: number): number => Math.floor(Date.now() / 1_000) - seconds

async function ask(
  method: string,
  path: string,
  claims: Readonly<Record<string, unknown>> | undefined,
  body?: unknown,
): Promise<TestAnswer> {
  const token = claims === undefined ? undefined : await sign(claims)
  return service.request(path, { method, token, ...(body !== undefined && { body }) })
}

const codeOf = ({ status, json }: TestAnswer): string => `${status} ${json?.error?.code ?? 'fine'}`

describe('an operation that needs a second factor of the last five minutes', () => {
  test('tells whoever has an older one or none to show it again, and how old it may be', async () => {
    const none = await ask('DELETE', post, { auth_time: ago(10) })
    const old = await ask('DELETE', post, { auth_time: ago(10), mfa_at: ago(301) })

    for (const answer of [none, old]) {
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe(
        'Bearer realm="api", error="insufficient_user_authentication", max_age="300"',
      )
      expect(answer.json.error).toMatchObject({
        code: 'AUTH_STEP_UP_REQUIRED',
        message: 'Show a second factor of the last 5 minutes to delete this post',
        details: [
          {
            field: 'second_factor',
            code: 'too_old',
            message: 'Cannot use the last one: expected a second factor of the last 5 minutes',
          },
        ],
      })
    }
  })

  test('tells nobody to sign in, those without the role no, and a program no', async () => {
    expect(codeOf(await ask('DELETE', post, undefined))).toBe('401 AUTH_REQUIRED')
    expect(codeOf(await ask('DELETE', post, { roles: ['editor'], auth_time: ago(10) }))).toBe('403 AUTH_FORBIDDEN')
    expect(codeOf(await ask('DELETE', post, { sub: 'robot', client_id: 'robot' }))).toBe('403 AUTH_FORBIDDEN')
  })

  test('answers the same for a record that is hidden and for one that is not there', async () => {
    const stale = { auth_time: ago(10) }
    const missing = '/api/v1/posts/post_01h455vb4pex5vsknk084sn02z'

    expect(codeOf(await ask('DELETE', hidden, stale))).toBe('401 AUTH_STEP_UP_REQUIRED')
    expect(codeOf(await ask('DELETE', missing, stale))).toBe('401 AUTH_STEP_UP_REQUIRED')
    expect(codeOf(await ask('DELETE', hidden, { ...stale, mfa_at: ago(1) }))).toBe('404 NOT_FOUND_RECORD')
  })

  test('is done for whoever has shown one', async () => {
    expect((await ask('DELETE', post, { auth_time: ago(10), mfa_at: ago(299) })).status).toBe(204)
  })

  test('names each proof that is too old, and the shortest time', async () => {
    const answer = await ask('POST', `${post}/restore`, { auth_time: ago(60), mfa_at: ago(3_600) })

    expect(answer.json.error.message).toBe(
      'Show a sign-in of the last 30 seconds and a second factor of the last 5 minutes to restore this post',
    )
    expect(answer.headers.get('www-authenticate')).toContain('max_age="30"')
  })
})

test('a rule on the record and on the sign-in says no where the record is why, and asks where the sign-in is', async () => {
  const title = { title: 'C' }

  expect(codeOf(await ask('PATCH', hidden, { sub: BOB, auth_time: ago(3_601) }, title))).toBe('401 AUTH_STEP_UP_REQUIRED')
  expect(codeOf(await ask('PATCH', hidden, { sub: BOB, auth_time: ago(3_590) }, title))).toBe('200 fine')
  expect(codeOf(await ask('PATCH', hidden, { auth_time: ago(1) }, title))).toBe('404 NOT_FOUND_RECORD')
})

test('GraphQL asks for the same proof, and tells of hidden records as little', async () => {
  const mutation = 'mutation ($id: ID!) { deletePost(input: { id: $id }) { post { id } errors { code } } }'
  const remove = async (path: string, claims: Readonly<Record<string, unknown>>): Promise<string> => {
    const id = path.slice(path.lastIndexOf('/') + 1)
    const { json } = await ask('POST', '/graphql', claims, { query: mutation, variables: { id } })
    const [error] = json.errors ?? json.data.deletePost.errors
    return error?.extensions?.code ?? error?.code ?? 'fine'
  }
  const own = await ask('POST', '/api/v1/posts', { device: 'browser' }, { title: 'A', body: 'B', author_id: ADA })
  const made = `/api/v1/posts/${own.json.data.id}`
  const missing = '/api/v1/posts/post_01h455vb4pex5vsknk084sn02z'
  const stale = { auth_time: ago(10), mfa_at: ago(301) }
  const fresh = { auth_time: ago(10), mfa_at: ago(1) }

  expect([await remove(made, stale), await remove(hidden, stale), await remove(missing, stale)]).toEqual(
    Array(3).fill('AUTH_STEP_UP_REQUIRED'),
  )
  expect([await remove(hidden, fresh), await remove(missing, fresh)]).toEqual(Array(2).fill('NOT_FOUND_RECORD'))
  expect(await remove(made, fresh)).toBe('fine')
  expect(await remove(made, { roles: ['editor'], ...fresh })).toBe('AUTH_FORBIDDEN')
})

test('a rule for devices holds for those alone, and for none where the token names none', async () => {
  const create = (claims: Readonly<Record<string, unknown>>): Promise<TestAnswer> =>
    ask('POST', '/api/v1/posts', claims, { title: 'A', body: 'B', author_id: ADA })

  expect(codeOf(await create({ device: 'native' }))).toBe('201 fine')
  expect(codeOf(await create({ device: 'service' }))).toBe('403 AUTH_FORBIDDEN')
  expect(codeOf(await create({}))).toBe('403 AUTH_FORBIDDEN')
})

test('ACC-04 each refusal is an event of the security log and a count; what was permitted is neither', async () => {
  const denials = (code: string): readonly Readonly<Record<string, unknown>>[] =>
    service.logs().filter(({ fields }) => {
      const { event, code: written } = fields as Readonly<Record<string, unknown>>
      return event === 'access.denied' && written === code
    })
  const send = (id: string, token: string | undefined): Promise<TestAnswer> =>
    service.request(post, { method: 'DELETE', token, headers: { 'x-request-id': id } })

  await send('deny-1', await sign({ roles: ['editor'] }))
  await send('deny-2', undefined)
  await send('deny-3', 'nonsense')
  await send('deny-4', await sign({ auth_time: ago(1) }))
  await service.request('/api/v1/posts', { token: await sign({}), headers: { 'x-request-id': 'fine-1' } })

  const [forbidden] = denials('AUTH_FORBIDDEN').slice(-1)
  expect(forbidden).toMatchObject({
    level: 'warn',
    user_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    fields: { category: 'security', operation: 'posts.delete', status: 403, request_id: 'deny-1' },
  })
  for (const [code, id] of [
    ['AUTH_REQUIRED', 'deny-2'],
    ['AUTH_TOKEN_INVALID', 'deny-3'],
    ['AUTH_STEP_UP_REQUIRED', 'deny-4'],
  ] as const)
    expect(denials(code).at(-1)).toMatchObject({ fields: { request_id: id } })
  const events = service.logs().filter((line) => JSON.stringify(line).includes('"access.denied"'))
  expect(JSON.stringify(events)).not.toMatch(/fine-1|nonsense|usr_/)
  const metrics = await (await fetch(`${service.adminOrigin}/metrics`)).text()
  expect(metrics).toMatch(/plinth_access_denied_total\{operation="posts.delete",surface="rest",code="AUTH_FORBIDDEN"\} [1-9]/)
})

test('the document names the answer for those resources alone whose rules ask for a fresh proof', async () => {
  const { json: document } = await service.request('/openapi.json')
  const codes = (path: string): string => {
    const { $ref } = document.paths[path].get.responses['401']
    return JSON.stringify(document.components.responses[$ref.split('/').at(-1)])
  }

  expect(codes('/api/v1/posts')).toContain('AUTH_STEP_UP_REQUIRED')
  expect(codes('/api/v1/users')).toContain('AUTH_REQUIRED')
  expect(codes('/api/v1/users')).not.toContain('AUTH_STEP_UP_REQUIRED')
})
