/**
 * Follows the journal: hands on each entry when its transaction has committed, and each once. Only where handing on fails it
 * comes again.
 *
 * Positions are given out before transactions commit, so an entry may appear below others that were read long ago; a reader that
 * asks for "all above the last one" loses it. Invariant: with P the snapshot of the former round and C that of this one, this
 * round reads exactly the entries whose transaction is visible in C and not in P. The snapshots meet, so nothing is read twice
 * and nothing is left out.
 *
 * To keep the index scan short, a round begins not at zero but at the lowest position that such an entry can have: that of
 * entries made since the last second, or, when a transaction ended that was open in P, the position that was the highest when
 * that one was first seen, again less a second. The second is for a writer that was interrupted between taking a position and
 * taking its transaction id, which are microseconds apart. Of transactions that are open when the follower starts, the last
 * 100,000 positions are searched.
 *
 * What is kept: one number for each transaction that writes at this moment, and one page of entries.
 *
 * @see https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
 */
import type { SqlDatabase } from '../sql/index.ts'

/** An entry of the journal. */
export interface JournalRow {
  readonly position: number
  readonly at: Date
  readonly resource: string
  readonly recordId: string
  readonly operation: string
  readonly version: number
  readonly actor: string | null
  readonly requestId: string | null
  readonly changed: unknown
}

/** What a round reads: the entries that are visible in `upTo` and not in `after`, both as PostgreSQL prints snapshots. */
export interface JournalRound {
  readonly after: string
  readonly upTo: string
  /** No entry that is not visible in `upTo` has this position or a lower one. */
  readonly floor: number
}

export interface JournalFollowerOptions {
  readonly sql: SqlDatabase
  /** Between the end of one round and the next; default 250. */
  readonly everyMs?: number
  /** Default all. */
  readonly resources?: readonly string[]
  /** Up to 1,000 entries, by position; the next are read when it has returned. When it throws, they come again, in a new round. */
  readonly onRows: (rows: readonly JournalRow[], round: JournalRound) => void | Promise<void>
  /** All that was committed when the round began, at this time of `performance.now()`, has been handed on. */
  readonly onRead?: (startedAtMs: number, round: JournalRound) => void
  /** Entries may have been missed: the database is not the one that was followed, or an older state of it. */
  readonly onGap?: () => void
  /** A round failed; it is tried again after a second, and nothing is lost by that. */
  readonly onError: (error: unknown) => void
}

interface Snapshot {
  readonly text: string
  readonly xmax: bigint
  /** Transactions that have begun to write and have not ended. */
  readonly open: readonly bigint[]
  /** The highest position in sight. */
  readonly top: number
  readonly atMs: number
}

const EVERY_MS = 250
const AGAIN_MS = 1_000
const PAGE = 1_000
const LOOK_BACK_MS = 1_000
const START_LOOK_BACK = 100_000

const LOOK = 'SELECT pg_current_snapshot()::text AS snapshot, (SELECT max(position) FROM plinth_journal)::float8 AS top'
const READ = `SELECT position::float8 AS position, at, resource, record_id, operation, version, actor, request_id, changed FROM plinth_journal
WHERE position > $1::bigint AND NOT pg_visible_in_snapshot(transaction_id, $2::pg_snapshot) AND pg_visible_in_snapshot(transaction_id, $3::pg_snapshot)
AND ($4::text[] IS NULL OR resource = ANY ($4::text[])) ORDER BY position LIMIT $5::int`

/** The entries of a round that lie above a position, by position. */
export async function readRound(
  sql: SqlDatabase,
  above: number,
  { after, upTo }: Pick<JournalRound, 'after' | 'upTo'>,
  resources: readonly string[] | undefined,
  limit: number,
): Promise<readonly JournalRow[]> {
  const rows = await sql.query<Row>(READ, [above, after, upTo, resources ?? null, limit])
  return rows.map(({ record_id: recordId, request_id: requestId, ...row }) => ({ ...row, recordId, requestId }))
}

interface Row {
  readonly position: number
  readonly at: Date
  readonly resource: string
  readonly record_id: string
  readonly operation: string
  readonly version: number
  readonly actor: string | null
  readonly request_id: string | null
  readonly changed: unknown
}

export class JournalFollower {
  readonly #options: JournalFollowerOptions
  /** The snapshot up to which all was handed on; undefined before the first look. */
  #read: Snapshot | undefined
  /** What was read last. */
  #last: JournalRound = { after: '', upTo: '', floor: 0 }
  /** Looks of the last second and the one before them: how far back a new transaction's entries can begin. */
  #recent: { readonly atMs: number; readonly top: number }[] = []
  /** For each open transaction the position above which its entries are. */
  #floors = new Map<bigint, number>()
  #timer: NodeJS.Timeout | undefined
  #isRunning = false
  #round: Promise<void> = Promise.resolve()

