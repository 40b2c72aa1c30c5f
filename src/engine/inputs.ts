/** What each operation takes and gives, with nothing left of the surface that it came through. */
import type { Uuid } from '../kernel/index.ts'
import type { ActionModel, ChildModel, FieldModel, ResourceModel, SortModel } from '../model/index.ts'
import type { FilterPlan } from './plan.ts'
import type { FieldValues } from './read-fields.ts'
import type { PrintedRecord } from './store.ts'

export interface ParentInput {
  readonly child: ChildModel
  readonly parent: ResourceModel
  readonly id: Uuid
}

/** The names of fields, as the caller's surface spells them. */
export interface FieldSelection {
  readonly names: readonly string[]
  readonly byName: ReadonlyMap<string, FieldModel>
}

export interface GetInput {
  readonly id: Uuid
  readonly fields?: FieldSelection | undefined
  readonly parent?: ParentInput | undefined
  readonly includesDeleted?: boolean
}

export interface ListInput {
  readonly fields?: FieldSelection | undefined
  readonly parent?: ParentInput | undefined
  readonly filters: readonly FilterPlan[]
  readonly search?: string | undefined
  readonly sort?: readonly SortModel[] | undefined
  readonly cursor?: string | undefined
  readonly limit: number
  /** From 1; only where pages are numbered. */
  readonly page?: number
  readonly includesDeleted?: boolean
}

export interface CreateInput {
  readonly values: FieldValues
  /** The verb that policies must permit: `register` where somebody makes an account for themselves. Default `create`. */
  readonly verb?: 'create' | 'register'
  readonly parent?: ParentInput | undefined
}

export interface ChangeInput {
  readonly id: Uuid
  readonly values: FieldValues
  readonly expectedVersion: number | null
  readonly parent?: ParentInput | undefined
}

export interface ActInput {
  readonly id: Uuid
  readonly action: ActionModel
  readonly values: FieldValues
  readonly expectedVersion: number | null
}

export interface Page {
  readonly records: readonly PrintedRecord[]
  readonly hasNext: boolean
  readonly hasPrevious: boolean
  readonly next: string | undefined
  readonly previous: string | undefined
  /** Only where pages are numbered. */
  readonly total: number | undefined
}
