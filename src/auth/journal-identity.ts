/** Writes the journal entry of a change that the standing of tokens hangs on: what all instances follow, and auditors read. */
import { isoTime } from '../kernel/index.ts'
import type { SqlClient } from '../sql/index.ts'
import type { IdentityScope } from './ports.ts'

/** What else than records of the application decides whether a token is believed. */
export const IDENTITY_RESOURCES = ['plinth.account', 'plinth.session', 'plinth.token', 'plinth.client', 'plinth.key'] as const

export type IdentityResource = (typeof IDENTITY_RESOURCES)[number]

export interface IdentityEntry {
  readonly resource: IdentityResource
  /** The account or session; left out for what has no UUID. */
  readonly recordId?: string
  /** The `jti` or client id; it stands in `changed` as `{"id": …}`. */
  readonly id?: string
  /** `revoke`, `disable` … */
  readonly operation: string
  readonly actor: string | null
  readonly requestId: string | null
}

/** The column takes no null, and no record has this id. */
const NO_RECORD = '00000000-0000-0000-0000-000000000000'
const INSERT = `INSERT INTO plinth_journal (at, resource, record_id, operation, version, actor, request_id, changed)
VALUES ($1::timestamptz, $2::text, $3::uuid, $4::text, 0, $5::text, $6::text, $7::jsonb)`

/** @param client that of the transaction which makes the change: an entry of its own could be there without it */
export async function journalIdentity(
  client: SqlClient,
  { clock }: Pick<IdentityScope, 'clock'>,
  { resource, recordId = NO_RECORD, id, operation, actor, requestId }: IdentityEntry,
): Promise<void> {
  const at = isoTime(clock.now())
  const changed = id === undefined ? null : JSON.stringify({ id })
  await client.query(INSERT, [at, resource, recordId, operation, actor, requestId, changed])
}
