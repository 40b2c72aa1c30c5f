/**
 * Who asks by GraphQL, beyond the accounts of the reference service: programs that were lent permissions, and people who have to show a second factor.
 * By POST, over web sockets and over streams of events.
 */
// Proves OAU-01, ACC-03, GQL-07.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { app, readSettings, withOAuthClients } from '../../src/app/index.ts'
import { belongsTo, choice, domain, permit, resource, text, timestamp } from '../../src/model/index.ts'
import { type TestService, testService, waitFor } from '../../src/testing/index.ts'
import { socketClient, subscribe } from './subscriptions-kit.ts'

const POSTS = '{ posts { nodes { title status } } }'
const CREATE =
  'mutation { createPost(input: { authorId: "usr_01h455vb4pex5vsknk084sn02q", title: "T", body: "B" }) { post { id } errors { code } } }'
const CREATED = 'subscription { postCreated { title } }'

interface Asked {
  // biome-ignore lint/suspicious/noExplicitAny: an answer may have any shape here.
  readonly data?: any
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[]
}

/** One operation, over each way that there is. */
const WAYS: Readonly<Record<string, (service: TestService, token: string, query: string) => Promise<Asked>>> = {
  POST: async (service, token, query) => (await service.request('/graphql', { method: 'POST', token, body: { query } })).json,
  'a web socket': async (service, token, query) => {
    const client = socketClient(service.origin, token)
    const answer = await new Promise<Asked>((resolve, reject) => {
      client.subscribe(
        { query },
        {
          next: (value) => resolve(value as Asked),
          error: (error) => (Array.isArray(error) ? resolve({ errors: error }) : reject(error)),
          complete: () => undefined,
        },
      )
    })
    await client.dispose()
    return answer
  },
  'a stream of events': async (service, token, query) => {
    const headers = { accept: 'text/event-stream' }
    const { text: body } = await service.request('/graphql', { method: 'POST', token, headers, body: { query } })
    return JSON.parse(/^data: (.+)$/m.exec(body)?.[1] ?? body)
  },
}
const codeOf = ({ errors }: Asked): string => errors?.[0]?.extensions.code ?? 'fine'

describe('a program that was lent posts:read', () => {
  const SECRET = 'a secret of the tests, of 48 characters or there'
  const by = { actor: null, requestId: 'test' }
  const environment = { PLINTH_SECRET: SECRET }
  let service: TestService
  let token: string
  let disable: () => Promise<unknown>

  beforeAll(async () => {
    service = await testService({ app: blog, environment })
    const settings = readSettings({ DATABASE_URL: service.databaseUrl, PLINTH_SECRET: SECRET })
    const order = { name: 'Export', kind: 'service', scopes: ['posts:read'] } as const
    const { client, secret } = await withOAuthClients(blog, settings, (clients) => clients.create(order, by))
    disable = () => withOAuthClients(blog, settings, (clients) => clients.setDisabled(client.id, true, by))
    const answer = await service.request('/oauth/token', {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
    })
    token = answer.json.access_token
    const sql = await service.sql()
    await sql.query(`INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES
      ('01890a5d-ac96-774b-bcce-b302099a8057', 'ada@example.com', 'Ada', 'admin', now(), now(), 1)`)
  })
  afterAll(() => service.stop())

  test.each(Object.entries(WAYS))('reads posts, and neither writes them nor reads users (%s)', async (_, ask) => {
    const read = await ask(service, token, POSTS)
    const written = await ask(service, token, CREATE)
    const users = await ask(service, token, '{ users { nodes { id } } }')

    expect(read.data.posts.nodes).toEqual([])
    expect([codeOf(written), codeOf(users)]).toEqual(['AUTH_FORBIDDEN', 'AUTH_FORBIDDEN'])
    expect(written.data).toEqual({ createPost: null })
  })

  test.each(['sockets', 'events'] as const)('hears no changes of users (%s)', async (transport) => {
    const heard = subscribe(transport, service.origin, token, { query: 'subscription { userCreated { id } }' })

    expect(JSON.stringify(await heard.over)).not.toContain('complete')
    expect(heard.answers).toEqual([])
  })

  test('hears and asks nothing more once it is disabled', async () => {
    const heard = subscribe('sockets', service.origin, token, { query: CREATED })
    const before = await WAYS['POST']?.(service, token, POSTS)

    await disable()
    const end = (await heard.over) as { readonly code?: number }
    const after = await service.request('/graphql', { method: 'POST', token, body: { query: POSTS } })

    expect(before?.errors).toBeUndefined()
    expect(end.code).toBe(4403)
    expect(after.status).toBe(401)
  })
})

