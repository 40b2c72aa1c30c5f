/** Secrets that serve once: what a letter's link, a ticket or a challenge is backed by. Kept as digests, consumed by one statement. */
import { isoTime, type Uuid } from '../kernel/index.ts'
import type { SqlClient } from '../sql/index.ts'
import type { IdentityScope } from './ports.ts'

export interface OneTimeSecretOrder {
  /** What it is good for; it is consumed for this and nothing else. */
  readonly purpose: string
  readonly accountId: Uuid | null
  /** Kept beside it, and given back when it is consumed. Not sealed: nothing secret belongs here. */
  readonly data?: Readonly<Record<string, unknown>>
  readonly lifetimeS: number
  /** How often `spend` may be asked. Default 1. */
  readonly attempts?: number
  /** Whether earlier secrets of the account for this purpose stop to serve. Default true. */
  readonly replaces?: boolean
}

export interface OneTimeSecret {
  readonly accountId: Uuid | null
  readonly data: Readonly<Record<string, unknown>>
  readonly expiresAt: Date
}

interface Row {
  readonly account_id: Uuid | null
  readonly data: Readonly<Record<string, unknown>>
  readonly expires_at: Date
}

const FORGET = 'DELETE FROM plinth_one_time_secrets WHERE account_id = $1::uuid AND purpose = $2::text'
const INSERT = `INSERT INTO plinth_one_time_secrets (secret_digest, purpose, account_id, data, attempts_left, created_at, expires_at)
VALUES ($1::text, $2::text, $3::uuid, $4::jsonb, $5::integer, $6::timestamptz, $7::timestamptz)`
const CONSUME = `DELETE FROM plinth_one_time_secrets
WHERE secret_digest = $1::text AND purpose = $2::text AND expires_at > $3::timestamptz RETURNING account_id, data, expires_at`
const SPEND = `UPDATE plinth_one_time_secrets SET attempts_left = attempts_left - 1
WHERE secret_digest = $1::text AND purpose = $2::text AND expires_at > $3::timestamptz AND attempts_left > 0 RETURNING account_id, data, expires_at`
const PEEK = `SELECT account_id, data, expires_at FROM plinth_one_time_secrets
WHERE secret_digest = $1::text AND purpose = $2::text AND expires_at > $3::timestamptz`

export class OneTimeSecrets {
  readonly #scope: Pick<IdentityScope, 'sql' | 'clock' | 'vault'>

  constructor(scope: Pick<IdentityScope, 'sql' | 'clock' | 'vault'>) {
    this.#scope = scope
  }

  /** Makes a secret to hand out. */
  async issue(order: OneTimeSecretOrder): Promise<string> {
    const { sql, vault, clock } = this.#scope
    const { purpose, accountId, data = {}, lifetimeS, attempts = 1, replaces = true } = order
    const secret = vault.makeSecret()
    const nowMs = clock.now()
    const values = [vault.digest(secret), purpose, accountId, JSON.stringify(data), attempts, isoTime(nowMs)]
    await sql.transaction(async (client) => {
      if (replaces && accountId !== null) await this.forget(purpose, accountId, client)
      await client.query(INSERT, [...values, isoTime(nowMs + lifetimeS * 1_000)])
    })
    return secret
  }

  /**
   * What the secret stands for; it serves no more. Undefined when it is unknown, used, expired or for another purpose.
   * @param client of a transaction: the secret serves again should that not commit
   */
  consume(purpose: string, secret: string, client?: SqlClient): Promise<OneTimeSecret | undefined> {
    return this.#find(CONSUME, purpose, secret, client)
  }

  /** Ends all secrets of an account for a purpose. */
  async forget(purpose: string, accountId: Uuid, client: SqlClient = this.#scope.sql): Promise<void> {
    await client.query(FORGET, [accountId, purpose])
  }

  /** Takes one of its attempts, for a secret that guards a guess. Undefined when none is left. */
  spend(purpose: string, secret: string): Promise<OneTimeSecret | undefined> {
    return this.#find(SPEND, purpose, secret)
  }

  /** Looks without taking anything: to show a page. */
  peek(purpose: string, secret: string): Promise<OneTimeSecret | undefined> {
    return this.#find(PEEK, purpose, secret)
  }

  async #find(
    text: string,
    purpose: string,
    secret: string,
    client: SqlClient = this.#scope.sql,
  ): Promise<OneTimeSecret | undefined> {
    const { vault, clock } = this.#scope
    const [row] = await client.query<Row>(text, [vault.digest(secret), purpose, isoTime(clock.now())])
    return row === undefined ? undefined : { accountId: row.account_id, data: row.data, expiresAt: row.expires_at }
  }
}
