/**
 * What a tree of reads asks: records and pages, what belongs to them, to any depth, answered as one text.
 *
 * Names (`as`) are the keys of the answer, in the order in which they are to be printed. A surface builds a tree out of its own protocol; the
 * engine adds what the caller may see; the store prints it in one statement. Nothing here knows a protocol.
 */
import type { PlinthError, Uuid } from '../kernel/index.ts'
import type { ChildModel, FieldModel, Json, ReferenceModel, ResourceModel, SortModel } from '../model/index.ts'
import type { FilterPlan } from './plan.ts'

/** The answer is an object with one key for each root. */
export interface TreeInput {
  readonly spelling: TreeSpelling
  readonly roots: readonly TreeRoot[]
}

/** How a surface spells what others spell differently. One object for a surface, made once. */
export interface TreeSpelling {
  /** Tells spellings apart: statements are kept by it. */
  readonly name: string
  /** An id is printed as this, then its 16 bytes in base64, so that the database can print it for little. */
  idHead(idPrefix: string): string
  /** A word of a choice. */
  choice(word: string): string
}

/** A key of the answer. */
export interface Named {
  readonly as: string
  /** Set where the caller made the name up: it is a value then, and never part of a statement. */
  readonly isAlias?: boolean
}

export type TreeRoot = RecordRoot | PageRoot | RecordsRoot | ConstantTree

/** Null where there is no such record, or the caller may not know of it. */
export interface RecordRoot extends Named {
  readonly kind: 'record'
  readonly resource: ResourceModel
  readonly id: Uuid
  readonly select: RecordSelection
}

export interface PageRoot extends Named {
  readonly kind: 'page'
  readonly page: PageTree
}

/** Records by key, in the order asked, null for each that is not there; they may be of several resources. */
export interface RecordsRoot extends Named {
  readonly kind: 'records'
  /** Null stays null. */
  readonly keys: readonly (RecordKey | null)[]
  /** What is wanted of the records of each resource that `keys` names. */
  readonly select: ReadonlyMap<ResourceModel, RecordSelection>
}

export interface RecordKey {
  readonly resource: ResourceModel
  readonly id: Uuid
}

export type RecordSelection = readonly RecordPart[]

export type RecordPart = FieldPart | ReferencePart | ChildrenPart | ConstantTree

/** Null where the caller may not see the field. */
export interface FieldPart extends Named {
  readonly kind: 'field'
  readonly field: FieldModel
}

/** The record that a field points to; null where the caller may not know of it, or it is deleted. */
export interface ReferencePart extends Named {
  readonly kind: 'reference'
  readonly reference: ReferenceModel
  readonly select: RecordSelection
}

export interface ChildrenPart extends Named {
  readonly kind: 'children'
  readonly child: ChildModel
  /** Of the child's resource. */
  readonly page: PageTree
}

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
  | (Named & { readonly kind: 'edges'; readonly select: readonly EdgePart[] })
  | (Named & { readonly kind: 'records'; readonly select: RecordSelection })
  | (Named & { readonly kind: 'info'; readonly select: readonly PageInfoPart[] })
  /** How many records the list has in all, whatever the page; costs a count. */
  | (Named & { readonly kind: 'total' })
  | ConstantTree

export type EdgePart =
  | (Named & { readonly kind: 'cursor' })
  | (Named & { readonly kind: 'record'; readonly select: RecordSelection })
  | ConstantTree

export type PageInfoPart = (Named & { readonly kind: 'hasNext' | 'hasPrevious' | 'firstCursor' | 'lastCursor' }) | ConstantTree

/** A value that is known without asking the database: the name of a type. Of the declaration, never of a caller. */
export interface ConstantTree extends Named {
  readonly kind: 'constant'
  readonly value: Json
}

export interface TreeAnswer {
  /** One JSON object with the key of each root, in order; null where a root failed. */
  readonly json: string
  readonly failures: readonly TreeFailure[]
}

/** Why there is null in place of a root, or of one record of many. */
export interface TreeFailure {
  /** The key of the root and, where it is one of many records, its place among them. */
  readonly path: readonly [string] | readonly [string, number]
  readonly error: PlinthError
}
