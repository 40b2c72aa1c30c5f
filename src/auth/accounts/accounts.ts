/** Finds accounts, and keeps what Plinth knows of them beside their records. The one place that knows where a password's digest stands. */
import { encodeTypeId, isoTime, type Uuid } from '../../kernel/index.ts'
import { Misfit } from '../../model/index.ts'
import { identifier, type SqlClient } from '../../sql/index.ts'
import type { ChangedBy, IdentityScope } from '../ports.ts'

/** A living account. */
export interface Account {
  readonly id: Uuid
  /** The `sub` of its tokens: `usr_…`. */
  readonly subject: string
  readonly login: string
  readonly displayName: string | null
  readonly role: string
  /** Null for an account that has no password. */
  readonly passwordDigest: string | null
  /** Null where it never was. Tells one password from the next, where a digest may be made anew of the same one. */
  readonly passwordChangedAt: Date | null
  readonly isVerified: boolean
  /** Whether somebody has ever shown that a name of it is theirs: also where it has been given another name since. */
  readonly isClaimed: boolean
  readonly isSuspended: boolean
  /** Whether its password is not enough. Stands here so that a sign-in without one asks the database once less. */
  readonly hasSecondFactor: boolean
}

interface Row {
  readonly id: Uuid
  readonly login: string
  readonly display_name: string | null
  readonly role: string
  readonly password: string | null
  readonly password_changed_at: Date | null
  readonly is_verified: boolean
  readonly is_claimed: boolean
  readonly is_suspended: boolean
  readonly has_second_factor: boolean
  /** False for the row of somebody else that is read where nobody has the name. */
  readonly is_meant: boolean
}

type AccountsScope = Pick<IdentityScope, 'sql' | 'accounts' | 'clock'>

export class Accounts {
  readonly #scope: AccountsScope
  readonly #byLogin: string
  readonly #byId: string
  readonly #lock: string
  readonly #setPassword: string
  readonly #rehash: string

  constructor(scope: AccountsScope) {
    this.#scope = scope
    const { resource, login, password, role, displayName } = scope.accounts
    const column = (name: string): string => `u.${identifier(name)}`
    const table = identifier(resource.table)
    const select = (
      isMeant: string,
    ): string => `SELECT ${isMeant} AS is_meant, u."id", ${column(login.column)} AS login, ${displayName === undefined ? 'NULL::text' : column(displayName.column)} AS display_name, \
${column(role.column)} AS role, ${column(password.column)} AS password, a.password_changed_at, a.verified_login_digest IS NOT NULL AND a.verified_login_digest = ${digestOf(column(login.column))} AS is_verified, a.verified_at IS NOT NULL AS is_claimed, a.suspended_at IS NOT NULL AS is_suspended, \
a.totp_confirmed_at IS NOT NULL OR EXISTS (SELECT FROM plinth_passkeys p WHERE p.account_id = u."id") AS has_second_factor \
FROM ${table} u LEFT JOIN plinth_accounts a ON a.account_id = u."id"`
    const isNamed = (row: string): string => `${row}.${identifier(login.column)} = $1::text AND ${row}."deleted_at" IS NULL`
    // Where nobody has the name the oldest row is read, so that the time does not tell whether there was one to read, join and decode.
    this.#byLogin = `${select(isNamed('u'))} WHERE u."id" = coalesce((SELECT n."id" FROM ${table} n WHERE ${isNamed('n')}), \
(SELECT o."id" FROM ${table} o ORDER BY o."id" LIMIT 1))`
    this.#byId = `${select('true')} WHERE u."id" = $1::uuid AND u."deleted_at" IS NULL`
    this.#lock = `SELECT FROM ${table} u WHERE u."id" = $1::uuid AND u."deleted_at" IS NULL`
    const stored = identifier(password.column)
    // The journal tells every instance, and those who audit, that the password changed; never to what.
    this.#setPassword = `WITH w AS (UPDATE ${table} u SET ${stored} = $2::text, "updated_at" = $3::timestamptz, "version" = u."version" + 1 \
WHERE u."id" = $1::uuid AND u."deleted_at" IS NULL RETURNING u."id", u."version"), \
j AS (INSERT INTO plinth_journal ("at", "resource", "record_id", "operation", "version", "actor", "request_id", "changed") \
SELECT $3::timestamptz, $4::text, w."id", 'set-password', w."version", $5::text, $6::text, $7::jsonb FROM w), \
a AS (INSERT INTO plinth_accounts (account_id, password_changed_at) SELECT w."id", $3::timestamptz FROM w \
ON CONFLICT (account_id) DO UPDATE SET password_changed_at = $3::timestamptz) SELECT FROM w`
    this.#rehash = `UPDATE ${table} SET ${stored} = $3::text WHERE "id" = $1::uuid AND ${stored} = $2::text`
  }

  /** The account of this name, however it is spelt; undefined where there is none, or where the text cannot be a name. */
  async findByLogin(login: string): Promise<Account | undefined> {
    const name = this.readLogin(login)
    return name === undefined ? undefined : this.#find(this.#byLogin, name)
  }

  findById(id: Uuid, client: SqlClient = this.#scope.sql): Promise<Account | undefined> {
    return this.#find(this.#byId, id, client)
  }

  /** The one spelling of a name: what is stored, and what failures are counted by. Undefined for what cannot be a name. */
  readLogin(login: string): string | undefined {
    const value: unknown = this.#scope.accounts.login.kind.read(login)
    return value instanceof Misfit ? undefined : String(value)
  }

  /** The `sub` of the account's tokens. */
  subjectOf(id: Uuid): string {
    return encodeTypeId(this.#scope.accounts.resource.idPrefix, id)
  }

  /**
   * Text of a query that holds the password until its statement ends, and finds no row where the digest is another one, or the account is gone:
   * to go into a statement that opens something. It tells a password that was changed from one that was hashed anew only by what
   * `holdPassword` says then.
   *
   * @param id and @param digest the places of the values: `$1`
   */
  renderHold(id: string, digest: string): string {
    const { password } = this.#scope.accounts
    return `${this.#lock.replace('$1', id)} AND u.${identifier(password.column)} IS NOT DISTINCT FROM ${digest}::text FOR SHARE`
  }

