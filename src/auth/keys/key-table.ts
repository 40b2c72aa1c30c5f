/**
 * The signing keys in the database: which are there, the first one, and the change from one to the next.
 *
 * Invariant: at each moment of the database's clock exactly one key signs, and every key that signs is published as long as its last token can
 * live. All times are the database's, so instances whose clocks differ still agree on who signs when. All changes go one after another,
 * behind one lock.
 */
import type { SqlClient } from '../../sql/index.ts'
import { LIFETIME_S_MAX } from '../claims.ts'
import { journalIdentity } from '../journal-identity.ts'
import type { IdentityScope } from '../ports.ts'
import { makeKey, type OpenKey, openKey, sealKey } from './sealed-key.ts'

/** A key with its times, in milliseconds of the database's clock. */
export interface TimedKey extends OpenKey {
  readonly signsFromMs: number
  readonly signsUntilMs: number | null
  readonly publishedUntilMs: number | null
}

export interface KeyView {
  readonly kid: string
  /** `next`: published, signs later. `signs`: now. `published`: its tokens are believed. `withdrawn`: they are not. */
  readonly state: 'next' | 'signs' | 'published' | 'withdrawn'
  readonly createdAt: Date
  readonly signsFrom: Date
  readonly signsUntil: Date | null
  readonly publishedUntil: Date | null
}

export interface Rotation {
  /** How long the new key is published before it signs; default 600, 0 for a key that must sign no more. At most 30 days. */
  readonly overlapS?: number
  /** Refuses all tokens of the former keys at once; only with `overlapS: 0`. */
  readonly withdraw?: boolean
  readonly actor?: string | null
  readonly requestId?: string
}

type KeyScope = Pick<IdentityScope, 'sql' | 'clock' | 'vault'>

/** Other services keep a key set for five minutes (`mountJwks` says so), and this is twice that. */
const OVERLAP_S = 600
const OVERLAP_S_MAX = 30 * 86_400
/** Behind the last token: an instance that hears of the change late, and clocks that differ. */
const PUBLISHED_MARGIN_S = 60
/** `plinth` and a number of ours: advisory locks are shared by all that use the database. */
const LOCK = 'SELECT pg_advisory_xact_lock(1886677614, 3)'
const NOW = "date_trunc('milliseconds', clock_timestamp())"
const IS_PUBLISHED = `(published_until IS NULL OR published_until > ${NOW})`
const READ = `SELECT kid, private_key, signs_from, signs_until, published_until FROM plinth_signing_keys WHERE ${IS_PUBLISHED} ORDER BY signs_from, created_at, kid`
const INSERT = `INSERT INTO plinth_signing_keys (kid, algorithm, public_jwk, private_key, created_at, signs_from)
VALUES ($1::text, 'ES256', $2::jsonb, $3::text, ${NOW}, ${NOW} + $4::integer * interval '1 second') RETURNING signs_from`
// A key that was to sign later and is overtaken never signs.
const RETIRE = `UPDATE plinth_signing_keys SET signs_until = least(signs_until, $2::timestamptz),
published_until = CASE WHEN $3::boolean THEN ${NOW}
  ELSE least(published_until, least(signs_until, $2::timestamptz) + ${LIFETIME_S_MAX + PUBLISHED_MARGIN_S} * interval '1 second') END
WHERE kid <> $1::text AND ${IS_PUBLISHED}`
const LIST = `SELECT kid, created_at, signs_from, signs_until, published_until, CASE
  WHEN NOT ${IS_PUBLISHED} THEN 'withdrawn'
  WHEN signs_from > ${NOW} AND (signs_until IS NULL OR signs_until > signs_from) THEN 'next'
  WHEN signs_from <= ${NOW} AND (signs_until IS NULL OR signs_until > ${NOW}) THEN 'signs'
  ELSE 'published' END AS state
FROM plinth_signing_keys ORDER BY created_at DESC, kid LIMIT 100`

interface Row {
  readonly kid: string
  readonly private_key: string
  readonly signs_from: Date
  readonly signs_until: Date | null
  readonly published_until: Date | null
}

