/** The engine over a real database, without a wire: for tests of the storage alone. */
import { createHmac, randomFillSync } from 'node:crypto'
import pg from 'pg'
import type { App } from '../../src/app/index.ts'
import {
  Engine,
  type FieldValues,
  type ListPlan,
  type RequestContext,
  type Store,
  type TreePlan,
} from '../../src/engine/index.ts'
import { type Uuid, uuidGenerator } from '../../src/kernel/index.ts'
import { type Actor, type FieldModel, NOBODY, type ResourceModel, type SortModel } from '../../src/model/index.ts'
import { openConnection, PgStore, type PgStoreOptions, type PlainConnection } from '../../src/pg/index.ts'
import { appTemplate, type TestDatabase, testDatabase } from '../../src/testing/index.ts'

const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }

export const newId = uuidGenerator(clock, { fill: (target) => void randomFillSync(target) })

export interface Storage extends AsyncDisposable {
  readonly app: App
  readonly engine: Engine
  readonly store: PgStore
  readonly sql: PlainConnection
  readonly url: string
  /** The plans of lists that the engine has made, in order. */
  readonly listPlans: ListPlan[]
  /** Those of trees, likewise. */
  readonly treePlans: TreePlan[]
  resource(name: string): ResourceModel
  stop(): Promise<void>
}

/** Opens a database of its own with the migrations of the application, and the engine over it. */
export async function openStorage(app: App, options: Partial<PgStoreOptions> = {}, from?: TestDatabase): Promise<Storage> {
  const database = from ?? (await testDatabase(await appTemplate(app)))
  const url = options.url ?? database.url
  const store = new PgStore({ applicationName: 'storage-test', ...options, url })
  const sql = await openConnection(database.url)
  const listPlans: ListPlan[] = []
  const treePlans: TreePlan[] = []
  const recording: Store = {
    get: (plan) => store.get(plan),
    tree: (plan) => {
      treePlans.push(plan)
      return store.tree(plan)
    },
    create: (plan) => store.create(plan),
    change: (plan) => store.change(plan),
    transaction: (work) => store.transaction(work),
    list: (plan) => {
      listPlans.push(plan)
      return store.list(plan)
    },
  }
  const seal = (text: string): string => createHmac('sha256', 'tests').update(text).digest('base64url').slice(0, 16)
  const engine = new Engine({ domain: app.domain, store: recording, clock, newId, seal })
  const stop = async (): Promise<void> => {
    await store.close()
    await sql.close()
    await database.drop()
  }
  return {
    app,
    engine,
    store,
    sql,
    url,
    listPlans,
    treePlans,
    resource: (name) => app.domain.resource(name),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

export function contextOf(actor: Actor, more: Partial<RequestContext> = {}): RequestContext {
  return { actor, nowMs: Date.now(), address: null, requestId: 'req_test', ...more }
}

/** Somebody with a role and its permissions. */
export function actorOf(app: App, role: string, id: Uuid = newId()): Actor {
  return { kind: 'user', id, subject: `usr_${id}`, roles: [role], permissions: app.domain.roles[role] ?? [] }
}

export const nobody = contextOf(NOBODY)

/** `['-createdAt', 'id']` as the model says it. */
export function sortOf(resource: ResourceModel, ...keys: readonly string[]): readonly SortModel[] {
  return keys.map((key) => ({ field: fieldOf(resource, key.replace(/^-/, '')), isDescending: key.startsWith('-') }))
}

export function fieldOf(resource: ResourceModel, name: string): FieldModel {
  const field = resource.fieldsByName.get(name)
  if (field === undefined) throw new TypeError(`Cannot find field "${name}" of ${resource.name}`)
  return field
}

/** Values by the names of their fields, as an operation takes them; what is left out has its default. */
export function valuesOf(resource: ResourceModel, values: Readonly<Record<string, unknown>>, isComplete = false): FieldValues {
  const given = new Map<FieldModel, unknown>(Object.entries(values).map(([name, value]) => [fieldOf(resource, name), value]))
  if (isComplete) {
    for (const field of resource.fields)
      if (!field.isStandard && !given.has(field)) given.set(field, field.rules.fallback ?? null)
  }
  return given
}

export interface SentStatement {
  readonly name?: string
  readonly text: string
  readonly values?: readonly unknown[]
}

const OWN_CLOCK = /FROM plinth_journal|plinth_signing_keys|pg_current_snapshot|clock_timestamp\(\)\) AS now/

/** Notes every statement that leaves through the driver while `work` runs. */
export async function recordStatements(work: () => Promise<unknown>): Promise<readonly SentStatement[]> {
  const sent: SentStatement[] = []
  const prototype = pg.Client.prototype as unknown as { query: (this: unknown, ...args: unknown[]) => unknown }
  const { query } = prototype
  prototype.query = function (...args) {
    const [first] = args
    sent.push(typeof first === 'string' ? { text: first, values: (args[1] as unknown[]) ?? [] } : (first as SentStatement))
    return query.apply(this, args)
  }
  try {
    await work()
  } finally {
    prototype.query = query
  }
  // The service sweeps, follows its journal and looks for new keys by its own clock, whoever asks.
  return sent.filter(({ name, text }) => name !== 'plinth_once_sweep' && !OWN_CLOCK.test(text))
}
