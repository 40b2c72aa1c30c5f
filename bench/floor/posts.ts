/** What both servers written by hand know of posts, however they print them: where these live, their ids, and why a change found none. */
import { randomFillSync } from 'node:crypto'
import type { Sql } from 'postgres'
import { decodeTypeId, uuidGenerator } from '../../src/kernel/index.ts'
import { Refused } from './service.ts'

export const PATH = '/api/v1/posts'

export const newId = uuidGenerator(
  { now: Date.now, monotonicMs: () => performance.now() },
  { fill: (target) => void randomFillSync(target) },
)

export function uuidOf(text: string): string {
  const uuid = decodeTypeId(text.slice(0, text.indexOf('_')), text)
  if (uuid === undefined) throw new Refused(400, 'VALIDATION_FAILED', 'The id is not valid')
  return uuid
}

/** Tells missing, stale and forbidden apart, once an update has found no row. */
export async function whyNothingChanged(
  sql: Sql,
  id: string,
  version: number,
  actor: string,
  isAdmin: boolean,
): Promise<Refused> {
  const [row] = await sql<{ version: number }[]>`
    SELECT version FROM posts
    WHERE id = ${id} AND deleted_at IS NULL AND (status = 'published' OR author_id = ${actor} OR ${isAdmin})`
  if (row === undefined) return new Refused(404, 'NOT_FOUND_RECORD', 'There is no such record')
  if (row.version !== version) return new Refused(409, 'CONFLICT_VERSION', 'The record has changed since it was read')
  return new Refused(403, 'AUTH_FORBIDDEN', 'You may not do this')
}
