/** Routes to see, set up and remove second factors. A change needs a fresh sign-in, and a fresh second factor where there is one. */
import type { HttpRequest } from '../../http/index.ts'
import { isUuid, PlinthError, type Uuid } from '../../kernel/index.ts'
import { type Json, json, text } from '../../model/index.ts'
import type { Account, Accounts } from '../accounts/accounts.ts'
import type { FactorChanges, FactorOwner } from '../factors/factor-changes.ts'
import type { Factors } from '../factors/factors.ts'
import type { Passkeys, PasskeyView } from '../factors/passkeys.ts'
import type { IdentityScope } from '../ports.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { SignIn } from '../sessions/sign-in.ts'
import { ADDED_PASSKEY, APP_ENROLMENT, FACTORS, PASSKEY, PASSKEY_CREATION, RECOVERY_CODES } from './factor-schemas.ts'
import { passkeyRoutes } from './passkey-routes.ts'
import { accountOf, type IdentityRoute } from './route.ts'

export interface FactorRoutesParts {
  readonly scope: Pick<IdentityScope, 'issuer'>
  readonly accounts: Accounts
  readonly factors: Factors
  readonly changes: FactorChanges
  readonly passkeys: Passkeys
  readonly signIn: SignIn
  readonly sessions: Sessions
}

const CODE = text({ min: 1, max: 64 }).describe('What the app shows now.')
const RESPONSE = json({ type: 'object', maxProperties: 20 }).describe('What `navigator.credentials.create` gave, as JSON.')
const NAME = text({ min: 1, max: 64 }).describe('How its owner calls it.').example('My phone')
const STALE = 'AUTH_STEP_UP_REQUIRED'

