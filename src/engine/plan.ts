/** Plans: what an operation will do, computed before anything is touched. Frozen data that a store can turn into statements. */
import type { Uuid } from '../kernel/index.ts'
import type { FieldModel, Operator, ResourceModel, SortModel, SqlValue } from '../model/index.ts'
import type { Access, RuleSet } from '../policy/index.ts'
import type { RequestContext } from './context.ts'
import type { FieldSet } from './field-set.ts'

/** The rules that apply to the caller for one verb. */
export interface AccessPlan {
  readonly access: Access
  readonly rules: RuleSet
}

/** Only records that belong to this one: the parent in a nested path. */
export interface ParentPlan {
  readonly by: FieldModel
  readonly id: Uuid
  /** Set where the parent must be there and not deleted: nothing is reachable under a deleted record. */
  readonly resource?: ResourceModel
}

interface RecordPlan {
  readonly resource: ResourceModel
  readonly context: RequestContext
  readonly read: AccessPlan
  /** The fields that the answer holds. */
  readonly fields: FieldSet
  readonly parent: ParentPlan | undefined
}

export interface GetPlan extends RecordPlan {
  readonly id: Uuid
  readonly includesDeleted: boolean
}

export interface FilterPlan {
  readonly field: FieldModel
  readonly operator: Operator
  /** A list for `in`, a boolean for `null`. */
  readonly value: SqlValue
}

/** Where a page begins: the sort values of the record next to it, as text, in the order of the sort. */
export interface PositionPlan {
  readonly values: readonly (string | null)[]
  /** Whether the page lies before the position: the caller goes back. */
  readonly isBackward: boolean
}

export interface ListPlan extends RecordPlan {
  readonly filters: readonly FilterPlan[]
  readonly search: string | undefined
  /** The full order; the last key is `id`, so that no two records are equal. */
  readonly sort: readonly SortModel[]
  readonly position: PositionPlan | undefined
  readonly limit: number
  /** Records to pass over: only where pages are numbered. */
  readonly offset: number
  readonly wantsTotal: boolean
  readonly includesDeleted: boolean
}

export interface CreatePlan {
  readonly resource: ResourceModel
  readonly context: RequestContext
  readonly fields: FieldSet
  readonly id: Uuid
  /** A value for each declared field, null where nothing is. */
  readonly values: ReadonlyMap<FieldModel, unknown>
}

export interface ChangePlan extends RecordPlan {
  readonly id: Uuid
  /** What the journal calls it: `update`, `delete`, `restore`, the name of an action. */
  readonly operation: string
  readonly target: 'live' | 'deleted'
  readonly sets: 'fields' | 'deletion' | 'restoration'
  readonly changes: ReadonlyMap<FieldModel, unknown>
  /** The version that may be overwritten; null: whichever it is. */
  readonly expectedVersion: number | null
  readonly write: AccessPlan
}