  /**
   * Makes a change of the password wait until the transaction ends.
   * @returns false when it was changed since the account was read, or the account is gone
   */
  async holdPassword(client: SqlClient, { id, passwordChangedAt }: Pick<Account, 'id' | 'passwordChangedAt'>): Promise<boolean> {
    const living = await client.query(`${this.#lock} FOR SHARE`, [id])
    // A statement of its own: it sees what was committed while the lock was waited for.
    const changed = await client.query(
      'SELECT FROM plinth_accounts WHERE account_id = $1::uuid AND password_changed_at IS DISTINCT FROM $2::timestamptz',
      [id, passwordChangedAt?.toISOString() ?? null],
    )
    return living.length > 0 && changed.length === 0
  }

  /** Makes whoever changes or holds the account wait until the transaction ends. @returns what it is then */
  async lock(client: SqlClient, id: Uuid): Promise<Account | undefined> {
    await client.query(`${this.#lock} FOR UPDATE`, [id])
    // A statement of its own: it sees what was committed while the lock was waited for.
    return this.findById(id, client)
  }

  /** As `lock`. @returns undefined also where the password is another than the one that there was when the account was read */
  async lockUnchanged(client: SqlClient, read: Pick<Account, 'id' | 'passwordChangedAt'>): Promise<Account | undefined> {
    const account = await this.lock(client, read.id)
    return account?.passwordChangedAt?.getTime() === read.passwordChangedAt?.getTime() ? account : undefined
  }

  /** Sets a new password's digest. @returns false when the account is gone */
  async setPassword(id: Uuid, digest: string, by: ChangedBy, client: SqlClient = this.#scope.sql): Promise<boolean> {
    const { resource, password } = this.#scope.accounts
    const changed = JSON.stringify([password.name])
    const rows = await client.query(this.#setPassword, [id, digest, this.#now(), resource.name, by.actor, by.requestId, changed])
    return rows.length > 0
  }

  /** Replaces a digest by a stronger one of the same password, unless the password was changed meanwhile. */
  async rehash(id: Uuid, from: string, to: string): Promise<void> {
    await this.#scope.sql.query(this.#rehash, [id, from, to])
  }

  /** Notes that the owner of the account's name has shown that it is theirs; should it have another name meanwhile, that is not verified. */
  async markVerified({ id, login }: Pick<Account, 'id' | 'login'>, client: SqlClient = this.#scope.sql): Promise<void> {
    await client.query(
      `INSERT INTO plinth_accounts (account_id, verified_login_digest, verified_at) VALUES ($1::uuid, ${digestOf('$3::text')}, $2::timestamptz)
ON CONFLICT (account_id) DO UPDATE SET verified_login_digest = excluded.verified_login_digest, verified_at = excluded.verified_at`,
      [id, this.#now(), login],
    )
  }

  /** @returns whether anything changed */
  async setSuspended(id: Uuid, isSuspended: boolean, by: ChangedBy, client: SqlClient = this.#scope.sql): Promise<boolean> {
    const rows = await client.query(
      `WITH w AS (INSERT INTO plinth_accounts AS a (account_id, suspended_at) VALUES ($1::uuid, CASE WHEN $2::boolean THEN $3::timestamptz END)
ON CONFLICT (account_id) DO UPDATE SET suspended_at = CASE WHEN $2::boolean THEN $3::timestamptz END
WHERE (a.suspended_at IS NOT NULL) <> $2::boolean RETURNING account_id),
j AS (INSERT INTO plinth_journal (at, resource, record_id, operation, version, actor, request_id)
SELECT $3::timestamptz, 'plinth.account', w.account_id, CASE WHEN $2::boolean THEN 'suspend' ELSE 'reinstate' END, 0, $4::text, $5::text FROM w)
SELECT FROM w`,
      [id, isSuspended, this.#now(), by.actor, by.requestId],
    )
    return rows.length > 0
  }

  async #find(text: string, key: string, client: SqlClient = this.#scope.sql): Promise<Account | undefined> {
    const [row] = await client.query<Row>(text, [key])
    if (row === undefined || !row.is_meant) return undefined
    return {
      id: row.id,
      subject: this.subjectOf(row.id),
      login: row.login,
      displayName: row.display_name,
      role: row.role,
      passwordDigest: row.password,
      passwordChangedAt: row.password_changed_at,
      isVerified: row.is_verified,
      isClaimed: row.is_claimed,
      isSuspended: row.is_suspended,
      hasSecondFactor: row.has_second_factor,
    }
  }

  #now(): string {
    return isoTime(this.#scope.clock.now())
  }
}

function digestOf(text: string): string {
  return `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`
}
