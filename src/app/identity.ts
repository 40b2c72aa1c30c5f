/** Puts the parts of identity together: accounts, passwords, sessions, factors, keys, standing, and the OAuth server over them. */
import { join } from 'node:path'
import {
  Accounts,
  AuthenticatorApps,
  accountRoutes,
  addressChangedLetter,
  adminRoutes,
  ClaimLetters,
  Claims,
  createAccountGuard,
  createBreachedPasswords,
  createPasswordHasher,
  createPasswordPolicy,
  createVault,
  FactorChanges,
  Factors,
  Failures,
  factorRoutes,
  type IdentityScope,
  type JwkSet,
  LetterSecrets,
  mountIdentityRoutes,
  mountJwks,
  noticeLetter,
  OneTimeSecrets,
  Passkeys,
  PasswordChanges,
  RecoveryCodes,
  Registration,
  RevokedTokens,
  relyingParty,
  type SendLetter,
  Sessions,
  SignIn,
  SigningKeys,
  Standings,
  sessionRoutes,
  sweepIdentity,
  TokenMinter,
  type TokenVerifier,
  type TrustedIssuer,
  tokenRoutes,
} from '../auth/index.ts'
import { type Engine, guardStore, type Store } from '../engine/index.ts'
import type { HttpServer } from '../http/index.ts'
import { uuidGenerator } from '../kernel/index.ts'
import { createFileOutbox, createSmtpMailer, type Letter, type Mailer } from '../mail/index.ts'
import type { AccountsModel } from '../model/index.ts'
import { clientRoutes, mountAccountPages, mountOAuth, type OAuth } from '../oauth/index.ts'
import { createUserHash, type Logger } from '../observe/index.ts'
import { JournalFollower, SqlPool } from '../pg/index.ts'
import { addressKey } from '../resilience/index.ts'
import { SYSTEM_CLOCK, SYSTEM_RANDOMNESS } from './clock.ts'
import { openDataFolder } from './database.ts'
import type { App } from './declare.ts'
import { createLater } from './later.ts'
import type { Settings } from './settings.ts'
import { sweepRegularly } from './sweep.ts'

export interface IdentityOptions {
  readonly app: App
  readonly accounts: AccountsModel
  readonly settings: Settings
  readonly databaseUrl: string
  /** How the service is reached from outside: the issuer of its tokens. */
  readonly issuer: string
  readonly deriveKey: (purpose: string) => Uint8Array
  readonly logger: Logger
  /** Told of each letter once it is in its file; with a mail server of nothing. */
  readonly onLetter?: ((letter: Letter) => void) | undefined
}

export interface Identity {
  /** The service as an issuer of tokens. */
  readonly trust: TrustedIssuer
  /** Calls back with the public keys after each change of them. */
  onKeys(listener: (keys: JwkSet) => void): void
  /** Puts the guard of the accounts before a store. */
  guard(store: Store): Store
  /** Adds the routes of identity to a server that does not listen yet. */
  mount(server: HttpServer, engine: Engine, verifier: TokenVerifier): Promise<void>
  /** Resolves when all that goes on after answers is done. */
  settle(): Promise<void>
  stop(): Promise<void>
}

/** 50,000 rows of a table a minute: more than the attempts to sign in that one instance can judge. */
const SWEEP_ROUNDS_MAX = 50
/** As long as the subject of an account. */
const NOBODY = 'usr_00000000000000000000000000'

