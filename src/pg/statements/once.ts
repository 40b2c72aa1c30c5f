/**
 * Idempotency keys: claimed, compared and answered by the primary key of one table, so that the database decides who was first.
 */
import type { KeptAnswer, OnceKey } from '../../engine/index.ts'
import { type Statement, StatementWriter } from '../../sql/index.ts'

interface Kept {
  readonly key: OnceKey
  readonly answer: KeptAnswer
}

/** Long enough for any client's retries. Rows past it are overwritten when their key comes again, and swept. */
const KEPT_FOR = `interval '24 hours'`

const SAME_KEY = '"actor" = $1 AND "route" = $2 AND "key" = $3'

/** Takes the key, unless it is taken and fresh. A transaction that holds it makes this wait until its end. */
export const CLAIM: Statement<OnceKey> = (() => {
  const writer = new StatementWriter<OnceKey>()
  const actor = writer.bind('actor', 'text', ({ actor }) => actor)
  const route = writer.bind('route', 'text', ({ route }) => route)
  const key = writer.bind('key', 'text', ({ key }) => key)
  const fingerprint = writer.bind('fingerprint', 'text', ({ fingerprint }) => fingerprint)
  return writer.finish(
    'once_claim',
    `INSERT INTO "plinth_idempotency" AS t ("actor", "route", "key", "fingerprint", "created_at", "expires_at") \
VALUES (${actor}, ${route}, ${key}, decode(${fingerprint}, 'hex'), now(), now() + ${KEPT_FOR}) \
ON CONFLICT ("actor", "route", "key") DO UPDATE SET "fingerprint" = excluded."fingerprint", "status" = NULL, "headers" = NULL, "body" = NULL, \
"created_at" = excluded."created_at", "expires_at" = excluded."expires_at" WHERE t."expires_at" < now() RETURNING true`,
  )
})()

/** What was kept under the key: `[status, headers, body, fingerprint]`. */
export const READ_KEPT: Statement<OnceKey> = {
  name: 'plinth_once_read',
  text: `SELECT "status", "headers", "body", encode("fingerprint", 'hex') FROM "plinth_idempotency" WHERE ${SAME_KEY}`,
  bind: ({ actor, route, key }) => [actor, route, key],
}

export const KEEP: Statement<Kept> = {
  name: 'plinth_once_keep',
  text: `UPDATE "plinth_idempotency" SET "status" = $4::integer, "headers" = $5::jsonb, "body" = $6::text WHERE ${SAME_KEY}`,
  bind: ({ key: { actor, route, key }, answer }) => [
    actor,
    route,
    key,
    answer.status,
    JSON.stringify(answer.headers),
    answer.body,
  ],
}

/**
 * Forgets keys that have expired, a bounded number at a time, oldest first; rows that somebody holds are left for the next time.
 */
export const SWEEP = `WITH gone AS (SELECT "actor", "route", "key" FROM "plinth_idempotency" WHERE "expires_at" < now() ORDER BY "expires_at" LIMIT 1000 FOR UPDATE SKIP LOCKED) \
DELETE FROM "plinth_idempotency" t USING gone WHERE (t."actor", t."route", t."key") = (gone."actor", gone."route", gone."key")`
