/** Routes to register, confirm an address, change and reset a password, invite somebody to an account, and see who one is. */
import { FieldReader } from '../../engine/index.ts'
import type { HttpRequest } from '../../http/index.ts'
import { invalid } from '../../kernel/index.ts'
import { Field, type FieldMap, NOBODY, secret, text } from '../../model/index.ts'
import { isLent } from '../../policy/index.ts'
import type { PasswordChanges } from '../accounts/password-changes.ts'
import type { Registration } from '../accounts/registration.ts'
import type { IdentityScope } from '../ports.ts'
import { DEVICE_COOKIE } from '../sessions/known-devices.ts'
import { type InvitationRouteParts, invitationRoute } from './invitation-route.ts'
import { accountOf, type IdentityAnswer, type IdentityRoute, sessionOf } from './route.ts'
import { ACCEPTED, DONE, ME } from './schemas.ts'

export interface AccountRoutesParts extends InvitationRouteParts {
  readonly registration: Registration
  readonly passwordChanges: PasswordChanges
}

/** Longer than any password may be, so that the password's own rule is the one that answers. */
const NEW_PASSWORD = secret({ max: 1_024 }).describe('At least 12 characters, and not a common password.')
const LETTER_SECRET = secret({ max: 128 }).describe('From the link in the letter.')
const ACCEPTED_ANSWER: IdentityAnswer = { status: 202, data: { status: 'accepted' } }

export function accountRoutes(parts: AccountRoutesParts): readonly IdentityRoute[] {
  const { scope, accounts, registration, passwordChanges } = parts
  const { resource } = scope.accounts
  const loginName = scope.accounts.login.name
  const login: FieldMap = { [loginName]: text({ min: 1, max: 320 }).example('ada@example.com') }
  const registered = new FieldReader(resource.fields, 'column')

  return [
    {
      method: 'POST',
      path: '/auth/registrations',
      operation: 'registrations.create',
      summary:
        'Register an account. A letter to the address tells how to go on; the answer does not tell whether there was an account already.',
      caller: 'anybody',
      limit: 'sensitive',
      input: registrationInput(scope),
      answers: { 202: { description: 'A letter is on its way.', data: ACCEPTED } },
      errors: [],
      async handle(request) {
        const values = registered.read(request.body, 'create', NOBODY)
        const { password } = scope.accounts
        if (values.get(password) == null)
          throw invalid([{ field: password.publicName, code: 'required', message: `${password.column} is required` }])
        const { address, requestId } = request
        await registration.register(values, { address, requestId })
        return ACCEPTED_ANSWER
      },
    },
    {
      method: 'POST',
      path: '/auth/email-verifications',
      operation: 'email-verifications.create',
      summary: 'Confirm the address with the secret of the letter and the password that was registered.',
      caller: 'anybody',
      limit: 'sensitive',
      input: { token: LETTER_SECRET, password: secret({ max: 1_024 }) },
      answers: { 200: { description: 'The address is confirmed; sign in.', data: DONE } },
      errors: ['AUTH_LINK_INVALID', 'AUTH_CREDENTIALS_INVALID'],
      async handle(request, input) {
        await registration.verify(String(input['token']), String(input['password']), request)
        return { status: 200, data: { status: 'done' } }
      },
    },
    {
      method: 'POST',
      path: '/auth/email-verifications/requests',
      operation: 'email-verifications.request',
      summary: 'Ask for another letter to confirm the address.',
      caller: 'anybody',
      limit: 'sensitive',
      input: login,
      answers: { 202: { description: 'A letter is on its way, if there is an account to confirm.', data: ACCEPTED } },
      errors: [],
      async handle(_, input) {
        registration.requestVerification(String(input[loginName]))
        return ACCEPTED_ANSWER
      },
    },
    {
      method: 'PUT',
      path: '/auth/password',
      operation: 'password.change',
      summary: 'Change the password. All other sessions end.',
      caller: 'account',
      limit: 'sensitive',
      input: { currentPassword: secret({ max: 1_024 }), newPassword: NEW_PASSWORD },
      answers: { 204: { description: 'The password is changed.', data: null } },
      errors: ['AUTH_CREDENTIALS_INVALID', 'RATE_LIMIT_SIGN_IN'],
      async handle(request, input) {
        const account = await accountOf(accounts, request)
        const passwords = { current: String(input['currentPassword']), next: String(input['newPassword']) }
        await passwordChanges.change(account, passwords, sessionOf(request), passwordRequest(request))
        return { status: 204 }
      },
    },
    {
      method: 'POST',
      path: '/auth/password-resets/requests',
      operation: 'password-resets.request',
      summary: 'Ask for a letter to set a new password. The answer does not tell whether there is an account.',
      caller: 'anybody',
      limit: 'sensitive',
      input: login,
      answers: { 202: { description: 'A letter is on its way, if there is an account.', data: ACCEPTED } },
      errors: [],
      async handle(_, input) {
        passwordChanges.requestReset(String(input[loginName]))
        return ACCEPTED_ANSWER
      },
    },
    {
      method: 'POST',
      path: '/auth/password-resets',
      operation: 'password-resets.create',
      summary: 'Set a new password with the secret of the letter. All sessions end.',
      caller: 'anybody',
      limit: 'sensitive',
      input: { token: LETTER_SECRET, password: NEW_PASSWORD },
      answers: { 204: { description: 'The password is set; sign in.', data: null } },
      errors: ['AUTH_LINK_INVALID'],
      async handle(request, input) {
        await passwordChanges.reset(String(input['token']), String(input['password']), passwordRequest(request))
        return { status: 204 }
      },
    },
    invitationRoute(parts),
    {
      method: 'GET',
      path: '/auth/me',
      operation: 'me.get',
      summary: 'Who the caller is, and what they may do.',
      caller: 'account',
      limit: 'read',
      answers: { 200: { description: 'The caller.', data: ME } },
      errors: [],
      async handle(request) {
        const { actor } = request
        const isThemselves = actor.kind === 'user' && !isLent(actor)
        // What an application may know of the person it acts for is asked under /oauth/userinfo, by scope.
        const account = isThemselves && actor.id !== null ? await accounts.findById(actor.id) : undefined
        return {
          status: 200,
          data: {
            id: actor.subject ?? '',
            login: account?.login ?? null,
            display_name: account?.displayName ?? null,
            roles: [...actor.roles],
            permissions: [...actor.permissions],
            session_id: sessionOf(request),
          },
        }
      },
    },
  ]
}

/** What nobody may set of the accounts' fields when they register: for the documentation; the handler reads with the resource's own rules. */
function registrationInput({ accounts }: Pick<IdentityScope, 'accounts'>): FieldMap {
  const settable = accounts.resource.fields.filter(
    ({ isStandard, rules }) => !isStandard && rules.input !== 'none' && rules.writableBy === undefined,
  )
  return Object.fromEntries(settable.map((field) => [field.name, new Field(field.kind, field.rules)]))
}

function passwordRequest({ address, cookies, requestId, signal }: HttpRequest) {
  return { address, deviceToken: cookies.get(DEVICE_COOKIE), requestId, signal }
}
