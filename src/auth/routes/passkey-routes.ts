/** Routes to show a passkey: alone, after a password, or to prove oneself again. No account name goes in, so none can be tried. */
import { json, secret } from '../../model/index.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { Passkeys } from '../factors/passkeys.ts'
import type { IdentityScope } from '../ports.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { SignIn } from '../sessions/sign-in.ts'
import { PASSKEY_REQUEST } from './factor-schemas.ts'
import { DELIVERY, openSession } from './open-session.ts'
import { accountOf, type IdentityRoute } from './route.ts'
import { SIGNED_IN } from './schemas.ts'

export interface PasskeyRoutesParts {
  readonly scope: Pick<IdentityScope, 'issuer'>
  readonly accounts: Accounts
  readonly passkeys: Passkeys
  readonly signIn: SignIn
  readonly sessions: Sessions
}

const ASSERTION = json({ type: 'object', maxProperties: 20 }).describe('What `navigator.credentials.get` gave, as JSON.')
const TICKET = secret({ max: 128 })
  .optional()
  .describe('From the answer to the right password. Left out to sign in with a passkey alone.')
const ASKED = { 200: { description: 'What the browser is asked.', data: PASSKEY_REQUEST } }

export function passkeyRoutes(parts: PasskeyRoutesParts): readonly IdentityRoute[] {
  const { accounts, passkeys, signIn } = parts
  return [
    {
      method: 'POST',
      path: '/auth/sessions/passkey/challenge',
      operation: 'sessions.passkey-challenge',
      summary: 'Begin to show a passkey. The answer is for `navigator.credentials.get`, good for five minutes.',
      caller: 'anybody',
      limit: 'sensitive',
      input: { ticket: TICKET },
      answers: ASKED,
      errors: ['AUTH_TICKET_INVALID'],
      async handle(_, input) {
        const { ticket } = input
        if (typeof ticket !== 'string') return { status: 200, data: await passkeys.signInOptions() }
        const account = await signIn.findByTicket(ticket)
        return { status: 200, data: await passkeys.secondFactorOptions(account.id) }
      },
    },
    {
      method: 'POST',
      path: '/auth/sessions/passkey',
      operation: 'sessions.create-by-passkey',
      summary: 'Sign in with a passkey alone.',
      caller: 'anybody',
      limit: 'sensitive',
      input: { assertion: ASSERTION, delivery: DELIVERY },
      answers: { 201: { description: 'Signed in.', data: SIGNED_IN } },
      errors: ['AUTH_FACTOR_INVALID', 'AUTH_EMAIL_UNVERIFIED', 'AUTH_ACCOUNT_SUSPENDED'],
      async handle(request, input) {
        const shown = await passkeys.authenticate(input['assertion'], request.requestId)
        return openSession(parts, request, await signIn.withPasskey(shown, request.requestId), input['delivery'])
      },
    },
    {
      method: 'POST',
      path: '/auth/sessions/step-up/passkey-challenge',
      operation: 'sessions.step-up-challenge',
      summary: 'Begin to prove oneself again with a passkey of the account.',
      caller: 'account',
      limit: 'sensitive',
      answers: ASKED,
      errors: [],
      async handle(request) {
        const account = await accountOf(accounts, request)
        return { status: 200, data: await passkeys.secondFactorOptions(account.id) }
      },
    },
  ]
}
