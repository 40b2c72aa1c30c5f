/**
 * The keys that sign this installation's tokens, as one instance knows them: which one signs now, and which are published.
 *
 * The moment at which a key begins to sign is one of the database's clock. An instance learns the distance to that clock with each look at the
 * table and counts on by its monotonic clock, so neither a wrong clock of the machine nor one that jumps makes it sign too early.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { JwkSet } from '../keys.ts'
import type { IdentityScope } from '../ports.ts'
import { type KeyView, listKeys, type Rotation, readKeys, readOrMakeKeys, rotateKeys, type TimedKey } from './key-table.ts'
import { type Jwk, type OpenKey, renderPrivateJwk } from './sealed-key.ts'

type SigningScope = Pick<IdentityScope, 'sql' | 'clock' | 'vault' | 'logger'>

/** Two looks within the five seconds in which all instances follow. */
const POLL_MS = 2_000
/** One look a second answers any number of unknown names. */
const LEARN_EVERY_MS = 1_000
/** So many requests wait for it; the others are told at once that they are not known. */
const LEARNERS_MAX = 64
/** RFC 7638 with SHA-256, in base64url. No other name is ever looked for. */
const KID_FORM = /^[A-Za-z0-9_-]{43}$/

interface State {
  /** By the time from which they sign; those that are no longer published included until the next look. */
  readonly keys: readonly TimedKey[]
  /** Milliseconds of the database's clock, less those of the monotonic one. */
  readonly distanceMs: number
}

/** What a listener would see. */
interface Face {
  readonly name: string
  readonly publicJwks: JwkSet
}

export class SigningKeys {
  readonly #scope: SigningScope
  readonly #listeners = new Set<() => void>()
  readonly #pollMs: number
  #state: State
  #face: Face
  #timer: NodeJS.Timeout | undefined
  #isStarted = false
  #polling: Promise<void> = Promise.resolve()
  #refreshing: Promise<void> = Promise.resolve()
  #learning: Promise<void> | undefined
  #learners = 0
  #learnedAtMs = Number.NEGATIVE_INFINITY

  /**
   * Opens the keys, and makes the first one where there is none.
   *
   * @param options.pollMs default 2,000
   * @throws a sentence when they were sealed with another secret
   * @example
   * const keys = await SigningKeys.open(scope)
   * keys.start()
   * const verifier = createTokenVerifier({ issuers: [{ issuer, keys: keys.publicJwks(), learnKey: (kid) => keys.learnKey(kid) }], audience, clock })
   * keys.onChange(() => verifier.replaceKeys(issuer, keys.publicJwks()))
   */
  static async open(scope: SigningScope, { pollMs = POLL_MS }: { readonly pollMs?: number } = {}): Promise<SigningKeys> {
    await readOrMakeKeys(scope)
    return new SigningKeys(scope, await readState(scope), pollMs)
  }

  private constructor(scope: SigningScope, state: State, pollMs: number) {
    this.#scope = scope
    this.#state = state
    this.#pollMs = pollMs
    this.#face = this.#look()
  }

  /** The key that signs now. */
  signer(): OpenKey {
    const nowMs = this.#databaseNowMs()
    const { keys } = this.#state
    // The times of the keys meet without a gap. Where only later ones are left, the first of them is the best.
    const signer = keys.findLast((key) => key.signsFromMs <= nowMs && !isOver(key.signsUntilMs, nowMs)) ?? keys[0]
    if (signer === undefined) throw new Error('Cannot sign: there is no signing key, expected one in plinth_signing_keys')
    return signer
  }

  /** What others verify our tokens with: also keys that sign later, and those that signed before. The same object until it changes. */
  publicJwks(): JwkSet {
    return this.#face.publicJwks
  }

  /** The same with private parts, the one that signs first: for a library that signs by itself, and for nothing else. */
  privateJwks(): { readonly keys: readonly Jwk[] } {
    const { kid } = this.signer()
    const keys = this.#published()
    return { keys: [...keys.filter((key) => key.kid === kid), ...keys.filter((key) => key.kid !== kid)].map(renderPrivateJwk) }
  }

