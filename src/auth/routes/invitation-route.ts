/** The route to invite somebody to an account that was made for them: the letter goes out when whoever manages accounts says so. */
import type { Engine } from '../../engine/index.ts'
import { decodeTypeId, PlinthError } from '../../kernel/index.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { ClaimLetters } from '../accounts/claim-letters.ts'
import type { IdentityScope } from '../ports.ts'
import { expectAccountManager } from './admin-routes.ts'
import type { IdentityRoute } from './route.ts'
import { ACCEPTED } from './schemas.ts'

export interface InvitationRouteParts {
  readonly scope: Pick<IdentityScope, 'accounts' | 'clock' | 'report'>
  readonly engine: Engine
  readonly accounts: Accounts
  readonly claimLetters: ClaimLetters
}

/** As long as the wait for the next letter. */
const RETRY_AFTER_S = 900

export function invitationRoute({ scope, engine, accounts, claimLetters }: InvitationRouteParts): IdentityRoute {
  return {
    method: 'POST',
    path: '/auth/accounts/:id/invitation',
    operation: 'accounts.invite',
    summary:
      'Write to the address of an account that nobody has shown to be theirs: the letter has a link to choose the password, good for three days.',
    caller: 'account',
    limit: 'write',
    answers: { 202: { description: 'A letter is on its way.', data: ACCEPTED } },
    errors: ['AUTH_FORBIDDEN', 'AUTH_STEP_UP_REQUIRED', 'NOT_FOUND_RECORD'],
    async handle(request) {
      // Before the look: whoever may not manage accounts does not learn which there are.
      expectAccountManager(engine, scope, request)
      const id = decodeTypeId(scope.accounts.resource.idPrefix, request.params['id'] ?? '')
      const account = id === undefined ? undefined : await accounts.findById(id)
      if (account === undefined || account.isVerified || account.isSuspended)
        throw new PlinthError('NOT_FOUND_RECORD', 'There is no such account that waits for its owner')
      if (!(await claimLetters.inviteForManager(account)))
        throw new PlinthError('RATE_LIMIT_EXCEEDED', 'The account has been sent its share of letters', {
          retryAfterS: RETRY_AFTER_S,
        })
      const { subject, role } = account
      scope.report({ event: 'admin.account_invited', subject, requestId: request.requestId, fields: { role } })
      return { status: 202, data: { status: 'accepted' } }
    },
  }
}
