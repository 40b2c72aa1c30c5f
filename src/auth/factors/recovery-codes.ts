/** Recovery codes: ten for the day when the phone is gone. Each serves once; new ones replace all. Kept as keyed digests. */
import { randomBytes } from 'node:crypto'
import { isoTime, type Uuid } from '../../kernel/index.ts'
import type { SqlClient } from '../../sql/index.ts'
import type { IdentityScope } from '../ports.ts'

const CODES = 10
/** Crockford's base32: 32 characters that nobody takes for one another. @see https://www.crockford.com/base32.html */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
/** 60 bits, where NIST SP 800-63B asks for 20 and a limit of attempts. */
const LENGTH = 12

// Two sets made at once would both stay: the lock on the account's row makes the second wait, and see the first.
const LOCK = `INSERT INTO plinth_accounts AS a (account_id) VALUES ($1::uuid)
ON CONFLICT (account_id) DO UPDATE SET account_id = excluded.account_id RETURNING a.account_id`
const CLEAR = 'DELETE FROM plinth_recovery_codes WHERE account_id = $1::uuid'
const CLEAR_USELESS = `${CLEAR} AND NOT EXISTS (SELECT FROM plinth_accounts WHERE account_id = $1::uuid AND totp_confirmed_at IS NOT NULL)
AND NOT EXISTS (SELECT FROM plinth_passkeys WHERE account_id = $1::uuid)`
const INSERT = 'INSERT INTO plinth_recovery_codes (account_id, code_digest) SELECT $1::uuid, unnest($2::text[])'
const CONSUME = `UPDATE plinth_recovery_codes SET used_at = $3::timestamptz
WHERE account_id = $1::uuid AND code_digest = $2::text AND used_at IS NULL RETURNING account_id`
const REMAINING =
  'SELECT count(*)::integer AS remaining FROM plinth_recovery_codes WHERE account_id = $1::uuid AND used_at IS NULL'

export class RecoveryCodes {
  readonly #scope: Pick<IdentityScope, 'sql' | 'clock' | 'vault'>

  constructor(scope: Pick<IdentityScope, 'sql' | 'clock' | 'vault'>) {
    this.#scope = scope
  }

  /** Makes ten new codes, `xxxxx-xxxxx-xx`; older ones serve no more. They cannot be shown again. */
  async replace(client: SqlClient, accountId: Uuid): Promise<readonly string[]> {
    const codes = Array.from({ length: CODES }, makeCode)
    await this.lock(client, accountId)
    await client.query(CLEAR, [accountId])
    await client.query(INSERT, [accountId, codes.map((code) => this.#digest(accountId, code))])
    return codes.map(printCode)
  }

  /** Makes codes for an account that has none left, as its first second factor needs them. @returns undefined where there are some */
  async ensure(client: SqlClient, accountId: Uuid): Promise<readonly string[] | undefined> {
    await this.lock(client, accountId)
    return (await this.#count(client, accountId)) > 0 ? undefined : this.replace(client, accountId)
  }

  /** Consumes a code, in any case, with or without spaces and dashes. @returns false for a wrong one, and for one that served */
  async consume(accountId: Uuid, code: string): Promise<boolean> {
    const { sql, clock } = this.#scope
    const now = isoTime(clock.now())
    const rows = await sql.query(CONSUME, [accountId, this.#digest(accountId, readCode(code)), now])
    return rows.length > 0
  }

  /** Removes the codes of an account that has no second factor any more. */
  async clearUseless(client: SqlClient, accountId: Uuid): Promise<void> {
    await client.query(CLEAR_USELESS, [accountId])
  }

  /** Makes changes of one account's factors wait for one another, until the transaction ends. */
  async lock(client: SqlClient, accountId: Uuid): Promise<void> {
    await client.query(LOCK, [accountId])
  }

  async #count(client: SqlClient, accountId: Uuid): Promise<number> {
    const [row] = await client.query<{ remaining: number }>(REMAINING, [accountId])
    return row?.remaining ?? 0
  }

  #digest(accountId: Uuid, code: string): string {
    return this.#scope.vault.keyedDigest(`recovery ${accountId} ${code}`)
  }
}

function makeCode(): string {
  // 256 is a multiple of 32, so every character is as likely.
  return Array.from(randomBytes(LENGTH), (byte) => ALPHABET[byte & 31]).join('')
}

function printCode(code: string): string {
  return `${code.slice(0, 5)}-${code.slice(5, 10)}-${code.slice(10)}`
}

/** The one spelling of a code; the letters that the alphabet lacks are taken for the digits that they look like. */
function readCode(text: string): string {
  return text.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1')
}
