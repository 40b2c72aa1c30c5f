/** What clients were promised, held against what the database has: nothing acknowledged is lost, nothing happened twice. */
import { decodeTypeId } from '../../src/kernel/index.ts'
import type { PlainConnection } from '../../src/pg/index.ts'

export interface Promised {
  /** The id in the answer that the client got. */
  readonly id: string
  /** Unique in a run: what the client calls the thing it made. */
  readonly title: string
}

export interface Judgement {
  readonly acknowledged: number
  readonly stored: number
  /** Acknowledged, and not there. */
  readonly lost: readonly string[]
  /** Titles that are there more than once. */
  readonly duplicates: readonly string[]
  /** Rows that do not have exactly one entry of their creation in the journal. */
  readonly unjournaled: readonly string[]
}

interface StoredPost {
  readonly id: string
  readonly title: string
  readonly entries: number
}

/** Compares the ledger of the clients with the posts whose title begins with `prefix`. */
export async function judge(promised: readonly Promised[], connection: PlainConnection, prefix: string): Promise<Judgement> {
  const stored = await connection.query<StoredPost>(
    `SELECT id::text, title, (SELECT count(*)::int FROM plinth_journal j WHERE j.record_id = p.id AND j.operation = 'create') AS entries
     FROM posts p WHERE starts_with(title, $1)`,
    [prefix],
  )
  const ids = new Set(stored.map(({ id }) => id))
  const seen = new Set<string>()
  const duplicates = stored.filter(({ title }) => seen.size === seen.add(title).size).map(({ title }) => title)
  return {
    acknowledged: promised.length,
    stored: stored.length,
    lost: promised.filter(({ id }) => !ids.has(decodeTypeId('post', id) ?? '')).map(({ title }) => title),
    duplicates,
    unjournaled: stored.filter(({ entries }) => entries !== 1).map(({ title }) => title),
  }
}
