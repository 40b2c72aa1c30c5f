/** Routes for those who look after accounts: whoever may see and update every account may also end its sessions and suspend it. */
import type { Engine } from '../../engine/index.ts'
import type { HttpRequest } from '../../http/index.ts'
import { decodeTypeId, PlinthError } from '../../kernel/index.ts'
import { isLent, UNCONDITIONAL } from '../../policy/index.ts'
import type { SqlClient } from '../../sql/index.ts'
import type { Account, Accounts } from '../accounts/accounts.ts'
import type { IdentityScope } from '../ports.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { SignOut } from '../sessions/sign-out.ts'
import type { IdentityRoute } from './route.ts'
import { listSchema, SESSION } from './schemas.ts'
import { readSessionId, renderSessions } from './session-routes.ts'

export interface AdminRoutesParts {
  readonly scope: Pick<IdentityScope, 'accounts' | 'clock' | 'report'>
  readonly engine: Engine
  readonly accounts: Accounts
  readonly sessions: Pick<Sessions, 'list'>
  readonly signOut: SignOut
  /** Told of an account whose standing changed, on this instance. */
  readonly onChanged: (accountId: string) => void
}

const ERRORS = ['AUTH_FORBIDDEN', 'AUTH_STEP_UP_REQUIRED', 'NOT_FOUND_RECORD']

export function adminRoutes(parts: AdminRoutesParts): readonly IdentityRoute[] {
  const { accounts, sessions, signOut, scope, onChanged } = parts
  const by = (request: HttpRequest) => ({ actor: request.actor.subject, requestId: request.requestId })

  const suspend = async (request: HttpRequest, isSuspended: boolean) => {
    const account = await readAccount(parts, request)
    const change = (client?: SqlClient) => accounts.setSuspended(account.id, isSuspended, by(request), client)
    // Whoever comes back comes back signed out: a sign-in that was under way may have opened a session meanwhile.
    const isSignedOut = isSuspended || account.isSuspended
    const isChanged = await (isSignedOut ? signOut.everywhereWith(change, account.id, 'suspended', by(request)) : change())
    if (isChanged) {
      const event = isSuspended ? 'admin.account_suspended' : 'admin.account_reinstated'
      scope.report({ event, subject: account.subject, requestId: request.requestId })
    }
    onChanged(account.id)
    return { status: 204 }
  }

  return [
    {
      method: 'GET',
      path: '/auth/accounts/:id/sessions',
      operation: 'accounts.list-sessions',
      summary: 'Where an account is signed in.',
      caller: 'account',
      limit: 'read',
      answers: { 200: { description: 'The sessions, the one used last first.', data: listSchema(SESSION) } },
      errors: ERRORS,
      async handle(request) {
        const account = await readAccount(parts, request)
        return { status: 200, data: renderSessions(await sessions.list(account.id), null) }
      },
    },
    {
      method: 'DELETE',
      path: '/auth/accounts/:id/sessions',
      operation: 'accounts.end-sessions',
      summary: 'Sign an account out everywhere.',
      caller: 'account',
      limit: 'write',
      answers: { 204: { description: 'All its sessions have ended.', data: null } },
      errors: ERRORS,
      async handle(request) {
        const account = await readAccount(parts, request)
        await signOut.everywhere(account.id, 'ended_by_admin', by(request))
        return { status: 204 }
      },
    },
    {
      method: 'DELETE',
      path: '/auth/accounts/:id/sessions/:session_id',
      operation: 'accounts.end-session',
      summary: 'End one session of an account.',
      caller: 'account',
      limit: 'write',
      answers: { 204: { description: 'The session has ended.', data: null } },
      errors: ERRORS,
      async handle(request) {
        const account = await readAccount(parts, request)
        const only = readSessionId(request, 'session_id')
        const ended = await signOut.ofSessions(account.id, [only], 'ended_by_admin', by(request))
        if (ended.length === 0) throw new PlinthError('NOT_FOUND_RECORD', 'The account has no such session')
        return { status: 204 }
      },
    },
    {
      method: 'PUT',
      path: '/auth/accounts/:id/suspension',
      operation: 'accounts.suspend',
      summary: 'Suspend an account: its tokens are refused from now on, and nobody can sign in to it.',
      caller: 'account',
      limit: 'write',
      answers: { 204: { description: 'The account is suspended.', data: null } },
      errors: ERRORS,
      handle: (request) => suspend(request, true),
    },
    {
      method: 'DELETE',
      path: '/auth/accounts/:id/suspension',
      operation: 'accounts.reinstate',
      summary: 'End the suspension of an account.',
      caller: 'account',
      limit: 'write',
      answers: { 204: { description: 'The account may be used again.', data: null } },
      errors: ERRORS,
      handle: (request) => suspend(request, false),
    },
  ]
}

/** Decides before it looks: whoever may not manage accounts does not learn which there are. */
async function readAccount({ scope, engine, accounts }: AdminRoutesParts, request: HttpRequest): Promise<Account> {
  expectAccountManager(engine, scope, request)
  const id = decodeTypeId(scope.accounts.resource.idPrefix, request.params['id'] ?? '')
  const account = id === undefined ? undefined : await accounts.findById(id)
  if (account === undefined) throw new PlinthError('NOT_FOUND_RECORD', 'There is no such account')
  return account
}

/**
 * Whoever may see and change every account looks after them. Not an application that somebody lent their account to: it would end sessions, and invite
 * itself to accounts, with a permission that was lent for records.
 *
 * @throws `AUTH_FORBIDDEN` for whoever may not, `AUTH_STEP_UP_REQUIRED` for whoever may once they show again who they are, `AUTH_REQUIRED` for nobody
 */
export function expectAccountManager(
  engine: Engine,
  { accounts, clock }: Pick<IdentityScope, 'accounts' | 'clock'>,
  { actor, address }: Pick<HttpRequest, 'actor' | 'address'>,
): void {
  if (actor.kind === 'nobody') throw new PlinthError('AUTH_REQUIRED')
  if (isLent(actor)) throw new PlinthError('AUTH_FORBIDDEN', 'An application may not look after accounts, whoever it acts for')
  const { compiled } = engine.resource(accounts.resource.name)
  const nowMs = clock.now()
  const input = { actor, nowMs, address }
  for (const access of [compiled.access('read'), compiled.access('update')]) {
    if (access.decide(input) === UNCONDITIONAL) continue
    if (actor.kind !== 'user' || actor.session === undefined) throw new PlinthError('AUTH_FORBIDDEN')
    const session = { ...actor.session, authenticatedAtMs: nowMs, secondFactorAtMs: nowMs }
    if (access.decide({ ...input, actor: { ...actor, session } }) !== UNCONDITIONAL) throw new PlinthError('AUTH_FORBIDDEN')
    const ages = access.staleProofs(input)?.map(({ withinS }) => withinS) ?? []
    throw new PlinthError('AUTH_STEP_UP_REQUIRED', 'Show again who you are to do this', {
      ...(ages.length > 0 && { proofAgeSMax: Math.min(...ages) }),
    })
  }
}