/** Gives the published keys, and makes the first one where there is none: of many instances that start at once, one does. */
export async function readOrMakeKeys({ sql, clock, vault }: KeyScope): Promise<readonly TimedKey[]> {
  const found = await readKeys({ sql, vault })
  if (found.length > 0) return found
  await sql.transaction(async (client) => {
    await client.query(LOCK)
    if ((await client.query<Row>(READ)).length > 0) return
    await insertKey(client, vault, 0)
    await journalKey(client, clock, 'create', {})
  })
  return readKeys({ sql, vault })
}

/** @throws a sentence where one of them cannot be opened */
export async function readKeys({ sql, vault }: Pick<KeyScope, 'sql' | 'vault'>): Promise<readonly TimedKey[]> {
  const rows = await sql.query<Row>(READ)
  return rows.map((row) => ({
    ...openKey(row.kid, row.private_key, vault),
    signsFromMs: row.signs_from.getTime(),
    signsUntilMs: row.signs_until?.getTime() ?? null,
    publishedUntilMs: row.published_until?.getTime() ?? null,
  }))
}

/**
 * Adds a key and lets the former ones end. Two rotations at once happen one after the other.
 *
 * @returns the new key's name, and when it signs
 * @throws a sentence for an overlap or a withdrawal that cannot be, and where the present keys cannot be opened: whoever has another secret
 * would add a key that the instances cannot open
 */
export async function rotateKeys(
  { sql, clock, vault }: KeyScope,
  { overlapS = OVERLAP_S, withdraw = false, actor = null, requestId }: Rotation = {},
): Promise<{ readonly kid: string; readonly signsFrom: Date }> {
  if (!Number.isInteger(overlapS) || overlapS < 0 || overlapS > OVERLAP_S_MAX)
    throw new RangeError(`Cannot rotate with an overlap of ${overlapS} s: expected a whole number from 0 to ${OVERLAP_S_MAX}`)
  if (withdraw && overlapS > 0)
    throw new RangeError(`Cannot withdraw keys that sign for another ${overlapS} s: expected an overlap of 0`)
  return sql.transaction(async (client) => {
    await client.query(LOCK)
    const former = await client.query<Row>(READ)
    for (const row of former) openKey(row.kid, row.private_key, vault)
    // Where there is none yet, there is nothing to overlap with.
    const next = await insertKey(client, vault, former.length === 0 ? 0 : overlapS)
    await client.query(RETIRE, [next.kid, next.signsFrom.toISOString(), withdraw])
    await journalKey(client, clock, withdraw ? 'withdraw' : 'rotate', { actor, ...(requestId !== undefined && { requestId }) })
    return next
  })
}

/** All keys that are kept, the newest first, without their private parts; at most 100. */
export async function listKeys(sql: SqlClient): Promise<readonly KeyView[]> {
  const rows = await sql.query<Omit<Row, 'private_key'> & { readonly created_at: Date; readonly state: KeyView['state'] }>(LIST)
  return rows.map((row) => ({
    kid: row.kid,
    state: row.state,
    createdAt: row.created_at,
    signsFrom: row.signs_from,
    signsUntil: row.signs_until,
    publishedUntil: row.published_until,
  }))
}

async function insertKey(client: SqlClient, vault: IdentityScope['vault'], delayS: number) {
  const key = makeKey()
  const values = [key.kid, JSON.stringify(key.publicJwk), sealKey(key, vault), delayS]
  const [row] = await client.query<{ readonly signs_from: Date }>(INSERT, values)
  if (row === undefined) throw new Error('Cannot add a signing key: the database gave no row back, expected one')
  return { kid: key.kid, signsFrom: row.signs_from }
}

function journalKey(
  client: SqlClient,
  clock: IdentityScope['clock'],
  operation: string,
  { actor = null, requestId = null }: { readonly actor?: string | null; readonly requestId?: string | null },
): Promise<void> {
  return journalIdentity(client, { clock }, { resource: 'plinth.key', operation, actor, requestId })
}
