/** Opens identity and closes it again: in which order its parts begin and fall silent. */
import { type JwkSet, SigningKeys, sweepIdentity, type TokenVerifier, type TrustedIssuer } from '../../auth/index.ts'
import { type Engine, guardStore, type Store } from '../../engine/index.ts'
import type { HttpServer } from '../../http/index.ts'
import { SqlPool } from '../../pg/index.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import { createLater } from '../later.ts'
import { sweepRegularly } from '../sweep.ts'
import { GrantEnds } from './grant-ends.ts'
import { createRecordGuard } from './guard.ts'
import { type LetterBoxOptions, openLetterBox } from './letter-box.ts'
import { mountIdentity } from './mount.ts'
import { createIdentityParts } from './parts.ts'
import { createScope, type ScopeOptions } from './scope.ts'
import { createStandingFeed } from './standing-feed.ts'

export interface IdentityOptions extends ScopeOptions, LetterBoxOptions {
  readonly databaseUrl: string
}

export interface Identity {
  /** The service as an issuer of tokens. */
  readonly trust: TrustedIssuer
  /** Calls back with the public keys after each change of them. */
  onKeys(listener: (keys: JwkSet) => void): void
  /** Puts the guard of the accounts before a store. */
  guard(store: Store): Store
  /** Adds the routes of identity to a server that does not listen yet. */
  mount(server: HttpServer, engine: Engine, verifier: TokenVerifier): void
  /** Resolves when all that goes on after answers is done. */
  settle(): Promise<void>
  stop(): Promise<void>
}

/** 50,000 rows of a table a minute: more than the attempts to sign in that one instance can judge. */
const SWEEP_ROUNDS_MAX = 50

/** Opens what identity stands on: its connections, its keys, and the feed that keeps standings current. */
export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  const { app, databaseUrl, issuer, logger, settings } = options
  const { domain } = app
  const sql = new SqlPool({ url: databaseUrl, applicationName: `${domain.name} identity` })
  const scope = createScope(options, sql)
  const later = createLater(logger)
  const letterBox = openLetterBox(options, later)
  const keys = await SigningKeys.open(scope)
  const feed = createStandingFeed({ scope, keys, later, databaseUrl, applicationName: `${domain.name} standing` })
  const { standings } = feed
  const grantEnds = new GrantEnds()
  const parts = createIdentityParts({ scope, settings, keys, standings, letterBox, grantEnds, later })

  keys.start()
  const stopSweep = sweepRegularly(
    'What identity no longer needs',
    () => sweepIdentity(sql, SYSTEM_CLOCK.now(), SWEEP_ROUNDS_MAX),
    logger,
  )
  await feed.start()
  return {
    trust: { issuer, keys: keys.publicJwks(), standing: standings, learnKey: (kid) => keys.learnKey(kid) },
    onKeys: (listener) => void keys.onChange(() => listener(keys.publicJwks())),
    guard: (store) => guardStore(store, createRecordGuard({ scope, parts, standings, letterBox, later })),
    mount(server, engine, verifier) {
      mountIdentity({ domain, scope, keys, standings, parts, letterBox, grantEnds, later }, server, engine, verifier)
    },
    settle: () => later.drain(),
    async stop() {
      stopSweep()
      // What the follower hears goes on later, so it falls silent first.
      await feed.silence()
      await later.drain()
      await Promise.all([keys.stop(), letterBox.close(), parts.passwords.stop()])
      await Promise.all([sql.close(), feed.close()])
    },
  }
}
