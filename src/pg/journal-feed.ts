/**
 * The feed of changes over the journal: what is committed, and what was, from any point on.
 *
 * Positions are not in the order of commits (`journal-follower.ts`), so a position alone is no place to go on from. A point is therefore
 * the round in which an entry was read and its position there: `(after, upTo, position, floor)`, with snapshots as PostgreSQL prints them.
 * Behind it lies the rest of that round, by position, and then whatever `upTo` does not see, above `floor`. So a reader that goes on
 * from a point, on any instance, reads exactly what the one that was given the point would have read.
 */
import type { ChangeFeed, FeedEntry, FeedListener, FeedPage, FeedPoint } from '../engine/index.ts'
import { isUuid, PlinthError } from '../kernel/index.ts'
import type { SqlDatabase } from '../sql/index.ts'
import { JournalFollower, type JournalRound, type JournalRow, readRound } from './journal-follower.ts'

export interface JournalFeedOptions {
  readonly sql: SqlDatabase
  /** The resources whose changes are told. */
  readonly resources: readonly string[]
  /** Between two looks at the journal while somebody follows; default 100. */
  readonly everyMs?: number
  /** How many positions of the journal a point may lie behind; default 1,000,000. */
  readonly behindMax?: number
}

/** A change is heard of 50 ms late on the average; a look costs the database 0.1 ms. */
const EVERY_MS = 100
/** A day of twelve changes a second. Whoever was away for longer reads the lists again, which costs less. */
const BEHIND_MAX = 1_000_000

/**
 * Tells of changes while somebody follows, and asks nothing of the database while nobody does.
 *
 * @example
 * const feed = new JournalFeed({ sql: new SqlPool({ url, applicationName: 'blog feed' }), resources: ['user', 'post'] })
 * const engine = new Engine({ domain: blog, store, feed, clock, newId, seal })
 */
export class JournalFeed implements ChangeFeed {
  readonly #options: JournalFeedOptions
  readonly #followers = new Set<JournalFollower>()

  constructor(options: JournalFeedOptions) {
    this.#options = options
  }

  follow(listener: FeedListener): { stop(): void } {
    let current: JournalRound | undefined
    const { sql, resources, everyMs = EVERY_MS } = this.#options
    const follower = new JournalFollower({
      sql,
      resources,
      everyMs,
      onRows(rows, round) {
        if (round !== current) listener.onBegin()
        current = round
        return listener.onEntries(rows.map((row) => renderEntry(row, round)))
      },
      onRead: (_, round) => listener.onPoint(renderPoint({ ...round, after: round.upTo }, 0)),
      onGap: () => listener.onGap(),
      onError: (error) => listener.onFailure(error),
    })
    this.#followers.add(follower)
    void follower.start()
    return { stop: () => void this.#stop(follower) }
  }

  async read(resource: string, after: FeedPoint, upTo: FeedPoint, limit: number): Promise<FeedPage> {
    const { sql, behindMax = BEHIND_MAX } = this.#options
    const { position, ...from } = readPoint(after)
    const to = readPoint(upTo)
    if (to.floor - from.floor > behindMax)
      throw new PlinthError('VALIDATION_CURSOR', 'Cannot go on from this cursor: it is too old, expected one of the last days')
    const rest = from.after === from.upTo ? [] : await readRound(sql, position, from, [resource], limit)
    const entries = rest.map((row) => renderEntry(row, from))
    if (entries.length >= limit) return { entries, state: 'more' }
    if (!isWithin(from.upTo, to.upTo)) return { entries, state: 'ahead' }
    const next: JournalRound = { after: from.upTo, upTo: to.upTo, floor: to.floor }
    const left = limit - entries.length
    const rows = from.upTo === to.upTo ? [] : await readRound(sql, from.floor, next, [resource], left)
    for (const row of rows) entries.push(renderEntry(row, next))
    return { entries, state: rows.length < left ? 'end' : 'more' }
  }

  /** Ends all following, when the looks under way are over. */
  async close(): Promise<void> {
    await Promise.all([...this.#followers].map((follower) => this.#stop(follower)))
  }

  async #stop(follower: JournalFollower): Promise<void> {
    await follower.stop()
    this.#followers.delete(follower)
  }
}

interface Point extends JournalRound {
  readonly position: number
}

function renderEntry({ resource, recordId, operation, version, at, position }: JournalRow, round: JournalRound): FeedEntry {
  if (!isUuid(recordId)) throw new TypeError(`Cannot tell of a change of ${resource} "${recordId}": expected a UUID`)
  return { resource, recordId, operation, version, at, point: renderPoint(round, position) }
}

function renderPoint({ after, upTo, floor }: JournalRound, position: number): FeedPoint {
  return `${after} ${upTo} ${position} ${floor}`
}

const SNAPSHOT = /^\d+:\d+:[\d,]*$/

function readPoint(text: FeedPoint): Point {
  const [after = '', upTo = '', position, floor, ...rest] = text.split(' ')
  const isPoint = SNAPSHOT.test(after) && SNAPSHOT.test(upTo) && rest.length === 0
  const point = { after, upTo, position: Number(position), floor: Number(floor) }
  if (!isPoint || !Number.isSafeInteger(point.position) || !Number.isSafeInteger(point.floor))
    throw new PlinthError('VALIDATION_CURSOR', 'Cannot go on from this cursor: it is of another feed')
  return point
}

/** Whether all that the one snapshot sees, the other one sees too. */
function isWithin(inner: string, outer: string): boolean {
  if (inner === outer) return true
  const [, innerMax = '0', innerOpen = ''] = inner.split(':')
  const [, outerMax = '0', outerOpen = ''] = outer.split(':')
  const top = BigInt(innerMax)
  if (BigInt(outerMax) < top) return false
  const open = new Set(innerOpen.split(','))
  return outerOpen.split(',').every((transaction) => transaction === '' || BigInt(transaction) >= top || open.has(transaction))
}
