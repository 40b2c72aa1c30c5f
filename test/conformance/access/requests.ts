/** The requests behind the rows that are about no resource: identity, OAuth, documentation, health. */
import type { Uuid } from '../../../src/kernel/index.ts'
import { PASSKEY_ASSET } from '../../../src/oauth/pages/passkey.ts'
import { addAccount, letterSecret, PASSWORD, tokensOf } from '../account-kit.ts'
import type { People } from './people.ts'
import { userId } from './records.ts'
import type { Cell } from './surface.ts'

export interface WireRequest {
  /** Default that of the row. */
  readonly path?: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as a page of this service sends its forms. */
  readonly form?: Readonly<Record<string, string>>
  /** The token of the principal may have ended with it. */
  readonly endsSession?: boolean
}

type Prepare = (people: People, cell: Cell) => WireRequest | Promise<WireRequest>

/** Nobody made these: a secret of the right form, the id of no session and no passkey. */
const MADE_UP = 'A'.repeat(43)
const NO_ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const OTHER_PASSWORD = 'a quiet lantern over nine hills'

const bare: Prepare = () => ({})
const registration = (people: People) => ({ email: people.records.address(), password: PASSWORD, display_name: 'Somebody' })

/** The account that an administrator acts on: one's own in one column; in all others one that is made for the cell. */
async function managed({ records }: People, { principal }: Cell): Promise<{ readonly id: Uuid; readonly session: Uuid }> {
  const id = principal === 'editor, own' ? records.standing.editor : await records.account()
  return { id, session: await records.session(id) }
}

const onAccount =
  (path: string): Prepare =>
  async (people, cell) => {
    const { id, session } = await managed(people, cell)
    return { path: path.replace(':id', userId(id)).replace(':session_id', session) }
  }

const colleagueTokens = ({ service, records }: People) =>
  records.addressOf(records.standing.colleague).then((email) => tokensOf(service, email))

