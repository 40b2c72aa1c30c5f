/**
 * Whom a token of ours stands for now. Its claims are what was true when it was made; the role, the session, the account and the client may
 * have changed since.
 *
 * Each token is checked against the database once, when this instance first sees it, and again when something changed that it hangs on. What
 * changed comes from the journal, which every change is written to in its own transaction, and at once from changes made here.
 *
 * Invariant: no token is believed on the word of an answer that is older than the last change heard of it, and none without an answer. A question
 * notes the tick at which it is asked, so a change that is heard while it is under way makes its answer old. When nothing was heard for 5 s, not
 * even that nothing changed, every use asks again, once a second for each token; when the database does not answer, the caller is told so.
 */
import { type Clock, decodeTypeId, isUuid, PlinthError } from '../../kernel/index.ts'
import type { Actor } from '../../model/index.ts'
import type { AccessToken } from '../access-token.ts'
import type { IdentityScope } from '../ports.ts'
import type { TokenKeeper } from '../token-verifier.ts'
import { ChangedIds } from './changed-ids.ts'
import { StandingQuery, type StandingRow } from './standing-query.ts'
import type { Refusal, StandingKeys, TokenStanding } from './token-standing.ts'

/** An entry of the journal, as far as standing goes. */
export interface StandingEntry {
  readonly resource: string
  readonly recordId: string
  readonly changed: unknown
}

export interface StandingsOptions {
  readonly scope: Pick<IdentityScope, 'sql' | 'accounts' | 'roles' | 'clock'>
  /** How long the word of the feed is good for; default 5,000. */
  readonly freshMs?: number
  /** How many changed ids are remembered; default 100,000, at about 120 bytes each. */
  readonly changesMax?: number
}

const FRESH_MS = 5_000
/** While the feed is silent, and after a failure, each token asks this often at the most. */
const ASK_EVERY_MS = 1_000

export class Standings implements TokenKeeper {
  readonly #clock: Clock
  readonly #idPrefix: string
  readonly #accountsResource: string
  readonly #roles: Readonly<Record<string, readonly string[]>>
  readonly #query: StandingQuery
  readonly #changes: ChangedIds
  readonly #freshMs: number
  #freshUntilMs = Number.NEGATIVE_INFINITY

  constructor({ scope, freshMs = FRESH_MS, changesMax }: StandingsOptions) {
    const { clock, accounts, roles } = scope
    this.#clock = clock
    this.#idPrefix = accounts.resource.idPrefix
    this.#accountsResource = accounts.resource.name
    this.#roles = roles
    this.#query = new StandingQuery(scope)
    this.#changes = new ChangedIds(changesMax)
    this.#freshMs = freshMs
  }

