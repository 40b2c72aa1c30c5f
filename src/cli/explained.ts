/** Looks up what `plinth explain-access` is asked about: who asks, and the record as the database holds it. */
import { Accounts } from '../auth/index.ts'
import { decodeTypeId, type Uuid } from '../kernel/index.ts'
import { type Actor, type Domain, type Json, Misfit, NOBODY, type ResourceModel } from '../model/index.ts'
import { identifier, type SqlDatabase } from '../sql/index.ts'
import { UsageError } from './command.ts'
import { expectRole } from './role.ts'

/** A record as conditions see it: by the declared names of its fields, what never leaves the service included. */
export type HeldRecord = Readonly<Record<string, unknown>>

export interface ExplainedActor {
  readonly actor: Actor
  /** How it is called in the explanation. */
  readonly shown: string
  readonly isSuspended: boolean
}

const ROLE_PREFIX = 'role:'
/** Somebody who has signed in, and whom no record names. */
const ANYBODY = '00000000-0000-7000-8000-000000000000' as Uuid

/**
 * @param who an e-mail address, the id of an account, `role:editor`, or `nobody`
 * @throws UsageError when there is no such account or role
 */
export async function findActor(domain: Domain, sql: SqlDatabase, who: string, nowMs: number): Promise<ExplainedActor> {
  if (who === 'nobody') return { actor: NOBODY, shown: who, isSuspended: false }
  if (who.startsWith(ROLE_PREFIX)) {
    const role = who.slice(ROLE_PREFIX.length)
    const shown = `somebody with the role ${role}`
    return { actor: actorWith(domain, role, ANYBODY, who), shown, isSuspended: false }
  }
  if (domain.accounts === undefined)
    throw new UsageError(`Cannot find "${who}": the domain declares no accounts, expected role:NAME or nobody`)
  const accounts = new Accounts({
    sql,
    accounts: domain.accounts,
    clock: { now: () => nowMs, monotonicMs: () => performance.now() },
  })
  const id = decodeTypeId(domain.accounts.resource.idPrefix, who)
  const account = id === undefined ? await accounts.findByLogin(who) : await accounts.findById(id)
  if (account === undefined)
    throw new UsageError(
      `Cannot find the account "${who}": there is none, or it is deleted, expected an e-mail address, an id such as ` +
        `${domain.accounts.resource.idPrefix}_…, role:NAME or nobody`,
    )
  const { subject, login, role, isSuspended } = account
  const shown = `${login} (${subject}) with the role ${role}`
  return { actor: actorWith(domain, role, account.id, subject), shown, isSuspended }
}

function actorWith({ roles }: Domain, role: string, id: Uuid, subject: string): Actor {
  return { kind: 'user', id, subject, roles: [role], permissions: expectRole(roles, role) }
}

/** Reads a record, a deleted one too. @throws UsageError when there is none */
export async function readRecord(model: ResourceModel, sql: SqlDatabase, id: string): Promise<HeldRecord> {
  const key = decodeTypeId(model.idPrefix, id)
  if (key === undefined)
    throw new UsageError(
      `Cannot read ${model.name} "${id}": it is no id, expected one such as ${model.idPrefix}_01h455vb4pex5vsknk084sn02q`,
    )
  const columns = model.fields.map(({ column, kind }) => {
    const name = `t.${identifier(column)}`
    return `${kind.sqlJson?.(name) ?? name} AS ${identifier(column)}`
  })
  const [row] = await sql.query<{ record: Readonly<Record<string, Json>> }>(
    `SELECT to_jsonb(r) AS record FROM (SELECT ${columns.join(', ')} FROM ${identifier(model.table)} t WHERE t."id" = $1::uuid) r`,
    [key],
  )
  if (row === undefined) throw new UsageError(`Cannot read ${model.name} "${id}": there is no such record, deleted or not`)
  const entries = model.fields.map(({ name, column, kind }) => {
    const value = row.record[column] ?? null
    // Keys lie in the database as UUIDs, which is what conditions compare.
    return [name, value === null || kind.idPrefix !== undefined ? value : kind.fromJson(value)] as const
  })
  return Object.fromEntries(entries)
}

/** Reads `title=Hello` and its like. @throws UsageError for a field that is not there, or a value that does not fit */
export function readValues(model: ResourceModel, pairs: readonly string[]): HeldRecord {
  const values: Record<string, unknown> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const field = model.fieldsByColumn.get(pair.slice(0, Math.max(at, 0)))
    if (at < 1 || field === undefined)
      throw new UsageError(
        `Cannot use --with "${pair}": it names no field, expected NAME=VALUE with one of ${[...model.fieldsByColumn.keys()].join(', ')}`,
      )
    const value: unknown = field.kind.readText(pair.slice(at + 1))
    if (value instanceof Misfit) throw new UsageError(`Cannot use --with "${pair}": the value ${value.message}`)
    values[field.name] = value
  }
  return values
}