  /** All keys that are kept, the newest first; at most 100. */
  list(): Promise<readonly KeyView[]> {
    return listKeys(this.#scope.sql)
  }

  /** Adds a key that takes over; see `Rotation`. This instance follows before it returns, the others within 5 s. */
  async rotate(rotation: Rotation = {}): Promise<{ readonly kid: string; readonly signsFrom: Date }> {
    const next = await rotateKeys(this.#scope, rotation)
    await this.refresh()
    return next
  }

  /** Looks at the table. @throws when the database is away, or a key cannot be opened; what was known stays then */
  refresh(): Promise<void> {
    // One after another: the answer to an earlier look must not replace that to a later one.
    const look = async (): Promise<void> => {
      this.#state = await readState(this.#scope)
      this.#tell()
    }
    const refreshing = this.#refreshing.then(look, look)
    this.#refreshing = refreshing
    return refreshing
  }

  /**
   * Looks for a key that a token names and that is not known here: one look a second, whatever is asked.
   * @returns undefined where there is no hope, or where too many wait already
   */
  learnKey(kid: string): Promise<void> | undefined {
    if (!KID_FORM.test(kid) || this.#learners >= LEARNERS_MAX) return undefined
    this.#learning ??= this.#learn().finally(() => {
      this.#learning = undefined
    })
    this.#learners += 1
    return this.#learning.finally(() => {
      this.#learners -= 1
    })
  }

  /** Calls back when another key signs, or others are published. @returns ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Begins to follow what other instances do. */
  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#schedule()
  }

  /** Ends it, when the look under way is over. */
  async stop(): Promise<void> {
    this.#isStarted = false
    clearTimeout(this.#timer)
    await this.#polling
  }

  #schedule(): void {
    if (!this.#isStarted) return
    this.#timer = setTimeout(() => {
      this.#polling = this.#poll().finally(() => this.#schedule())
    }, this.#nextLookMs()).unref()
  }

  async #poll(): Promise<void> {
    // A key takes over by the time alone, whether or not the database answers.
    this.#tell()
    await this.refresh().catch((error: unknown) =>
      this.#scope.logger.warn('The signing keys could not be read; the known ones stay, and the next attempt follows', { error }),
    )
  }

  async #learn(): Promise<void> {
    const { clock } = this.#scope
    await delay(Math.max(0, this.#learnedAtMs + LEARN_EVERY_MS - clock.monotonicMs()), undefined, { ref: false })
    this.#learnedAtMs = clock.monotonicMs()
    await this.refresh()
  }

  /** Not later than the next moment at which a key takes over or ends. */
  #nextLookMs(): number {
    const nowMs = this.#databaseNowMs()
    const moments = this.#state.keys.flatMap(({ signsFromMs, publishedUntilMs }) => [signsFromMs, publishedUntilMs ?? 0])
    const ahead = moments.filter((moment) => moment > nowMs).map((moment) => Math.ceil(moment - nowMs))
    return Math.min(this.#pollMs, ...ahead)
  }

  #tell(): void {
    const face = this.#look()
    if (face.name === this.#face.name) return
    this.#face = face
    for (const listener of this.#listeners) {
      try {
        listener()
      } catch (error) {
        this.#scope.logger.error('A change of the signing keys could not be followed', { error })
      }
    }
  }

  #look(): Face {
    const keys = this.#published()
    const name = [this.signer().kid, ...keys.map(({ kid }) => kid)].join(' ')
    return { name, publicJwks: Object.freeze({ keys: keys.map(({ publicJwk }) => publicJwk) }) }
  }

  #published(): readonly TimedKey[] {
    const nowMs = this.#databaseNowMs()
    return this.#state.keys.filter(({ publishedUntilMs }) => !isOver(publishedUntilMs, nowMs))
  }

  #databaseNowMs(): number {
    return this.#state.distanceMs + this.#scope.clock.monotonicMs()
  }
}

async function readState({ sql, clock, vault }: SigningScope): Promise<State> {
  // The clock is read after the keys, so that the distance is never that of an older state.
  const keys = await readKeys({ sql, vault })
  const [row] = await sql.query<{ readonly now: Date }>("SELECT date_trunc('milliseconds', clock_timestamp()) AS now")
  return { keys, distanceMs: (row?.now.getTime() ?? clock.now()) - clock.monotonicMs() }
}

function isOver(untilMs: number | null, nowMs: number): boolean {
  return untilMs !== null && untilMs <= nowMs
}