export const REQUESTS: Readonly<Record<string, Prepare>> = {
  'health.live': bare,
  'health.ready': bare,
  'graphql.query: by POST': () => ({ body: { query: '{ __typename }' } }),
  'graphql.query: by GET': () => ({ path: '/graphql?query=%7B__typename%7D' }),
  'graphql.asset: in development': async ({ service }) => {
    const { text } = await service.request('/graphql', { headers: { accept: 'text/html' } })
    return { path: /\/graphql\/assets\/[^"]+/.exec(text)?.[0] ?? '' }
  },
  'openapi.get': bare,
  'docs.reference': bare,
  'docs.errors': bare,
  'docs.error': () => ({ path: '/docs/errors/AUTH_REQUIRED' }),
  'docs.asset': async ({ service }) => {
    const { text } = await service.request('/docs')
    return { path: /\/docs\/assets\/[^"]+/.exec(text)?.[0] ?? '' }
  },
  'auth.jwks': bare,

  'auth.registrations.create: a new account': (people) => ({ body: registration(people) }),
  'auth.registrations.create: with a role': (people) => ({ body: { ...registration(people), role: 'admin' } }),
  "auth.email-verifications.create: a letter's secret": async (people) => {
    const body = registration(people)
    await people.service.request('/auth/registrations', { method: 'POST', body })
    return { body: { token: await letterSecret(people.service, body.email), password: PASSWORD } }
  },
  'auth.email-verifications.create: a made-up secret': () => ({ body: { token: MADE_UP, password: PASSWORD } }),
  'auth.email-verifications.request': ({ records }) => ({ body: { email: records.address() } }),
  'auth.pages.show-verify-email: a made-up secret': () => ({ path: `/auth/verify-email?token=${MADE_UP}` }),
  'auth.pages.verify-email: a made-up secret': () => ({ form: { token: MADE_UP, password: PASSWORD } }),
  'auth.pages.show-forgot-password': bare,
  'auth.pages.forgot-password': ({ records }) => ({ form: { login: records.address() } }),
  'auth.pages.show-reset-password: a made-up secret': () => ({ path: `/auth/reset-password?token=${MADE_UP}` }),
  'auth.pages.reset-password: a made-up secret': () => ({ form: { token: MADE_UP, password: PASSWORD } }),
  'auth.password.change: the right password': () => ({
    body: { current_password: PASSWORD, new_password: PASSWORD },
    endsSession: true,
  }),
  'auth.password.change: a wrong password': () => ({ body: { current_password: OTHER_PASSWORD, new_password: OTHER_PASSWORD } }),
  'auth.password-resets.request': ({ records }) => ({ body: { email: records.address() } }),
  "auth.password-resets.create: a letter's secret": async ({ service, records }) => {
    // An account of its own: nobody gets more than a few letters.
    const email = records.address()
    await addAccount(service, email)
    await service.request('/auth/password-resets/requests', { method: 'POST', body: { email } })
    return { body: { token: await letterSecret(service, email), password: PASSWORD } }
  },
  'auth.password-resets.create: a made-up secret': () => ({ body: { token: MADE_UP, password: OTHER_PASSWORD } }),
  'auth.me.get': bare,
  'auth.sessions.create: the right password': async ({ records }) => ({
    body: { email: await records.addressOf(records.standing.colleague), password: PASSWORD },
  }),
  'auth.sessions.create: a wrong password': ({ records }) => ({ body: { email: records.address(), password: OTHER_PASSWORD } }),
  'auth.sessions.confirm: a made-up ticket': () => ({ body: { ticket: MADE_UP, method: 'totp', code: '000000' } }),
  'auth.sessions.refresh: the right token': async (people) => ({
    body: { refresh_token: (await colleagueTokens(people)).refresh },
  }),
  'auth.sessions.refresh: a made-up token': () => ({ body: { refresh_token: MADE_UP } }),
  'auth.sessions.step-up: the right password': () => ({ body: { method: 'password', password: PASSWORD } }),
  'auth.sessions.list': bare,
  'auth.sessions.end-all': () => ({ endsSession: true }),
  'auth.sessions.sign-out': () => ({ endsSession: true }),
  'auth.sessions.end: an own session': async ({ records }, { principal }) => ({
    path: `/auth/sessions/${await records.session(records.accountOf(principal) ?? records.standing.colleague)}`,
  }),
  "auth.sessions.end: another's session": async ({ records }) => ({
    path: `/auth/sessions/${await records.session(records.standing.colleague)}`,
  }),
  'auth.sessions.passkey-challenge': () => ({ body: {} }),
  'auth.sessions.create-by-passkey: a made-up passkey': () => ({ body: { assertion: {} } }),
  'auth.sessions.step-up-challenge': bare,
  'auth.token-revocations.create: the own token': () => ({ body: {}, endsSession: true }),
  "auth.token-revocations.create: another's token": () => ({ body: { jti: MADE_UP } }),
  'auth.factors.get': bare,
  'auth.factors.enrol-totp': bare,
  'auth.factors.confirm-totp: a wrong code': () => ({ body: { code: '000000' } }),
  'auth.factors.remove-totp: where there is none': bare,
  'auth.factors.make-recovery-codes: where there is no factor': bare,
  'auth.passkeys.begin': bare,
  'auth.passkeys.create: a made-up passkey': () => ({ body: { name: 'Mine', response: {} } }),
  'auth.passkeys.get: where there is none': () => ({ path: `/auth/factors/passkeys/${NO_ID}` }),
  'auth.passkeys.rename: where there is none': () => ({ path: `/auth/factors/passkeys/${NO_ID}`, body: { name: 'Mine' } }),
  'auth.passkeys.remove: where there is none': () => ({ path: `/auth/factors/passkeys/${NO_ID}` }),
  'auth.accounts.list-sessions: an account': onAccount('/auth/accounts/:id/sessions'),
  'auth.accounts.end-sessions: an account': async (people, cell) => ({
    ...(await onAccount('/auth/accounts/:id/sessions')(people, cell)),
    endsSession: true,
  }),
  'auth.accounts.end-session: an account': onAccount('/auth/accounts/:id/sessions/:session_id'),
  'auth.accounts.invite: an account': onAccount('/auth/accounts/:id/invitation'),
  'auth.accounts.suspend: an account': onAccount('/auth/accounts/:id/suspension'),
  'auth.accounts.reinstate: an account': onAccount('/auth/accounts/:id/suspension'),
  'auth.clients.list': bare,
  'auth.clients.create': () => ({ body: { name: 'Mine', kind: 'service', scopes: ['posts:read'] } }),
  'auth.clients.get': ({ app }) => ({ path: `/auth/clients/${app.id}` }),
  'auth.clients.rotate-secret': ({ app }) => ({ path: `/auth/clients/${app.id}/secret` }),
  'auth.clients.disable': ({ app }) => ({ path: `/auth/clients/${app.id}/suspension` }),
  'auth.clients.enable': ({ app }) => ({ path: `/auth/clients/${app.id}/suspension` }),

  'oauth.discovery': bare,
  'oauth.metadata': bare,
  'oauth.style': async ({ service }) => {
    const { text } = await service.request('/oauth/device')
    return { path: /\/oauth\/assets\/[^"]+/.exec(text)?.[0] ?? '' }
  },
  'oauth.passkey-script': () => ({ path: PASSKEY_ASSET.path }),
  'oauth.authorize: a registered app': ({ app }) => ({ path: authorizePath(app.id, app.redirectUri) }),
  'oauth.authorize: an unknown app': ({ app }) => ({ path: authorizePath('nobody-knows-it', app.redirectUri) }),
  'oauth.authorize: another redirect': ({ app }) => ({ path: authorizePath(app.id, 'https://evil.example/callback') }),
  'oauth.resume: a made-up step': () => ({ path: `/oauth/authorize/${MADE_UP}` }),
  'oauth.token: the right secret': ({ client }) => ({
    form: { grant_type: 'client_credentials', client_id: client.id, client_secret: client.secret, scope: 'posts:read' },
  }),
  'oauth.token: a wrong secret': ({ client }) => ({
    form: { grant_type: 'client_credentials', client_id: client.id, client_secret: MADE_UP, scope: 'posts:read' },
  }),
  'oauth.token: no secret': ({ client }) => ({ form: { grant_type: 'client_credentials', client_id: client.id } }),
  'oauth.push: no secret': ({ client }) => ({ form: { client_id: client.id } }),
  'oauth.device-authorize: an unknown app': () => ({ form: { client_id: 'nobody-knows-it' } }),
  'oauth.introspect: no secret': ({ client, tokenOf }) => ({ form: { client_id: client.id, token: tokenOf('viewer') ?? '' } }),
  'oauth.revoke: no secret': ({ client, tokenOf }) => ({ form: { client_id: client.id, token: tokenOf('viewer') ?? '' } }),
  'oauth.userinfo': bare,
  'oauth.userinfo-post': () => ({ form: {} }),
  'oauth.device': bare,
  'oauth.device-code: a made-up code': async ({ records }) => {
    await records.forgetFailures()
    return { form: { user_code: 'BBBB-BBBB' } }
  },
  'oauth.device-resume: a made-up step': () => ({ path: `/oauth/device/${MADE_UP}` }),
  'oauth.end-session': bare,
  'oauth.end-session-confirm: a made-up step': () => ({ form: { xsrf: MADE_UP } }),
  'oauth.end-session-success': bare,
  'oauth.interaction: a made-up step': () => ({ path: `/oauth/interaction/${MADE_UP}` }),
  'oauth.sign-in: a made-up step': () => ({
    path: `/oauth/interaction/${MADE_UP}/sign-in`,
    form: { login: 'a@example.com', password: PASSWORD },
  }),
  'oauth.second-factor: a made-up step': () => ({
    path: `/oauth/interaction/${MADE_UP}/second-factor`,
    form: { code: '000000' },
  }),
  'oauth.passkey-challenge: a made-up step': () => ({ path: `/oauth/interaction/${MADE_UP}/passkey-challenge`, form: {} }),
  'oauth.consent: a made-up step': () => ({ path: `/oauth/interaction/${MADE_UP}/consent`, form: { decision: 'allow' } }),
  'oauth.cancel: a made-up step': () => ({ path: `/oauth/interaction/${MADE_UP}/cancel`, form: {} }),
}

function authorizePath(clientId: string, redirectUri: string): string {
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'posts:read',
    state: 'a-state',
    code_challenge: MADE_UP,
    code_challenge_method: 'S256',
  })
  return `/oauth/authorize?${query}`
}
