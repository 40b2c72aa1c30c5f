/**
 * Times the check of an access token in this process: the verifier, the standings and the follower of the journal as the service has them,
 * over the same database. Warm: the token was seen before and nothing has changed since. Cold: it is seen for the first time.
 */
import { randomFillSync } from 'node:crypto'
import blog from '../../examples/blog/domain.ts'
import { createTokenVerifier, Standings, TokenMinter } from '../../src/auth/index.ts'
import { makeKey } from '../../src/auth/keys/sealed-key.ts'
import { encodeTypeId, type Uuid, uuidGenerator } from '../../src/kernel/index.ts'
import { JournalFollower, SqlPool } from '../../src/pg/index.ts'
import { median } from '../statistics.ts'

const CHECKS = 1_000_000
/** The event loop gets its turn between them, and with it the follower. */
const CHECKS_AT_ONCE = 50_000
const TOKENS = 1_000
const COLD_ALONE = 200

const issuer = 'https://bench.example'
const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }
const newId = uuidGenerator(clock, { fill: (target) => void randomFillSync(target) })
const { accounts, roles } = blog
if (accounts === undefined) throw new Error('Cannot measure: the domain keeps no accounts')
const sql = new SqlPool({ url: process.env['DATABASE_URL'] ?? '', applicationName: 'token-check', connections: 2 })
const key = makeKey()
const scope = { sql, accounts, roles, clock, issuer, audience: 'blog' }
const standings = new Standings({ scope })
const minter = new TokenMinter({ scope, keys: { signer: () => key } })
const verifier = createTokenVerifier({
  issuers: [{ issuer, keys: { keys: [key.publicJwk] }, standing: standings }],
  audience: 'blog',
  clock,
})
const follower = new JournalFollower({
  sql,
  resources: standings.resources,
  onRows: (rows) => standings.take(rows),
  onRead: (readAtMs) => standings.noteFresh(readAtMs),
  onGap: () => standings.noteGap(),
  onError: (error) => {
    throw error
  },
})
await follower.start()

const headers = (await openSessions(COLD_ALONE + TOKENS)).map(({ accountId, sessionId }) => headerOf(accountId, sessionId))
const alone = headers.slice(0, COLD_ALONE)
const together = headers.slice(COLD_ALONE)
// The first opens the connection and is compiled.
for (const header of alone.splice(0, COLD_ALONE / 2)) await verifier.authenticate(header)
const coldUs = median(await timeAlone(alone))
const beganMs = performance.now()
await Promise.all(together.map((header) => verifier.authenticate(header)))
const coldTogetherUs = ((performance.now() - beganMs) * 1_000) / together.length

const [only = ''] = together
// Once unmeasured, for the compiler.
await timeChecks([only])
const oneUs = await timeChecks([only])
const manyUs = await timeChecks(together)
process.stdout.write(`${JSON.stringify({ oneUs, manyUs, coldUs, coldTogetherUs })}\n`)
await follower.stop()
await sql.close()

/** @returns microseconds for one check */
async function timeChecks(checked: readonly string[]): Promise<number> {
  let tookMs = 0
  let at = 0
  for (let done = 0; done < CHECKS; done += CHECKS_AT_ONCE) {
    await new Promise((resolve) => setImmediate(resolve))
    // A change that was heard of makes the next use of each token ask; that is not what is timed here.
    for (const header of checked) await verifier.authenticate(header)
    const startMs = performance.now()
    for (let count = 0; count < CHECKS_AT_ONCE; count++) {
      const actor = verifier.authenticate(checked[at] ?? '')
      if (actor instanceof Promise) throw new Error('Cannot time a warm check: the database was asked')
      at = at + 1 === checked.length ? 0 : at + 1
    }
    tookMs += performance.now() - startMs
  }
  return (tookMs * 1_000) / CHECKS
}

async function timeAlone(checked: readonly string[]): Promise<number[]> {
  const times: number[] = []
  for (const header of checked) {
    const startMs = performance.now()
    await verifier.authenticate(header)
    times.push((performance.now() - startMs) * 1_000)
  }
  return times
}

async function openSessions(count: number): Promise<readonly { readonly accountId: Uuid; readonly sessionId: Uuid }[]> {
  const people = await sql.query<{ id: Uuid }>('SELECT id FROM users ORDER BY created_at LIMIT $1::integer', [count])
  const sessions = people.map(({ id }) => ({ accountId: id, sessionId: newId() }))
  await sql.query(
    `INSERT INTO plinth_sessions (session_id, account_id, device, amr, created_at, last_used_at, expires_at, authenticated_at)
SELECT s.session_id, s.account_id, 'browser', '{pwd}', now(), now(), now() + interval '1 day', now()
FROM unnest($1::uuid[], $2::uuid[]) AS s(session_id, account_id)`,
    [sessions.map(({ sessionId }) => sessionId), sessions.map(({ accountId }) => accountId)],
  )
  return sessions
}

function headerOf(accountId: Uuid, sessionId: Uuid): string {
  const { token } = minter.mint({
    subject: encodeTypeId('usr', accountId),
    roles: ['editor'],
    permissions: roles['editor'] ?? [],
    session: {
      id: sessionId,
      clientId: null,
      device: 'browser',
      amr: ['pwd'],
      authenticatedAtMs: clock.now(),
      secondFactorAtMs: null,
    },
  })
  // One flat text, as it comes off the wire.
  return Buffer.from(`Bearer ${token}`).toString('latin1')
}
