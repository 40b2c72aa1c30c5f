/** JWT-01, SEC-05: a service in production believes its issuer and nobody else, and refuses to start where something is missing. */
// Proves API-07, LOG-03.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { appTemplate, type TestDatabase, type TestService, testDatabase, testService } from '../../src/testing/index.ts'

const ISSUER = 'https://id.example.com'
const folder = mkdtempSync(join(tmpdir(), 'plinth-issuer-'))
const jwksFile = join(folder, 'jwks.json')
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ENVIRONMENT = { TOKEN_ISSUER: ISSUER, TOKEN_JWKS_FILE: jwksFile, TOKEN_AUDIENCE: 'blog-api' }

let database: TestDatabase
let service: TestService
let developmentToken: string
beforeAll(async () => {
  writeFileSync(
    jwksFile,
    JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }] }),
  )
  database = await testDatabase(await appTemplate(app))
  service = await testService({ app, mode: 'production', databaseUrl: database.url, environment: ENVIRONMENT })
  developmentToken = service.token('admin')
})
afterAll(async () => {
  await service.stop()
  await database.drop()
  rmSync(folder, { recursive: true })
})

/** A token of the issuer, good but for what is changed. */
function mint(changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const nowS = Math.floor(Date.now() / 1_000)
  const claims = {
    iss: ISSUER,
    aud: 'blog-api',
    sub: 'usr_01h455vb4pex5vsknk084sn02q',
    roles: ['admin'],
    permissions: ['users:read', 'posts:read'],
    iat: nowS,
    nbf: nowS,
    exp: nowS + 600,
    jti: 'token-1',
    ...changes,
  }
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' }).sign(privateKey)
}

async function ask(token: string): Promise<readonly unknown[]> {
  const { status, json, headers } = await service.request('/api/v1/users', { token })
  return [status, json.error?.code, headers.get('www-authenticate')]
}

describe('a service in production', () => {
  test('does not start with debug lines in production', async () => {
    const starting = testService({
      app,
      mode: 'production',
      databaseUrl: database.url,
      environment: { ...ENVIRONMENT, LOG_LEVEL: 'debug' },
    })

    await expect(starting).rejects.toThrow('Cannot use LOG_LEVEL=debug in production')
  })

  test('believes a token of its issuer', async () => {
    expect(await ask(await mint())).toEqual([200, undefined, null])
  })

  test('refuses the token for development, made from its own folder', async () => {
    expect(await ask(developmentToken)).toEqual([401, 'AUTH_TOKEN_INVALID', 'Bearer realm="api", error="invalid_token"'])
  })

  test('tells a token that has expired from one that is not valid', async () => {
    const longAgoS = Math.floor(Date.now() / 1_000) - 1_200
    const expired = await mint({ iat: longAgoS, nbf: longAgoS, exp: longAgoS + 600 })
    const foreign = await mint({ aud: 'shop' })
    const symmetric = await new SignJWT({}).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(Buffer.alloc(32, 1))

    expect(await ask(expired)).toEqual([401, 'AUTH_TOKEN_EXPIRED', expect.stringContaining('The access token expired')])
    expect((await ask(foreign)).slice(0, 2)).toEqual([401, 'AUTH_TOKEN_INVALID'])
    expect((await ask(symmetric)).slice(0, 2)).toEqual([401, 'AUTH_TOKEN_INVALID'])
  })

  test('shows metrics on the admin port alone', async () => {
    const outside = await service.request('/metrics')
    const inside = await fetch(`${service.adminOrigin}/metrics`)

    expect([outside.status, inside.status]).toEqual([404, 200])
    expect(new URL(service.adminOrigin).hostname).toBe('127.0.0.1')
  })
})

describe('a service in production does not start', () => {
  const start = (environment: Readonly<Record<string, string>>, databaseUrl: string): Promise<TestService> =>
    testService({ app, mode: 'production', databaseUrl, environment })

  test.each([
    ['without the keys of its issuer', { TOKEN_ISSUER: ISSUER }],
    ['without the name of its issuer', { TOKEN_JWKS_FILE: jwksFile }],
  ])('%s', async (_, environment) => {
    await expect(start(environment, database.url)).rejects.toThrow(/TOKEN_ISSUER and TOKEN_JWKS_FILE are not both set/)
  })

  test('without the address that its tokens and letters name', async () => {
    await expect(start({}, database.url)).rejects.toThrow(/^Cannot start: PUBLIC_URL is not set/)
  })

  test('at an address without TLS, or one that browsers write differently', async () => {
    await expect(start({ PUBLIC_URL: 'http://blog.example.com' }, database.url)).rejects.toThrow(
      /^Cannot use PUBLIC_URL without TLS in production/,
    )
    for (const url of [
      'https://blog.example.com/api',
      'https://Blog.example.com',
      'https://a:b@blog.example.com',
      'https://blog.example.com:443',
    ])
      await expect(start({ PUBLIC_URL: url }, database.url)).rejects.toThrow(
        /^Cannot use PUBLIC_URL: it is no plain origin, expected one as "https:\/\/blog.example.com"/,
      )
  })

  test('on a secret that is too short, and does not repeat it', async () => {
    await expect(start({ ...ENVIRONMENT, PLINTH_SECRET: 'hunter2' }, database.url)).rejects.toThrow(
      /it has 7 characters, expected at least 32/,
    )
    await expect(start({ ...ENVIRONMENT, PLINTH_SECRET: 'hunter2' }, database.url)).rejects.not.toThrow(/hunter2/)
  })

  test('on a database whose migrations are pending', async () => {
    await using empty = await testDatabase()

    await expect(start(ENVIRONMENT, empty.url)).rejects.toThrow(/is pending, expected applied\. Run: plinth migrate up/)
  })
})