/** Opens what identity stands on: its connections, its keys, and the feed that keeps standings current. */
export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  const { app, accounts: model, settings, issuer, deriveKey, logger } = options
  const sql = new SqlPool({ url: options.databaseUrl, applicationName: `${app.domain.name} identity` })
  const hashUserId = createUserHash(deriveKey('user-hash'))
  const scope: IdentityScope = {
    sql,
    accounts: model,
    roles: app.domain.roles,
    issuer,
    audience: settings.tokenAudience ?? app.domain.name,
    clock: SYSTEM_CLOCK,
    newId: uuidGenerator(SYSTEM_CLOCK, SYSTEM_RANDOMNESS),
    vault: createVault(deriveKey),
    logger,
    report({ event, subject, requestId, fields }) {
      // Hashed where there is nobody too: events come before answers, whose time must not tell whether there is an account.
      const userId = hashUserId({ subject: subject ?? NOBODY })
      logger.security(event, { ...fields, request_id: requestId }, { userId: subject === null ? null : userId })
    },
  }
  const later = createLater(logger)
  const mailer = openMailer(app, settings)
  const onLetter = settings.mailUrl === undefined ? options.onLetter : undefined
  const send: SendLetter = (letter) =>
    later.follow(async () => {
      await mailer.send(letter)
      onLetter?.(letter)
    })
  const letters = { service: app.domain.name, origin: issuer }

  const keys = await SigningKeys.open(scope)
  // Apart from the rest, so that a rush to sign in never makes the check of a token wait.
  const watching = new SqlPool({ url: options.databaseUrl, applicationName: `${app.domain.name} standing`, connections: 2 })
  const standings = new Standings({ scope: { ...scope, sql: watching } })
  const follower = new JournalFollower({
    sql: watching,
    resources: [...standings.resources, 'plinth.key'],
    onRows(rows) {
      standings.take(rows)
      if (rows.some(({ resource }) => resource === 'plinth.key')) later.follow(() => keys.refresh())
    },
    onGap: () => standings.noteGap(),
    onRead: (readAtMs) => standings.noteFresh(readAtMs),
    onError: (error) => logger.warn('The journal could not be read; tokens are checked in the database meanwhile', { error }),
  })

  const accounts = new Accounts(scope)
  const failures = new Failures(scope)
  const secrets = new OneTimeSecrets(scope)
  const letterSecrets = new LetterSecrets(scope, { secrets, accounts, failures })
  const claimLetters = new ClaimLetters({ secrets: letterSecrets, letters, send })
  const passwords = createPasswordHasher({ clock: SYSTEM_CLOCK })
  const policy = createPasswordPolicy(breachedOption(settings, logger))
  const check = (plain: string, personal: readonly string[]): Promise<void> => policy.check(plain, { personal })
  const notify = (account: { readonly login: string }, notice: Parameters<typeof noticeLetter>[2]): void =>
    send(noticeLetter(letters, account.login, notice))

  const apps = new AuthenticatorApps({ scope, service: app.domain.name })
  const codes = new RecoveryCodes(scope)
  const passkeys = new Passkeys({ scope, accounts, secrets, party: relyingParty(issuer, app.domain.name) })
  const factors = new Factors({ scope, failures, apps, codes, passkeys, notify })
  const changes = new FactorChanges({ scope, factors, apps, codes, passkeys, notify })
  const signIn = new SignIn({ scope, accounts, passwords, failures, secrets, factors, addressKey })
  const tokens = new TokenMinter({ scope, keys })
  const revoked = new RevokedTokens({ scope, onRevoked: (jti) => standings.noteChange(jti) })
  let oauth: OAuth | undefined
  const sessions = new Sessions({
    scope,
    accounts,
    tokens,
    endBrowsers: async (id, client) => oauth?.endBrowsersOf(id, client),
    onStolen: (id) =>
      later.follow(async () => {
        const account = await accounts.findById(id)
        if (account !== undefined) notify(account, 'session_stolen')
      }),
    onEnded(ids) {
      for (const id of ids) standings.noteChange(id)
      // One after another: an account may have thousands of sessions, and each takes a connection for a moment.
      later.follow(async () => {
        for (const id of ids) await oauth?.revokeGrantOfSession(id)
      })
    },
  })

  const claims = new Claims({ scope, accounts, secrets: letterSecrets, sessions })

  keys.start()
  const stopSweep = sweepRegularly(
    'What identity no longer needs',
    () => sweepIdentity(sql, SYSTEM_CLOCK.now(), SWEEP_ROUNDS_MAX),
    logger,
  )
  await follower.start()
  return {
    trust: { issuer, keys: keys.publicJwks(), standing: standings, learnKey: (kid) => keys.learnKey(kid) },
    onKeys: (listener) => void keys.onChange(() => listener(keys.publicJwks())),
    guard: (store) =>
      guardStore(
        store,
        createAccountGuard({
          scope,
          accounts,
          passwords,
          check,
          onChanged: (id) => standings.noteChange(id),
          onRenamed({ subject, login, isVerified }, { requestId }) {
            scope.report({ event: 'auth.address_changed', subject, requestId, fields: { was_verified: isVerified } })
            // Whoever never showed that the address is theirs is told nothing of the account.
            if (isVerified) send(addressChangedLetter(letters, login))
          },
          onDeleted: (id, by) => later.follow(() => sessions.endAll(id, 'deleted', by)),
          onRestoring: (id, by) => sessions.endAll(id, 'deleted', by),
        }),
      ),
    async mount(server, engine, verifier) {
      const shared = { accounts, claims, claimLetters, passwords, check, letters, send, later: later.run }
      const registration = new Registration({ ...shared, scope, engine, secrets: letterSecrets })
      mountJwks(server, keys)
      const lending = mountOAuth({
        server,
        scope,
        domain: app.domain,
        keys,
        accounts,
        signIn,
        passkeys,
        sessions,
        failures,
        authenticate: (authorization) => verifier.authenticate(authorization),
        onChanged: (id) => standings.noteChange(id),
      })
      oauth = lending
      const passwordChanges = new PasswordChanges({ ...shared, secrets: letterSecrets, signIn, sessions })
      mountAccountPages(server, {
        domain: app.domain,
        origin: issuer,
        registration,
        passwordChanges,
        clock: SYSTEM_CLOCK,
        endOf: async (purpose, secret) => (await secrets.peek(purpose, secret))?.expiresAt,
      })
      mountIdentityRoutes(server, [
        ...accountRoutes({ scope, engine, accounts, claimLetters, registration, passwordChanges }),
        ...sessionRoutes({ scope, accounts, signIn, factors, sessions }),
        ...factorRoutes({ scope, accounts, factors, changes, passkeys, signIn, sessions }),
        ...clientRoutes({
          clients: lending.clients,
          clock: SYSTEM_CLOCK,
          report: scope.report,
          hasSecondFactor: async (id) => (await factors.of({ id })).length > 0,
        }),
        ...tokenRoutes({ scope, engine, revoked }),
        ...adminRoutes({ scope, engine, accounts, sessions, onChanged: (id) => standings.noteChange(id) }),
      ])
    },
    settle: () => later.drain(),
    async stop() {
      stopSweep()
      // What the follower hears goes on later, so it falls silent first.
      await follower.stop()
      await later.drain()
      await Promise.all([keys.stop(), mailer.close(), passwords.stop()])
      await Promise.all([sql.close(), watching.close()])
    },
  }
}

/** Letters go where `MAIL_URL` says; without it into files, for development. */
function openMailer(app: App, { mailUrl, mailFrom }: Settings): Mailer {
  if (mailUrl === undefined) return createFileOutbox({ folder: join(openDataFolder(app), 'mail'), clock: SYSTEM_CLOCK })
  return createSmtpMailer({ url: mailUrl, from: mailFrom })
}

function breachedOption({ breachedPasswordsUrl: url }: Settings, logger: Logger) {
  if (url === undefined) return {}
  const onFailure = (error: Error): void => logger.warn('A new password was not looked up among the breached ones', { error })
  return { breached: createBreachedPasswords({ url, fetch, onFailure }) }
}
