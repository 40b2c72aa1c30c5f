/** An app that asks the reference service for a code, by a client library of somebody else, as apps do. */
import * as client from 'openid-client'
import app from '../../examples/blog/app.ts'
import { readSettings, withOAuthClients } from '../../src/app/index.ts'
import { type TestService, testService } from '../../src/testing/index.ts'

/** Where the app waits for the answer, and nobody listens. */
export const CALLBACK = 'http://127.0.0.1:9/callback'
const SECRET = 'a secret of the tests, of 48 characters or there'

/** What the app learns: who signed in, as userinfo says, and how, as the access token says. */
export interface LentTokens {
  readonly email: unknown
  readonly amr: unknown
}

/** One way from the app to the service and back. */
export interface Journey {
  /** Where the browser begins. */
  readonly url: string
  /** Exchanges the code in the address at which the browser ended. */
  finish(back: string): Promise<LentTokens>
}

export interface OAuthApp extends AsyncDisposable {
  readonly blog: TestService
  /** As browsers reach the service: passkeys belong to a name. */
  readonly origin: string
  start(): Promise<Journey>
}

export async function oauthApp(): Promise<OAuthApp> {
  const blog = await testService({ app, environment: { PLINTH_SECRET: SECRET } })
  const origin = `http://localhost:${new URL(blog.origin).port}`
  const settings = readSettings({ DATABASE_URL: blog.databaseUrl, PLINTH_SECRET: SECRET })
  const order = { name: 'Reading List', kind: 'native', redirectUris: ['http://127.0.0.1/callback'] } as const
  const registered = await withOAuthClients(app, settings, (clients) =>
    clients.create({ ...order, scopes: ['posts:read', 'email'] }, { actor: null, requestId: 'test' }),
  )
  const config = await client.discovery(new URL(origin), registered.client.id, undefined, client.None(), {
    execute: [client.allowInsecureRequests],
  })
  return {
    blog,
    origin,
    async start() {
      const verifier = client.randomPKCECodeVerifier()
      const state = client.randomState()
      const nonce = client.randomNonce()
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: CALLBACK,
        scope: 'openid email posts:read',
        prompt: 'consent',
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      return {
        url: url.href,
        async finish(back) {
          const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
          const tokens = await client.authorizationCodeGrant(config, new URL(back), checks)
          const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1] ?? '', 'base64url').toString())
          const user = await client.fetchUserInfo(config, tokens.access_token, tokens.claims()?.sub ?? '')
          return { email: user.email, amr: claims.amr }
        },
      }
    },
    [Symbol.asyncDispose]: () => blog.stop(),
  }
}
