/**
 * The plan of a tree: what was asked, with what the caller may see. Frozen data that a store can turn into one statement and its values.
 *
 * Levels are numbered: whatever depends on the values of one request (ids, filters, positions) is found in `levels` by number, names that the
 * caller made up in `aliases`, and all the rest is the shape.
 */
import type { Uuid } from '../kernel/index.ts'
import type { FieldModel, Json, ResourceModel, SortModel } from '../model/index.ts'
import type { RequestContext } from './context.ts'
import type { AccessPlan, FilterPlan, PositionPlan } from './plan.ts'
import type { TreeSpelling } from './tree.ts'

export interface TreePlan {
  readonly context: RequestContext
  readonly spelling: TreeSpelling
  readonly roots: readonly RootPlan[]
  readonly levels: readonly LevelPlan[]
  readonly aliases: readonly string[]
}

/** A name of the declaration or of the surface; or the place in `aliases` of one that the caller made up. */
export type KeyPlan = string | number

export type LevelPlan = RecordLevel | RecordsLevel | PageLevel

export type RootPlan =
  | { readonly kind: 'record'; readonly key: KeyPlan; readonly level: RecordLevel }
  | { readonly kind: 'records'; readonly key: KeyPlan; readonly level: RecordsLevel }
  | { readonly kind: 'page'; readonly key: KeyPlan; readonly level: PageLevel }
  | ConstantPlan

/** One record, by its key or by a field that points to it. Never a deleted one. */
export interface RecordLevel {
  readonly number: number
  readonly resource: ResourceModel
  readonly read: AccessPlan
  /** Undefined where a field of the level above, or a list of keys, tells it. */
  readonly id: Uuid | undefined
  readonly select: readonly PartPlan[]
}

export interface RecordsLevel {
  readonly number: number
  readonly ids: readonly (Uuid | null)[]
  /** For each id the place in `choices` of what it is a key of; null where nothing is to be found. */
  readonly places: readonly (number | null)[]
  readonly choices: readonly RecordLevel[]
}

export interface PageLevel {
  readonly number: number
  readonly resource: ResourceModel
  readonly read: AccessPlan
  /** The field that points to the record above; undefined for a list that stands alone. */
  readonly by: FieldModel | undefined
  readonly filters: readonly FilterPlan[]
  readonly search: string | undefined
  /** The full order; the last key is `id`, so that no two records are equal. */
  readonly sort: readonly SortModel[]
  /** `isBackward` where the page ends before the position. */
  readonly position: PositionPlan | undefined
  readonly limit: number
  readonly isFromEnd: boolean
  readonly includesDeleted: boolean
  readonly select: readonly PagePartPlan[]
}

export type PartPlan =
  | { readonly kind: 'field'; readonly key: KeyPlan; readonly field: FieldModel }
  | { readonly kind: 'reference'; readonly key: KeyPlan; readonly by: FieldModel; readonly level: RecordLevel }
  | { readonly kind: 'children'; readonly key: KeyPlan; readonly level: PageLevel }
  | ConstantPlan

export type PagePartPlan =
  | { readonly kind: 'edges'; readonly key: KeyPlan; readonly select: readonly EdgePartPlan[] }
  | { readonly kind: 'records'; readonly key: KeyPlan; readonly select: readonly PartPlan[] }
  | { readonly kind: 'info'; readonly key: KeyPlan; readonly select: readonly InfoPartPlan[] }
  | { readonly kind: 'total'; readonly key: KeyPlan }
  | ConstantPlan

export type EdgePartPlan =
  | { readonly kind: 'cursor'; readonly key: KeyPlan }
  | { readonly kind: 'record'; readonly key: KeyPlan; readonly select: readonly PartPlan[] }
  | ConstantPlan

export type InfoPartPlan =
  | { readonly kind: 'hasNext' | 'hasPrevious' | 'firstCursor' | 'lastCursor'; readonly key: KeyPlan }
  | ConstantPlan

export interface ConstantPlan {
  readonly kind: 'constant'
  readonly key: KeyPlan
  readonly value: Json
}

/**
 * Stands before and behind the place of a cursor in the text that a store prints; between them the number of the page's level and a JSON array
 * of the sort values. JSON escapes this character, so no value can hold it.
 */
export const CURSOR_MARK = '\u0001'