  constructor(options: JournalFollowerOptions) {
    this.#options = options
  }

  /**
   * Begins to follow: what commits from now on.
   * @returns when it is known where "now" is; a failure goes to `onError`, and "now" is then when the database is back
   */
  start(): Promise<void> {
    if (this.#isRunning) return this.#round
    this.#isRunning = true
    this.#round = this.#runRound()
    return this.#round
  }

  /** Ends it, when the round under way is over. */
  async stop(): Promise<void> {
    this.#isRunning = false
    clearTimeout(this.#timer)
    await this.#round
  }

  async #runRound(): Promise<void> {
    let waitMs = this.#options.everyMs ?? EVERY_MS
    try {
      await this.#follow()
    } catch (error) {
      waitMs = Math.max(waitMs, AGAIN_MS)
      this.#options.onError(error)
    }
    if (!this.#isRunning) return
    this.#timer = setTimeout(() => {
      this.#round = this.#runRound()
    }, waitMs).unref()
  }

  async #follow(): Promise<void> {
    const startedAtMs = performance.now()
    const next = await this.#look(startedAtMs)
    const last = this.#read
    if (last === undefined) this.#begin(next)
    else if (next.xmax < last.xmax || next.top < last.top) {
      this.#begin(next)
      this.#options.onGap?.()
    } else if (next.text !== last.text) {
      const floors = this.#floorsOf(last, next)
      const round = { after: last.text, upTo: next.text, floor: Math.min(this.#recentFloor(last), ...floors.values()) }
      await this.#hand(this.#lowest(last, next), next.top, round)
      // Only now: a round that failed is repeated with what was known before it.
      this.#floors = floors
      this.#read = next
      this.#last = round
    }
    this.#remember(next)
    this.#options.onRead?.(startedAtMs, this.#last)
  }

  #begin(next: Snapshot): void {
    const floor = Math.max(0, next.top - START_LOOK_BACK)
    this.#floors = new Map(next.open.map((transaction) => [transaction, floor]))
    this.#recent = [{ atMs: next.atMs, top: floor }]
    this.#read = next
    this.#last = { after: next.text, upTo: next.text, floor }
  }

  /** Open transactions of this look: those known before keep their floor. */
  #floorsOf(last: Snapshot, next: Snapshot): Map<bigint, number> {
    const fresh = this.#recentFloor(last)
    return new Map(next.open.map((transaction) => [transaction, this.#floors.get(transaction) ?? fresh]))
  }

  /** The position above which everything new must be: that of new transactions, and of old ones that ended. */
  #lowest(last: Snapshot, next: Snapshot): number {
    const open = new Set(next.open)
    let lowest = this.#recentFloor(last)
    for (const [transaction, floor] of this.#floors) if (!open.has(transaction)) lowest = Math.min(lowest, floor)
    return lowest
  }

  /** The highest position that was in sight a second before the last look, or at the look before that. */
  #recentFloor(last: Snapshot): number {
    return this.#recent.findLast(({ atMs }) => atMs <= last.atMs - LOOK_BACK_MS)?.top ?? this.#recent[0]?.top ?? 0
  }

  #remember(next: Snapshot): void {
    this.#recent.push({ atMs: next.atMs, top: next.top })
    // The youngest of those that are old enough stays, as the one to begin at.
    while ((this.#recent[1]?.atMs ?? next.atMs) <= next.atMs - LOOK_BACK_MS) this.#recent.shift()
  }

  async #hand(above: number, top: number, round: JournalRound): Promise<void> {
    const { sql, onRows, resources } = this.#options
    for (let from = above; from < top; ) {
      const rows = await readRound(sql, from, round, resources, PAGE)
      const end = rows.at(-1)
      if (end === undefined) return
      await onRows(rows, round)
      if (rows.length < PAGE) return
      from = end.position
    }
  }

  async #look(atMs: number): Promise<Snapshot> {
    const [row] = await this.#options.sql.query<{ readonly snapshot: string; readonly top: number | null }>(LOOK)
    if (row === undefined) throw new Error('Cannot look at the journal: the database gave no row, expected one')
    const [, xmax = '0', open = ''] = row.snapshot.split(':')
    return {
      text: row.snapshot,
      xmax: BigInt(xmax),
      open: open === '' ? [] : open.split(',').map(BigInt),
      top: row.top ?? 0,
      atMs,
    }
  }
}
