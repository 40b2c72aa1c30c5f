/**
 * What a tree of reads asks: records and pages, what belongs to them, to any depth, answered as one text.
 *
 * Names (`as`) are the keys of the answer, in the order in which they are to be printed. A surface builds a tree out of its own protocol; the
 * engine adds what the caller may see; the store prints it in one statement. Nothing here knows a protocol.
 */
import type { Uuid } from '../kernel/index.ts'
import type { ChildModel, FieldModel, Json, ReferenceModel, ResourceModel, SortModel } from '../model/index.ts'
import type { FilterPlan } from './plan.ts'

/** The answer is an object with one key for each root. */
export interface TreeInput {
  readonly roots: readonly TreeRoot[]
}

export type TreeRoot =
  /** Null where there is no such record, or the caller may not know of it. */
  | {
      readonly kind: 'record'
      readonly as: string
      readonly resource: ResourceModel
      readonly id: Uuid
      readonly select: RecordSelection
    }
  | { readonly kind: 'page'; readonly as: string; readonly page: PageTree }
  /** Records by key, in the order asked, null for each that is not there; they may be of several resources. */
  | { readonly kind: 'records'; readonly as: string; readonly records: readonly (RecordTree | null)[] }
  | ConstantTree

export interface RecordTree {
  readonly resource: ResourceModel
  readonly id: Uuid
  readonly select: RecordSelection
}

export type RecordSelection = readonly RecordPart[]

export type RecordPart =
  /** Null where the caller may not see the field. */
  | { readonly kind: 'field'; readonly as: string; readonly field: FieldModel }
  /** The record that a field points to; null where the caller may not know of it, or it is deleted. */
  | { readonly kind: 'reference'; readonly as: string; readonly reference: ReferenceModel; readonly select: RecordSelection }
  | { readonly kind: 'children'; readonly as: string; readonly child: ChildModel; readonly page: PageTree }
  | ConstantTree

/** One page of a list; under a parent, of the records that belong to it. */
export interface PageTree {
  readonly resource: ResourceModel
  readonly filters: readonly FilterPlan[]
  readonly search?: string | undefined
  readonly sort?: readonly SortModel[] | undefined
  readonly limit: number
  /** As a page of this very list gave it out. */
  readonly cursor?: PageCursor | undefined
  /** Counts from the end of the list: the last `limit` records, in the list's own order. */
  readonly isFromEnd?: boolean
  readonly includesDeleted?: boolean
  readonly select: readonly PagePart[]
}

/** The side of the record that the cursor names: a page goes on behind it, or ends before it. */
export interface PageCursor {
  readonly text: string
  readonly side: 'after' | 'before'
}

export type PagePart =
  | { readonly kind: 'edges'; readonly as: string; readonly select: readonly EdgePart[] }
  | { readonly kind: 'records'; readonly as: string; readonly select: RecordSelection }
  | { readonly kind: 'info'; readonly as: string; readonly select: readonly PageInfoPart[] }
  /** How many records the list has in all, whatever the page; costs a count. */
  | { readonly kind: 'total'; readonly as: string }
  | ConstantTree

export type EdgePart =
  | { readonly kind: 'cursor'; readonly as: string }
  | { readonly kind: 'record'; readonly as: string; readonly select: RecordSelection }
  | ConstantTree

export type PageInfoPart =
  | { readonly kind: 'hasNext' | 'hasPrevious' | 'firstCursor' | 'lastCursor'; readonly as: string }
  | ConstantTree

/** A value that is known without asking the database: the name of a type. */
export interface ConstantTree {
  readonly kind: 'constant'
  readonly as: string
  readonly value: Json
}
