/**
 * Turns a tree into its plan: decides every level as an operation of its own would be decided, and reads its cursor. Knows the model and the
 * policy, not SQL.
 */
import { PlinthError } from '../kernel/index.ts'
import type { FieldModel, ResourceModel } from '../model/index.ts'
import { DENIED, isReadable } from '../policy/index.ts'
import type { CompiledResource } from './compiled-resource.ts'
import type { RequestContext } from './context.ts'
import { ListCursors } from './cursor.ts'
import type { PositionPlan } from './plan.ts'
import { completeSort, decideRead, expectSeen } from './read-rules.ts'
import type { Seal } from './sealed-text.ts'
import type {
  EdgePart,
  Named,
  PageInfoPart,
  PagePart,
  PageTree,
  RecordPart,
  RecordSelection,
  RecordsRoot,
  TreeFailure,
  TreeInput,
  TreeRoot,
} from './tree.ts'
import { TreeBudget } from './tree-budget.ts'
import type {
  ConstantPlan,
  EdgePartPlan,
  InfoPartPlan,
  KeyPlan,
  LevelPlan,
  PageLevel,
  PagePartPlan,
  PartPlan,
  RecordLevel,
  RecordsLevel,
  RootPlan,
  TreePlan,
} from './tree-plan.ts'

export interface PlannedTree {
  readonly plan: TreePlan
  readonly failures: readonly TreeFailure[]
  /** Makes the cursors of a page, by the number of its level. */
  readonly cursors: ReadonlyMap<number, ListCursors>
}

/** What a level hangs from. */
interface Place {
  readonly resource: ResourceModel
  readonly includesDeleted: boolean
  /** How many such records there can be. */
  readonly count: number
}

export class TreePlanner {
  readonly #compiledOf: (resource: ResourceModel) => CompiledResource
  readonly #seal: Seal
  readonly #context: RequestContext
  readonly #levels: LevelPlan[] = []
  readonly #aliases: string[] = []
  readonly #failures: TreeFailure[] = []
  readonly #cursors = new Map<number, ListCursors>()
  readonly #budget = new TreeBudget()

  constructor(compiledOf: (resource: ResourceModel) => CompiledResource, seal: Seal, context: RequestContext) {
    this.#compiledOf = compiledOf
    this.#seal = seal
    this.#context = context
  }

