/** The parts of identity that need no server: accounts, letters, passwords, factors, sessions; which of them knows which others. */
import {
  Accounts,
  AuthenticatorApps,
  ClaimLetters,
  Claims,
  createBreachedPasswords,
  createPasswordHasher,
  createPasswordPolicy,
  FactorChanges,
  Factors,
  Failures,
  type IdentityScope,
  LetterSecrets,
  noticeLetter,
  OneTimeSecrets,
  Passkeys,
  RecoveryCodes,
  RevokedTokens,
  relyingParty,
  Sessions,
  SignIn,
  type SigningKeys,
  SignOut,
  type Standings,
  TokenMinter,
} from '../../auth/index.ts'
import type { Logger } from '../../observe/index.ts'
import { addressKey } from '../../resilience/index.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { LaterTasks } from '../later.ts'
import type { Settings } from '../settings.ts'
import type { GrantEnds } from './grant-ends.ts'
import type { LetterBox } from './letter-box.ts'

export interface IdentityPartsOptions {
  readonly scope: IdentityScope
  readonly settings: Settings
  readonly keys: SigningKeys
  readonly standings: Standings
  readonly letterBox: LetterBox
  readonly grantEnds: GrantEnds
  readonly later: LaterTasks
}

export type IdentityParts = ReturnType<typeof createIdentityParts>

export function createIdentityParts(options: IdentityPartsOptions) {
  const { scope, settings, keys, standings, letterBox, grantEnds, later } = options
  const { scope: letters, send } = letterBox
  const { service } = letters
  const accounts = new Accounts(scope)
  const failures = new Failures(scope)
  const secrets = new OneTimeSecrets(scope)
  const letterSecrets = new LetterSecrets(scope, { secrets, accounts, failures })
  const claimLetters = new ClaimLetters({ secrets: letterSecrets, letters, send })
  const passwords = createPasswordHasher({ clock: SYSTEM_CLOCK })
  const policy = createPasswordPolicy(breachedOption(settings, scope.logger))
  const check = (plain: string, personal: readonly string[]): Promise<void> => policy.check(plain, { personal })
  const notify = (account: { readonly login: string }, notice: Parameters<typeof noticeLetter>[2]): void =>
    send(noticeLetter(letters, account.login, notice))

  const apps = new AuthenticatorApps({ scope, service })
  const codes = new RecoveryCodes(scope)
  const passkeys = new Passkeys({ scope, accounts, secrets, party: relyingParty(scope.issuer, service) })
  const factors = new Factors({ scope, failures, apps, codes, passkeys, notify })
  const changes = new FactorChanges({ scope, factors, apps, codes, passkeys, notify })
  const signIn = new SignIn({ scope, accounts, passwords, failures, secrets, factors, addressKey })

  const signOut = new SignOut({
    scope,
    endBrowsers: (id, client) => grantEnds.endBrowsersOf(id, client),
    onStolen: (id) =>
      later.follow(async () => {
        const account = await accounts.findById(id)
        if (account !== undefined) notify(account, 'session_stolen')
      }),
    onEnded(ids) {
      for (const id of ids) standings.noteChange(id)
      // One after another: an account may have thousands of sessions, and each takes a connection for a moment.
      later.follow(async () => {
        for (const id of ids) await grantEnds.revokeGrantOfSession(id)
      })
    },
  })
  const sessions = new Sessions({ scope, accounts, tokens: new TokenMinter({ scope, keys }), signOut })
  const claims = new Claims({ scope, accounts, secrets: letterSecrets, signOut })
  const revoked = new RevokedTokens({ scope, onRevoked: (jti) => standings.noteChange(jti) })
  return {
    accounts,
    failures,
    secrets,
    letterSecrets,
    claimLetters,
    claims,
    passwords,
    check,
    passkeys,
    factors,
    changes,
    signIn,
    signOut,
    sessions,
    revoked,
  }
}

function breachedOption({ breachedPasswordsUrl: url }: Settings, logger: Logger) {
  if (url === undefined) return {}
  const onFailure = (error: Error): void => logger.warn('A new password was not looked up among the breached ones', { error })
  return { breached: createBreachedPasswords({ url, fetch, onFailure }) }
}
