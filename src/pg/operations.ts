/**
 * The operations on records over one way of sending statements: a lane, or the connection of a transaction. Statements are made
 * once for each shape.
 */
import { LRUCache } from 'lru-cache'
import type {
  Caller,
  ChangePlan,
  ChangeResult,
  CreatePlan,
  GetPlan,
  ListPlan,
  Operations,
  StoredPage,
  StoredRecord,
  TreePlan,
} from '../engine/index.ts'
import type { ResourceModel } from '../model/index.ts'
import type { Statement } from '../sql/index.ts'
import type { Row, Runner } from './driver.ts'
import { missingReferences, readDatabaseError } from './errors.ts'
import { placeRows } from './merge.ts'
import { type ChangeStatement, writeChange } from './statements/change.ts'
import { type CreateStatement, writeCreate } from './statements/create.ts'
import { type GetStatement, type MergedGetStatement, writeGet, writeMergedGet } from './statements/get.ts'
import { type ListStatement, listShape, writeCount, writeList } from './statements/list.ts'
import { accessKey } from './statements/predicates.ts'
import { writeTree } from './statements/tree.ts'
import { treeShape } from './statements/tree-shape.ts'

/** Shapes are made of what clients may combine: bounded, so that a client cannot grow them without end. */
const SHAPES_MAX = 2_000

type Shape = GetStatement | MergedGetStatement | CreateStatement | ChangeStatement | ListStatement | Statement<ListPlan>

/** Trees are as large as what clients write: bounded by their text too, in characters. */
const TREE_SHAPES_MAX = 1_000
const TREE_TEXT_MAX = 8 * 1_024 * 1_024

/** The statements that were made, by shape; shared by all runners of a store. */
export class StatementCache {
  readonly #shapes = new LRUCache<string, Shape>({ max: SHAPES_MAX })
  readonly #trees = new LRUCache<string, Statement<TreePlan>>({
    max: TREE_SHAPES_MAX,
    maxSize: TREE_TEXT_MAX,
    sizeCalculation: ({ text }, key) => text.length + key.length,
  })

  of<Kind extends Shape>(key: string, write: () => Kind): Kind {
    const known = this.#shapes.get(key)
    // A key begins with what it is made by, so the kind follows from the key.
    if (known !== undefined) return known as Kind
    const made = write()
    this.#shapes.set(key, made)
    return made
  }

  ofTree(plan: TreePlan): Statement<TreePlan> {
    const key = treeShape(plan)
    const known = this.#trees.get(key)
    if (known !== undefined) return known
    const made = writeTree(plan)
    this.#trees.set(key, made)
    return made
  }
}

export function getKey(plan: GetPlan): string {
  return `${plan.resource.name}|${accessKey(plan)}|${plan.fields.key}|${plan.includesDeleted}`
}

export class RecordOperations implements Operations {
  readonly #run: Runner
  readonly #cache: StatementCache

  constructor(run: Runner, cache: StatementCache) {
    this.#run = run
    this.#cache = cache
  }

  get(plan: GetPlan): Promise<StoredRecord | undefined> {
    return this.#one(
      plan,
      this.#cache.of(`get|${getKey(plan)}`, () => writeGet(plan, false)),
    )
  }

  /** The same, and nobody else changes the record until the transaction ends. */
  lock(plan: GetPlan): Promise<StoredRecord | undefined> {
    return this.#one(
      plan,
      this.#cache.of(`lock|${getKey(plan)}`, () => writeGet(plan, true)),
    )
  }

  /** Answers many plans of one shape in one round trip. */
  async getMerged(plans: readonly GetPlan[]): Promise<readonly (StoredRecord | undefined)[]> {
    const [first] = plans
    if (first === undefined) return []
    const merged = this.#cache.of(`gets|${getKey(first)}`, () => writeMergedGet(first))
    const rows = await this.#send(merged.statement, plans, first.resource, callerOfAll(plans))
    return placeRows(rows, plans.length, merged)
  }

  async list(plan: ListPlan): Promise<StoredPage> {
    const shape = `${plan.resource.name}|${accessKey(plan)}|${plan.fields.key}|${listShape(plan)}`
    const { statement, columns, readKeys } = this.#cache.of(`list|${shape}`, () => writeList(plan))
    const counting = plan.wantsTotal
      ? this.#send(
          this.#cache.of(`count|${shape}`, () => writeCount(plan)),
          plan,
          plan.resource,
          plan.context.caller,
        )
      : undefined
    const [rows, counted] = await Promise.all([this.#send(statement, plan, plan.resource, plan.context.caller), counting])

    const page = rows.slice(0, plan.limit)
    if (plan.position?.isBackward === true) page.reverse()
    return {
      records: page.map((row) => columns.read(row)),
      hasMore: rows.length > plan.limit,
      first: readKeys(page[0]),
      last: readKeys(page.at(-1)),
      total: counted === undefined ? undefined : Number(counted[0]?.[0]),
    }
  }

  async tree(plan: TreePlan): Promise<string> {
    const [row] = await this.#send(this.#cache.ofTree(plan), plan, undefined, plan.context.caller)
    const text = row?.[0]
    if (typeof text !== 'string') throw new TypeError('Cannot read a tree: the database printed no text')
    return text
  }

  async create(plan: CreatePlan): Promise<StoredRecord> {
    const { statement, columns } = this.#cache.of(`create|${plan.resource.name}|${plan.fields.key}`, () => writeCreate(plan))
    const [row] = await this.#send(statement, plan, plan.resource)
    if (row === undefined) throw new TypeError(`Cannot create ${plan.resource.name}: the database returned no row`)
    const faults = row[columns.count]
    if (faults !== null && faults !== undefined) throw missingReferences(faults, plan.resource)
    return columns.read(row)
  }

  async change(plan: ChangePlan): Promise<ChangeResult> {
    const fields = [...plan.changes.keys()].map((field) => field.position).join('.')
    const how = `${plan.operation}|${plan.target}|${plan.sets}|${fields}|${plan.expectedVersion !== null}`
    const key = `change|${plan.resource.name}|${accessKey(plan)}|${plan.write.access.verb}:${plan.write.rules}|${plan.fields.key}|${how}`
    const { statement, columns } = this.#cache.of(key, () => writeChange(plan))
    const [row] = await this.#send(statement, plan, plan.resource)
    const verdict = row?.[columns.count]
    if (row !== undefined && verdict === 'dangling') throw missingReferences(row[columns.count + 1] ?? '', plan.resource)
    if (row !== undefined && verdict === 'changed') return { kind: 'changed', record: columns.read(row) }
    return { kind: verdict === 'forbidden' || verdict === 'stale' ? verdict : 'missing' }
  }

  async #one(plan: GetPlan, { statement, columns }: GetStatement): Promise<StoredRecord | undefined> {
    const [row] = await this.#send(statement, plan, plan.resource, plan.context.caller)
    return row === undefined ? undefined : columns.read(row)
  }

  /** @param caller only of reads: a write that was sent is done */
  #send<Input>(
    statement: Statement<Input>,
    input: Input,
    resource: ResourceModel | undefined,
    caller?: Caller,
  ): Promise<readonly Row[]> {
    return this.#run(statement, input, caller).catch((error: unknown) => {
      throw readDatabaseError(error, resource)
    })
  }
}

/** They are gone when the last of them is. */
function callerOfAll(plans: readonly GetPlan[]): Caller {
  return {
    get isGone() {
      return plans.every(({ context }) => context.caller?.isGone === true)
    },
  }
}