describe('a rule that wants a second factor of the last five minutes', () => {
  const ISSUER = 'https://id.example'
  const ADA = 'usr_01h455vb4pex5vsknk084sn02q'
  const User = resource('user', {
    idPrefix: 'usr',
    fields: { email: text({ max: 100 }), displayName: text({ max: 100 }), role: choice(['admin', 'editor', 'viewer']) },
    policies: () => [permit('read', 'create')],
  })
  const Post = resource('post', {
    fields: {
      author: belongsTo(User),
      title: text({ max: 200 }),
      body: text({ max: 50_000 }),
      status: choice(['draft', 'published', 'archived']).default('draft'),
      publishedAt: timestamp().optional().readOnly(),
    },
    policies: ({ context }) => [permit('read', 'create').when(context.secondFactor.isWithin('5 min'))],
  })
  const guarded = app({ ...blog, domain: domain({ name: 'blog', roles: { admin: [] }, resources: [User, Post] }) })
  let service: TestService
  let folder: string
  let sign: (mfaAgoS: number | undefined) => Promise<string>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plinth-factor-'))
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const file = join(folder, 'jwks.json')
    writeFileSync(file, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] }))
    sign = (mfaAgoS) => {
      const nowS = Math.floor(Date.now() / 1_000)
      const proof = mfaAgoS === undefined ? {} : { mfa_at: nowS - mfaAgoS }
      return new SignJWT({ roles: ['admin'], permissions: [], sub: ADA, jti: crypto.randomUUID(), auth_time: nowS, ...proof })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })
        .setIssuer(ISSUER)
        .setAudience('blog')
        .setIssuedAt(nowS)
        .setNotBefore(nowS)
        .setExpirationTime(nowS + 600)
        .sign(privateKey)
    }
    service = await testService({ app: guarded, environment: { TOKEN_ISSUER: ISSUER, TOKEN_JWKS_FILE: file } })
    const sql = await service.sql()
    await sql.query(`INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES
      ('01890a5d-ac96-774b-bcce-b302099a8057', 'ada@example.com', 'Ada', 'admin', now(), now(), 1)`)
  })
  afterAll(async () => {
    await service.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each(Object.entries(WAYS))('holds for queries and mutations (%s)', async (_, ask) => {
    for (const token of [await sign(undefined), await sign(301)])
      for (const query of [POSTS, CREATE]) expect(codeOf(await ask(service, token, query))).toBe('AUTH_STEP_UP_REQUIRED')

    const fresh = await sign(10)
    expect(codeOf(await ask(service, fresh, CREATE))).toBe('fine')
    expect((await ask(service, fresh, POSTS)).data.posts.nodes.length).toBeGreaterThan(0)
  })

  test.each(['sockets', 'events'] as const)('holds for subscriptions at each change (%s)', async (transport) => {
    const refused = subscribe(transport, service.origin, await sign(301), { query: CREATED })
    const stale = subscribe(transport, service.origin, await sign(297), { query: CREATED })
    const fresh = subscribe(transport, service.origin, await sign(10), { query: CREATED })
    await refused.over
    // The second proof grows too old meanwhile; the token itself is good for minutes.
    await new Promise((resolve) => setTimeout(resolve, 4_000))

    await WAYS['POST']?.(service, await sign(1), CREATE)
    await waitFor('the change', () => fresh.answers.length > 0)

    expect([refused.answers, stale.answers]).toEqual([[], []])
    expect(fresh.answers).toEqual([{ postCreated: { title: 'T' } }])
    stale.stop()
    fresh.stop()
  })
})
