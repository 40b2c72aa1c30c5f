/** Routes to sign in, stay signed in and sign out, and to see and end one's sessions. */
import { clearCookie, type HttpRequest } from '../../http/index.ts'
import { invalid, isUuid, PlinthError } from '../../kernel/index.ts'
import { choice, type FieldMap, type Json, json, secret, text } from '../../model/index.ts'
import type { Account, Accounts } from '../accounts/accounts.ts'
import type { IdentityScope } from '../ports.ts'
import { DEVICE_COOKIE } from '../sessions/known-devices.ts'
import type { Sessions, SessionView, StepUp } from '../sessions/sessions.ts'
import type { SecondFactorMethod, SecondFactorProof, SecondFactors, SignIn } from '../sessions/sign-in.ts'
import type { SignOut } from '../sessions/sign-out.ts'
import { DELIVERY, openSession, REFRESH_COOKIE, readRefreshCookie, renderTokens } from './open-session.ts'
import { accountOf, type IdentityRoute, sessionOf } from './route.ts'
import { ACCESS_TOKEN, listSchema, SECOND_FACTOR_REQUIRED, SESSION, SIGNED_IN } from './schemas.ts'

export interface SessionRoutesParts {
  readonly scope: Pick<IdentityScope, 'accounts' | 'issuer' | 'clock'>
  readonly accounts: Accounts
  readonly signIn: SignIn
  readonly factors: SecondFactors
  readonly sessions: Sessions
  readonly signOut: SignOut
}

const CODE = text({ min: 1, max: 64 }).optional().describe('For `totp` and `recovery`.')
const ASSERTION = json({ type: 'object', maxProperties: 20 })
  .optional()
  .describe('For `passkey`: what `navigator.credentials.get` gave, as JSON.')