  /** The resources whose journal entries `take` wants to see: what the follower of the journal is to filter by. */
  get resources(): readonly string[] {
    return [this.#accountsResource, 'plinth.account', 'plinth.session', 'plinth.token', 'plinth.client']
  }

  /**
   * Whom the token stands for: at once while nothing changed, else when the database has answered.
   *
   * Cost while nothing changed: under 0.1 µs. Concurrent questions about one token share one answer.
   *
   * @throws `AUTH_TOKEN_INVALID` for what was revoked, signed out, deleted or disabled; `AUTH_ACCOUNT_SUSPENDED`; `DEPENDENCY_UNAVAILABLE`
   */
  resolve(access: AccessToken): Actor | Promise<Actor> {
    const { standing } = access
    if (standing !== undefined && standing.tick === this.#changes.tick && this.#clock.monotonicMs() < this.#freshUntilMs) {
      return expectActor(standing.verdict)
    }
    return this.#resolveAgain(access)
  }

  /** Makes the next use of every token that hangs on this id ask again: an account, a session, a client, or a `jti`. */
  noteChange(id: string): void {
    this.#changes.note(id, this.#clock.monotonicMs())
  }

  /** Takes entries of the journal, of any resources and in any order. */
  take(entries: readonly StandingEntry[]): void {
    for (const { resource, recordId, changed } of entries) {
      if (resource === 'plinth.token' || resource === 'plinth.client') {
        const id = (changed as { readonly id?: unknown } | null)?.id
        if (typeof id === 'string') this.noteChange(id)
      } else if (resource === this.#accountsResource || resource === 'plinth.account' || resource === 'plinth.session') {
        this.noteChange(recordId)
      }
    }
  }

  /**
   * Hears that the journal was read to its end.
   * @param readAtMs when the reading began, on the monotonic clock: what was committed before has been taken
   */
  noteFresh(readAtMs: number): void {
    // What was checked before the feed began, or while it was silent, may have missed a change.
    if (this.#clock.monotonicMs() >= this.#freshUntilMs) this.#changes.noteAll()
    this.#freshUntilMs = Math.max(this.#freshUntilMs, readAtMs + this.#freshMs)
  }

  /** Hears that entries may have been missed: all tokens are checked again. */
  noteGap(): void {
    this.#changes.noteAll()
  }

  #resolveAgain(access: AccessToken): Actor | Promise<Actor> {
    const standing = access.standing ?? emptyStanding(this.#readKeys(access))
    access.standing = standing
    const { ids } = standing
    const nowMs = this.#clock.monotonicMs()
    const { tick } = this.#changes
    const isKnown = !standing.hasFailed && !this.#changes.hasChanged(ids, standing.tick)
    const isFresh = nowMs < this.#freshUntilMs
    if (isKnown && standing.verdict !== undefined && (isFresh || nowMs < standing.askedAtMs + ASK_EVERY_MS)) {
      if (isFresh) standing.tick = tick
      return expectActor(standing.verdict)
    }
    const { pending } = standing
    if (pending !== undefined && !this.#changes.hasChanged(ids, pending.tick)) return pending.verdict
    if (standing.hasFailed && nowMs < standing.askedAtMs + ASK_EVERY_MS) throw new PlinthError('DEPENDENCY_UNAVAILABLE')
    standing.askedAtMs = nowMs
    const verdict = this.#ask(access, standing, tick)
    standing.pending = { tick, verdict }
    return verdict
  }

  async #ask(access: AccessToken, standing: TokenStanding, tick: number): Promise<Actor> {
    try {
      const row = await this.#query.ask(standing.keys)
      const verdict = this.#judge(access, standing.keys, row)
      // A later question may have been answered meanwhile.
      if (tick >= standing.tick) Object.assign(standing, { verdict, tick, hasFailed: false })
      return expectActor(verdict)
    } catch (error) {
      // An old answer is not believed until a new one has come; one that came meanwhile is.
      if (!(error instanceof PlinthError && isRefusal(error)) && tick >= standing.tick) standing.hasFailed = true
      throw error
    } finally {
      if (standing.pending?.tick === tick) standing.pending = undefined
    }
  }

  #judge(access: AccessToken, keys: StandingKeys, row: StandingRow): Actor | Refusal {
    const { actor } = access
    const { clientId } = keys
    if (row.is_revoked || (clientId !== null && !row.has_client)) return 'revoked'
    const scopes = new Set(row.scopes ?? [])
    if (actor.kind === 'service') {
      // What the client was lent when the token was made, as far as it still is.
      return freeze({ ...actor, id: null, permissions: actor.permissions.filter((one) => scopes.has(one)) })
    }
    if (keys.accountId === null || keys.sessionId === null || row.role === null || !row.has_session) return 'revoked'
    if (row.is_suspended) return 'suspended'
    const { role } = row
    const permissions = this.#roles[role] ?? []
    if (clientId === null) return freeze({ ...actor, roles: [role], permissions })
    // A client has no more than it was lent, and no more than the person has now.
    return freeze({
      ...actor,
      roles: actor.roles.filter((one) => one === role),
      permissions: actor.permissions.filter((one) => permissions.includes(one)),
    })
  }

  #readKeys({ actor, jti }: AccessToken): StandingKeys {
    const isService = actor.kind === 'service'
    const sessionId = actor.session?.id ?? ''
    return {
      accountId: isService || actor.subject === null ? null : (decodeTypeId(this.#idPrefix, actor.subject) ?? null),
      sessionId: isUuid(sessionId) ? sessionId : null,
      clientId: actor.session?.clientId ?? null,
      jti,
    }
  }
}

function emptyStanding(keys: StandingKeys): TokenStanding {
  return {
    keys,
    ids: [keys.accountId, keys.sessionId, keys.clientId, keys.jti].filter((id) => id !== null),
    verdict: undefined,
    tick: 0,
    askedAtMs: Number.NEGATIVE_INFINITY,
    hasFailed: false,
    pending: undefined,
  }
}

function freeze(actor: Actor): Actor {
  return Object.freeze({ ...actor, roles: Object.freeze([...actor.roles]), permissions: Object.freeze([...actor.permissions]) })
}

function expectActor(verdict: Actor | Refusal | undefined): Actor {
  if (typeof verdict === 'object') return verdict
  if (verdict === 'suspended') throw new PlinthError('AUTH_ACCOUNT_SUSPENDED')
  throw new PlinthError('AUTH_TOKEN_INVALID', 'The access token is not valid: it was revoked')
}

function isRefusal({ code }: PlinthError): boolean {
  return code === 'AUTH_TOKEN_INVALID' || code === 'AUTH_ACCOUNT_SUSPENDED'
}