  plan({ roots, spelling }: TreeInput): PlannedTree {
    const planned = roots.map((root) => this.#root(root))
    const plan = { context: this.#context, spelling, roots: planned, levels: this.#levels, aliases: this.#aliases }
    return { plan, failures: this.#failures, cursors: this.#cursors }
  }

  /** A root that fails is null, and the others are answered. */
  #root(root: TreeRoot): RootPlan {
    const key = this.#key(root)
    try {
      switch (root.kind) {
        case 'constant':
          return { kind: 'constant', key, value: root.value }
        case 'page':
          return { kind: 'page', key, level: this.#page(root.page, undefined, undefined) }
        case 'records':
          return { kind: 'records', key, level: this.#records(root) }
        case 'record':
          return { kind: 'record', key, level: this.#record(root.resource, root.select, 1, root.id) }
      }
    } catch (error) {
      return this.#failed(key, [root.as], error)
    }
  }

  #failed(key: KeyPlan, path: TreeFailure['path'], error: unknown): ConstantPlan {
    if (!(error instanceof PlinthError)) throw error
    this.#failures.push({ path, error })
    return { kind: 'constant', key, value: null }
  }

  #records({ as, keys, select }: RecordsRoot): RecordsLevel {
    const number = this.#budget.claimLevel(0)
    const choices: RecordLevel[] = []
    const placeOf = new Map<ResourceModel, number | PlinthError>()
    for (const [resource, selection] of select) {
      const count = keys.filter((key) => key?.resource === resource).length
      if (count === 0) continue
      try {
        placeOf.set(resource, choices.push(this.#record(resource, selection, count, undefined)) - 1)
      } catch (error) {
        if (!(error instanceof PlinthError)) throw error
        placeOf.set(resource, error)
      }
    }
    const places = keys.map((key, at) => {
      const place = key === null ? undefined : placeOf.get(key.resource)
      if (place instanceof PlinthError) this.#failures.push({ path: [as, at], error: place })
      return typeof place === 'number' ? place : null
    })
    return this.#keep({ number, ids: keys.map((key) => key?.id ?? null), places, choices })
  }

  #record(resource: ResourceModel, select: RecordSelection, count: number, id: RecordLevel['id']): RecordLevel {
    const read = decideRead(this.#compiledOf(resource), this.#context, false)
    const number = this.#budget.claimLevel(count)
    return this.#keep({ number, resource, read, id, select: this.#parts(select, { resource, includesDeleted: false, count }) })
  }

  #page(page: PageTree, by: FieldModel | undefined, above: Place | undefined): PageLevel {
    const { resource, filters, search, limit } = page
    const includesDeleted = page.includesDeleted === true
    expectSeen(resource, this.#context, page)
    const read = decideRead(this.#compiledOf(resource), this.#context, includesDeleted)
    const sort = completeSort(resource, this.#context, page.sort)
    const count = limit * (above?.count ?? 1)
    const number = this.#budget.claimLevel(count)
    const parent = by === undefined ? undefined : { by }
    const cursors = new ListCursors({ resource, parent, filters, search, sort, includesDeleted }, this.#seal)
    this.#cursors.set(number, cursors)
    return this.#keep({
      number,
      resource,
      read,
      by,
      filters,
      search,
      sort,
      position: readPosition(page, cursors),
      limit,
      isFromEnd: page.isFromEnd === true,
      includesDeleted,
      select: page.select.map((part) => this.#pagePart(part, { resource, includesDeleted, count })),
    })
  }

  #pagePart(part: PagePart, place: Place): PagePartPlan {
    const key = this.#key(part)
    switch (part.kind) {
      case 'constant':
        return { kind: 'constant', key, value: part.value }
      case 'total':
        return { kind: 'total', key }
      case 'records':
        return { kind: 'records', key, select: this.#parts(part.select, place) }
      case 'edges':
        return { kind: 'edges', key, select: part.select.map((edge) => this.#edgePart(edge, place)) }
      case 'info':
        return { kind: 'info', key, select: part.select.map((info) => this.#infoPart(info)) }
    }
  }

  #edgePart(part: EdgePart, place: Place): EdgePartPlan {
    const key = this.#key(part)
    switch (part.kind) {
      case 'constant':
        return { kind: 'constant', key, value: part.value }
      case 'cursor':
        return { kind: 'cursor', key }
      case 'record':
        return { kind: 'record', key, select: this.#parts(part.select, place) }
    }
  }

  #infoPart(part: PageInfoPart): InfoPartPlan {
    const key = this.#key(part)
    return part.kind === 'constant' ? { kind: 'constant', key, value: part.value } : { kind: part.kind, key }
  }

  #parts(select: RecordSelection, place: Place): readonly PartPlan[] {
    return select.map((part) => this.#part(part, place))
  }

  #part(part: RecordPart, place: Place): PartPlan {
    const key = this.#key(part)
    switch (part.kind) {
      case 'constant':
        return { kind: 'constant', key, value: part.value }
      case 'field':
        return this.#isSeen(part.field, place)
          ? { kind: 'field', key, field: part.field }
          : { kind: 'constant', key, value: null }
      case 'children':
        return { kind: 'children', key, level: this.#page(part.page, part.child.by, place) }
      case 'reference': {
        const { by, resource } = part.reference
        const isHidden = !isReadable(by, this.#context.actor)
        // To those whom no rule lets read such records, each is one that they may not know of.
        if (isHidden || this.#compiledOf(resource).access('read').decide(this.#context) === DENIED)
          return { kind: 'constant', key, value: null }
        return { kind: 'reference', key, by, level: this.#record(resource, part.select, place.count, undefined) }
      }
    }
  }

  /** When a record was deleted is shown to those who asked for the deleted too. */
  #isSeen(field: FieldModel, { includesDeleted }: Place): boolean {
    return isReadable(field, this.#context.actor) || (includesDeleted && field.isStandard && field.name === 'deletedAt')
  }

  #key({ as, isAlias }: Named): KeyPlan {
    this.#budget.claimPart()
    return isAlias === true ? this.#aliases.push(as) - 1 : as
  }

  #keep<Level extends LevelPlan>(level: Level): Level {
    this.#levels[level.number] = level
    return level
  }
}

function readPosition({ cursor }: PageTree, cursors: ListCursors): PositionPlan | undefined {
  // Which way the page lies is said beside the cursor, whichever way it was given out.
  return cursor === undefined ? undefined : { values: cursors.read(cursor.text).values, isBackward: cursor.side === 'before' }
}