export function sessionRoutes(parts: SessionRoutesParts): readonly IdentityRoute[] {
  const { scope, accounts, signIn, signOut, sessions, factors } = parts
  const login: FieldMap = { [scope.accounts.login.name]: text({ min: 1, max: 320 }).example('ada@example.com') }

  return [
    {
      method: 'POST',
      path: '/auth/sessions',
      operation: 'sessions.create',
      summary: 'Sign in with a name and a password.',
      caller: 'anybody',
      limit: 'sensitive',
      input: { ...login, password: secret({ max: 256 }), delivery: DELIVERY },
      answers: {
        200: { description: 'The password is right, and a second factor is needed.', data: SECOND_FACTOR_REQUIRED },
        201: { description: 'Signed in.', data: SIGNED_IN },
      },
      errors: ['AUTH_CREDENTIALS_INVALID', 'AUTH_EMAIL_UNVERIFIED', 'AUTH_ACCOUNT_SUSPENDED', 'RATE_LIMIT_SIGN_IN'],
      async handle(request, input) {
        const outcome = await signIn.withPassword({
          login: String(input[scope.accounts.login.name]),
          password: String(input['password']),
          address: request.address,
          deviceToken: request.cookies.get(DEVICE_COOKIE),
          requestId: request.requestId,
          signal: request.signal,
        })
        if (outcome.kind === 'signed-in') return openSession(parts, request, outcome.signedIn, input['delivery'])
        const { ticket, methods } = outcome
        return { status: 200, data: { status: 'second_factor_required', ticket, methods: [...methods] } }
      },
    },
    {
      method: 'POST',
      path: '/auth/sessions/second-factor',
      operation: 'sessions.confirm',
      summary: 'Finish signing in with a second factor.',
      caller: 'anybody',
      limit: 'sensitive',
      input: {
        ticket: secret({ max: 128 }),
        method: choice(['totp', 'recovery', 'passkey']),
        code: CODE,
        assertion: ASSERTION,
        delivery: DELIVERY,
      },
      answers: { 201: { description: 'Signed in.', data: SIGNED_IN } },
      errors: ['AUTH_TICKET_INVALID', 'AUTH_FACTOR_INVALID', 'AUTH_ACCOUNT_SUSPENDED', 'RATE_LIMIT_SIGN_IN'],
      async handle(request, input) {
        const signedIn = await signIn.withSecondFactor(String(input['ticket']), readProof(input), request.requestId)
        return openSession(parts, request, signedIn, input['delivery'])
      },
    },
    {
      method: 'POST',
      path: '/auth/sessions/refresh',
      operation: 'sessions.refresh',
      summary: 'Get a new access token. The refresh token serves once, and the answer holds the next.',
      caller: 'anybody',
      limit: 'write',
      input: { refreshToken: secret({ max: 128 }).optional().describe('Left out where it comes as a cookie.') },
      answers: { 200: { description: 'The session goes on.', data: SIGNED_IN } },
      errors: ['AUTH_REFRESH_INVALID', 'AUTH_CROSS_SITE'],
      async handle(request, input) {
        const given = input['refreshToken']
        const token = typeof given === 'string' ? given : readRefreshCookie(request, scope.issuer)
        if (token === undefined)
          throw new PlinthError('AUTH_REFRESH_INVALID', 'There is no refresh token in the body or the cookie')
        const idempotencyKey = request.header('idempotency-key')
        const { requestId } = request
        const tokens = await sessions.refresh(token, { idempotencyKey, requestId })
        return renderTokens(200, tokens, typeof given === 'string' ? 'body' : 'cookie')
      },
    },
    {
      method: 'POST',
      path: '/auth/sessions/step-up',
      operation: 'sessions.step-up',
      summary: 'Prove a factor again, for operations that ask for a fresh one.',
      caller: 'account',
      limit: 'sensitive',
      input: {
        method: choice(['password', 'totp', 'recovery', 'passkey']),
        password: secret({ max: 256 }).optional(),
        code: CODE,
        assertion: ASSERTION,
      },
      answers: { 200: { description: 'An access token that says so.', data: ACCESS_TOKEN } },
      errors: ['AUTH_CREDENTIALS_INVALID', 'AUTH_FACTOR_INVALID', 'RATE_LIMIT_SIGN_IN'],
      async handle(request, input) {
        const account = await accountOf(accounts, request)
        const sessionId = sessionOf(request)
        if (sessionId === null) throw new PlinthError('AUTH_REQUIRED', 'The access token belongs to no session')
        const signedIn = await prove(account, request, input)
        const { accessToken, expiresInS } = await sessions.stepUp(sessionId, signedIn)
        return { status: 200, data: { access_token: accessToken, token_type: 'Bearer', expires_in: expiresInS } }
      },
    },
    {
      method: 'GET',
      path: '/auth/sessions',
      operation: 'sessions.list',
      summary: 'Where the account is signed in.',
      caller: 'account',
      limit: 'read',
      answers: { 200: { description: 'The sessions, the one used last first.', data: listSchema(SESSION) } },
      errors: [],
      async handle(request) {
        const account = await accountOf(accounts, request)
        return { status: 200, data: renderSessions(await sessions.list(account.id), sessionOf(request)) }
      },
    },
    {
      method: 'DELETE',
      path: '/auth/sessions',
      operation: 'sessions.end-all',
      summary: 'Sign out everywhere.',
      caller: 'account',
      limit: 'write',
      answers: { 204: { description: 'All sessions have ended.', data: null } },
      errors: [],
      async handle(request) {
        const account = await accountOf(accounts, request)
        await signOut.everywhere(account.id, 'ended_by_owner', { actor: account.subject, requestId: request.requestId })
        return { status: 204, headers: ['set-cookie', clearCookie(REFRESH_COOKIE)] }
      },
    },
    {
      method: 'DELETE',
      path: '/auth/sessions/current',
      operation: 'sessions.sign-out',
      summary: 'Sign out here.',
      caller: 'anybody',
      limit: 'write',
      answers: { 204: { description: 'The session has ended, if there was one.', data: null } },
      errors: ['AUTH_CROSS_SITE'],
      async handle(request) {
        const sessionId = sessionOf(request)
        const { requestId } = request
        if (sessionId !== null && request.actor.id !== null) {
          await signOut.ofSessions(request.actor.id, [sessionId], 'signed_out', { actor: request.actor.subject, requestId })
        }
        const token = readRefreshCookie(request, scope.issuer)
        if (token !== undefined) await sessions.endByToken(token, requestId)
        return { status: 204, headers: ['set-cookie', clearCookie(REFRESH_COOKIE)] }
      },
    },
    {
      method: 'DELETE',
      path: '/auth/sessions/:id',
      operation: 'sessions.end',
      summary: 'End one session of the account.',
      caller: 'account',
      limit: 'write',
      answers: { 204: { description: 'The session has ended.', data: null } },
      errors: ['NOT_FOUND_RECORD'],
      async handle(request) {
        const account = await accountOf(accounts, request)
        const only = readSessionId(request)
        const by = { actor: account.subject, requestId: request.requestId }
        const ended = await signOut.ofSessions(account.id, [only], 'ended_by_owner', by)
        if (ended.length === 0) throw new PlinthError('NOT_FOUND_RECORD', 'The account has no such session')
        return { status: 204 }
      },
    },
  ]

  async function prove(account: Account, request: HttpRequest, input: Readonly<Record<string, unknown>>): Promise<StepUp> {
    const nowMs = scope.clock.now()
    if (input['method'] === 'password') {
      const password = input['password']
      if (typeof password !== 'string') throw missing('password')
      const { address, requestId, signal } = request
      const deviceToken = request.cookies.get(DEVICE_COOKIE)
      await signIn.confirmPassword(account, { password, address, deviceToken, requestId, signal })
      return { account, amr: ['pwd'], authenticatedAtMs: nowMs, secondFactorAtMs: null }
    }
    const amr = await factors.verify(account, readProof(input), request.requestId)
    return { account, amr: [...amr, 'mfa'], authenticatedAtMs: null, secondFactorAtMs: nowMs }
  }
}

/** Reads a session's id from the path; anything else is no session of anybody. */
export function readSessionId(request: HttpRequest, parameter = 'id'): string {
  const id = request.params[parameter] ?? ''
  if (!isUuid(id)) throw new PlinthError('NOT_FOUND_RECORD', 'The account has no such session')
  return id
}

export function renderSessions(views: readonly SessionView[], currentId: string | null): Json {
  return views.map((view) => ({
    id: view.id,
    is_current: view.id === currentId,
    client_id: view.clientId,
    device: view.device,
    user_agent: view.userAgent,
    address: view.address,
    created_at: view.createdAt.toISOString(),
    last_used_at: view.lastUsedAt.toISOString(),
    expires_at: view.expiresAt.toISOString(),
  }))
}

/** @throws `VALIDATION_FAILED` where the proof of the method is missing */
function readProof(input: Readonly<Record<string, unknown>>): SecondFactorProof {
  const method = input['method'] as SecondFactorMethod
  const { code, assertion } = input
  if (method === 'passkey') {
    if (assertion === null || assertion === undefined) throw missing('assertion')
    return { method, assertion }
  }
  if (typeof code !== 'string') throw missing('code')
  return { method, code }
}

function missing(field: string): PlinthError {
  return invalid([{ field, code: 'required', message: `${field} is required for this method` }])
}