export function factorRoutes(parts: FactorRoutesParts): readonly IdentityRoute[] {
  const { accounts, factors, changes, passkeys } = parts

  const ownerOf = async (request: HttpRequest): Promise<FactorOwner> => {
    const account = await accountOf(accounts, request)
    const { authenticatedAtMs = null, secondFactorAtMs = null } = request.actor.session ?? {}
    return { account, shown: { authenticatedAtMs, secondFactorAtMs }, requestId: request.requestId }
  }
  const listPasskeys = async (account: Account): Promise<readonly PasskeyView[]> => passkeys.list(account.id)

  return [
    {
      method: 'GET',
      path: '/auth/factors',
      operation: 'factors.get',
      summary: 'The second factors of the account.',
      caller: 'account',
      limit: 'read',
      answers: { 200: { description: 'What is set up.', data: FACTORS } },
      errors: [],
      async handle(request) {
        const account = await accountOf(accounts, request)
        const [{ hasTotp, recoveryCodes }, views] = await Promise.all([factors.view(account.id), listPasskeys(account)])
        return { status: 200, data: { totp: hasTotp, recovery_codes: recoveryCodes, passkeys: views.map(renderPasskey) } }
      },
    },
    {
      method: 'POST',
      path: '/auth/factors/totp',
      operation: 'factors.enrol-totp',
      summary: 'Begin to set up an authenticator app. It counts once a code of it is confirmed.',
      caller: 'account',
      limit: 'write',
      answers: { 201: { description: 'The secret, shown once.', data: APP_ENROLMENT } },
      errors: [STALE, 'CONFLICT_DUPLICATE'],
      async handle(request) {
        const { secret, uri } = await changes.enrolTotp(await ownerOf(request))
        return { status: 201, data: { secret, uri } }
      },
    },
    {
      method: 'POST',
      path: '/auth/factors/totp/confirmation',
      operation: 'factors.confirm-totp',
      summary: 'Confirm the authenticator app with a code of it. From now on signing in asks for one.',
      caller: 'account',
      limit: 'sensitive',
      input: { code: CODE },
      answers: { 200: { description: 'Recovery codes, shown once; older ones serve no more.', data: RECOVERY_CODES } },
      errors: [STALE, 'AUTH_FACTOR_INVALID', 'NOT_FOUND_RECORD'],
      async handle(request, input) {
        const codes = await changes.confirmTotp(await ownerOf(request), String(input['code']))
        return { status: 200, data: { recovery_codes: [...codes] } }
      },
    },
    {
      method: 'DELETE',
      path: '/auth/factors/totp',
      operation: 'factors.remove-totp',
      summary: 'Remove the authenticator app.',
      caller: 'account',
      limit: 'write',
      answers: { 204: { description: 'It is removed.', data: null } },
      errors: [STALE, 'NOT_FOUND_RECORD'],
      async handle(request) {
        await changes.removeTotp(await ownerOf(request))
        return { status: 204 }
      },
    },
    {
      method: 'POST',
      path: '/auth/factors/recovery-codes',
      operation: 'factors.make-recovery-codes',
      summary: 'Make new recovery codes. The old ones serve no more.',
      caller: 'account',
      limit: 'write',
      answers: { 201: { description: 'The codes, shown once.', data: RECOVERY_CODES } },
      errors: [STALE, 'NOT_FOUND_RECORD'],
      async handle(request) {
        const codes = await changes.makeRecoveryCodes(await ownerOf(request))
        return { status: 201, data: { recovery_codes: [...codes] } }
      },
    },
    {
      method: 'POST',
      path: '/auth/factors/passkeys/challenge',
      operation: 'passkeys.begin',
      summary: 'Begin to add a passkey. The answer is for `navigator.credentials.create`, good for five minutes.',
      caller: 'account',
      limit: 'write',
      answers: { 200: { description: 'What the browser is asked.', data: PASSKEY_CREATION } },
      errors: [STALE],
      async handle(request) {
        return { status: 200, data: await changes.beginPasskey(await ownerOf(request)) }
      },
    },
    {
      method: 'POST',
      path: '/auth/factors/passkeys',
      operation: 'passkeys.create',
      summary: 'Add a passkey. It signs in alone, and is the second factor beside the password.',
      caller: 'account',
      limit: 'sensitive',
      input: { response: RESPONSE, name: NAME },
      answers: {
        201: { description: 'The passkey, and recovery codes, shown once, where the account had none.', data: ADDED_PASSKEY },
      },
      errors: [STALE, 'AUTH_FACTOR_INVALID', 'CONFLICT_DUPLICATE'],
      async handle(request, input) {
        const owner = await ownerOf(request)
        const { passkey, recoveryCodes } = await changes.addPasskey(owner, input['response'], String(input['name']))
        const codes = recoveryCodes === undefined ? null : [...recoveryCodes]
        return { status: 201, data: { passkey: renderPasskey(passkey), recovery_codes: codes } }
      },
    },
    {
      method: 'GET',
      path: '/auth/factors/passkeys/:id',
      operation: 'passkeys.get',
      summary: 'One passkey of the account.',
      caller: 'account',
      limit: 'read',
      answers: { 200: { description: 'The passkey.', data: PASSKEY } },
      errors: ['NOT_FOUND_RECORD'],
      async handle(request) {
        const id = readPasskeyId(request)
        const views = await listPasskeys(await accountOf(accounts, request))
        return renderFound(views.find((view) => view.id === id))
      },
    },
    {
      method: 'PATCH',
      path: '/auth/factors/passkeys/:id',
      operation: 'passkeys.rename',
      summary: 'Give a passkey another name.',
      caller: 'account',
      limit: 'write',
      input: { name: NAME },
      answers: { 200: { description: 'The passkey.', data: PASSKEY } },
      errors: ['NOT_FOUND_RECORD'],
      async handle(request, input) {
        const account = await accountOf(accounts, request)
        return renderFound(await passkeys.rename(account.id, readPasskeyId(request), String(input['name'])))
      },
    },
    {
      method: 'DELETE',
      path: '/auth/factors/passkeys/:id',
      operation: 'passkeys.remove',
      summary: 'Remove a passkey.',
      caller: 'account',
      limit: 'write',
      answers: { 204: { description: 'It is removed.', data: null } },
      errors: [STALE, 'NOT_FOUND_RECORD'],
      async handle(request) {
        await changes.removePasskey(await ownerOf(request), readPasskeyId(request))
        return { status: 204 }
      },
    },
    ...passkeyRoutes(parts),
  ]
}

function renderFound(view: PasskeyView | undefined) {
  if (view === undefined) throw new PlinthError('NOT_FOUND_RECORD', 'The account has no such passkey')
  return { status: 200, data: renderPasskey(view) }
}

function renderPasskey({ id, name, isBackedUp, createdAt, lastUsedAt }: PasskeyView): Json {
  return {
    id,
    name,
    is_backed_up: isBackedUp,
    created_at: createdAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null,
  }
}

/** Reads a passkey's id from the path; anything else is no passkey of anybody. */
function readPasskeyId(request: HttpRequest): Uuid {
  const id = request.params['id'] ?? ''
  if (!isUuid(id)) throw new PlinthError('NOT_FOUND_RECORD', 'The account has no such passkey')
  return id
}
