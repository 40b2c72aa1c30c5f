/**
 * One service for each surface, each over a database of its own with the same rows in it, so that what the surfaces leave behind can be compared
 * too. What chance gives (ids of new records, the hour) is spelt the same in all of them before anything is compared.
 */
import type { App } from '../../src/app/index.ts'
import { decodeTypeId, encodeTypeId, type Uuid } from '../../src/kernel/index.ts'
import type { ResourceModel } from '../../src/model/index.ts'
import type { PlainConnection } from '../../src/pg/index.ts'
import { type TestService, testService } from '../../src/testing/index.ts'
import type { Asked, Operation, Outcome } from './operation.ts'
import { openRest } from './rest.ts'
import type { OpenSurface, Surface } from './surface.ts'

export interface WorldOptions {
  readonly app: App
  readonly open: OpenSurface
  /** Fills the database; the same rows whenever it is called. */
  readonly fill: (sql: PlainConnection) => Promise<void>
  /** The tokens of those who ask, by name. */
  readonly tokens: (service: TestService) => Readonly<Record<string, string>>
}

/** Rows and entries of the journal, as text that can be compared. */
export type Remains = readonly string[]

/** Names for records that were made in the run: `new-7` is what the seventh operation made. */
const NAME = /\bnew-\d+\b/g

export class World implements AsyncDisposable {
  readonly surface: Surface
  /** Stands in where the surface cannot be asked. */
  readonly #stand: Surface
  readonly #service: TestService
  readonly #sql: PlainConnection
  readonly #tokens: Readonly<Record<string, string>>
  readonly #resources: readonly ResourceModel[]
  readonly #beganMs = Date.now() - 1_000
  /** Ids by their names, and the other way round. */
  readonly #ids = new Map<string, string>()
  readonly #names = new Map<string, string>()

  private constructor(service: TestService, sql: PlainConnection, { app, open, tokens }: WorldOptions) {
    this.#service = service
    this.#sql = sql
    this.#tokens = tokens(service)
    this.#resources = app.domain.resources
    this.surface = open(service)
    this.#stand = openRest(service)
  }

  static async start(options: WorldOptions): Promise<World> {
    const service = await testService({ app: options.app })
    const sql = await service.sql()
    await options.fill(sql)
    return new World(service, sql, options)
  }

  /** @param at the number of the operation, after which a record that it makes is named */
  async run({ as, operation }: Asked, at: number): Promise<Outcome | undefined> {
    const token = as === 'nobody' ? undefined : this.#tokens[as]
    if (as !== 'nobody' && token === undefined) throw new Error(`Cannot ask as ${as}: there is no such token`)
    const meant = this.#withIds(operation)
    const outcome = await this.surface.run(meant, token)
    // What this surface cannot be asked another one may do: without it the databases would part for good.
    const done = outcome ?? (isWrite(operation) ? await this.#stand.run(meant, token) : undefined)
    if (operation.kind === 'create' && done?.kind === 'record')
      this.#name(`new-${at}`, String(done.record['id']), operation.resource)
    return outcome === undefined ? undefined : this.#withNames(outcome)
  }

  /** What the run left in the tables, and in the journal. */
  async remains(): Promise<Remains> {
    const rows: string[] = []
    for (const { table } of this.#resources) {
      const found = await this.#sql.query<{ row: object }>(`SELECT to_jsonb(one) AS row FROM ${table} AS one`)
      rows.push(...found.map(({ row }) => `${table} ${JSON.stringify(this.#withNames(row))}`))
    }
    const journal = await this.#sql.query<{ row: object }>(
      `SELECT to_jsonb(one) AS row FROM (SELECT resource, record_id, operation, version, actor, changed FROM plinth_journal ORDER BY position) AS one`,
    )
    return [...rows.sort(), ...journal.map(({ row }) => `journal ${JSON.stringify(this.#withNames(row))}`)]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.surface.close()
    await this.#service.stop()
  }

  #name(name: string, id: string, resource: ResourceModel): void {
    this.#ids.set(name, id)
    this.#names.set(id, name)
    this.#names.set(uuidOf(id, resource), name)
  }

  #withIds(operation: Operation): Operation {
    // Models are no text; ids of the run stand beside them.
    const { resource, ...rest } = operation
    const under = 'under' in rest ? rest.under : undefined
    const text = JSON.stringify({ ...rest, under: undefined }).replace(NAME, (name) => this.#ids.get(name) ?? name)
    return { ...(JSON.parse(text) as Operation), resource, ...(under !== undefined && { under }) }
  }

  /** Ids of the run become names, and its moments `now`. */
  #withNames<Value>(value: Value): Value {
    const text = JSON.stringify(value, (_, one: unknown) => {
      if (typeof one !== 'string') return one
      // Each digest of a password has a salt of its own.
      if (one.startsWith(DIGEST)) return DIGEST
      const name = this.#names.get(one)
      if (name !== undefined) return name
      return MOMENT.test(one) && Math.abs(Date.parse(one) - this.#beganMs) < RUN_MS_MAX ? 'now' : one
    })
    return JSON.parse(text) as Value
  }
}

const DIGEST = '$argon2id$'
/** As REST and PostgreSQL print it. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/
/** Moments that the tests name are years from now. */
const RUN_MS_MAX = 3_600_000

function uuidOf(id: string, { idPrefix }: ResourceModel): string {
  const uuid = decodeTypeId(idPrefix, id)
  if (uuid === undefined) throw new Error(`Cannot read the id of a new record: "${id}" is none of ${idPrefix}`)
  return uuid
}

function isWrite({ kind }: Operation): boolean {
  return kind !== 'get' && kind !== 'list'
}

/** An id that is the same in every world. */
export function fixedId(prefix: string, number: number): string {
  return encodeTypeId(prefix, fixedUuid(number))
}

/** A UUIDv7 of long ago; the number is the order. */
export function fixedUuid(number: number): Uuid {
  return `01890a5d-0000-7000-8000-${String(number).padStart(12, '0')}` as Uuid
}
