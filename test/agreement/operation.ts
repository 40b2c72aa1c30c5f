/** What is asked of every surface, and what can come of it, in the words of none: columns, TypeIDs, words of choices, ISO times. */
import type { ChildModel, Json, Operator, ResourceModel } from '../../src/model/index.ts'

/** Values by column, good and hostile. */
export type Values = Readonly<Record<string, Json>>

export interface Comparison {
  readonly column: string
  readonly operator: Operator
  /** For `in` a list, for `null` a boolean. */
  readonly value: Json
}

interface OnRecord {
  readonly resource: ResourceModel
  readonly id: string
  /** The version that may be overwritten; absent: whichever it is. */
  readonly version?: number | undefined
}

export type Operation =
  | {
      readonly kind: 'get'
      readonly resource: ResourceModel
      readonly id: string
      readonly includesDeleted?: boolean
      /** By column; default all that the caller may see. */
      readonly fields?: readonly string[] | undefined
    }
  /** Walked forwards to the end, or until enough pages were seen. */
  | {
      readonly kind: 'list'
      readonly resource: ResourceModel
      readonly filter?: readonly Comparison[]
      /** `-created_at`. */
      readonly sort?: readonly string[]
      readonly search?: string | undefined
      readonly limit: number
      readonly cursor?: string | undefined
      readonly includesDeleted?: boolean
      /** The record that all of the list belong to. */
      readonly under?: { readonly parent: ResourceModel; readonly child: ChildModel; readonly id: string } | undefined
    }
  | { readonly kind: 'create'; readonly resource: ResourceModel; readonly values: Values }
  | ({ readonly kind: 'update' | 'replace'; readonly values: Values } & OnRecord)
  | ({ readonly kind: 'delete' | 'restore' } & OnRecord)
  | ({ readonly kind: 'act'; readonly action: string; readonly values: Values } & OnRecord)

/** Who asks: the name of a token; `nobody` has none. */
export interface Asked {
  readonly as: string
  readonly operation: Operation
}

/** By column; what is null, hidden or not asked for is not there. */
export type AgreedRecord = Readonly<Record<string, Json>>

export type Outcome =
  | { readonly kind: 'record'; readonly record: AgreedRecord }
  | { readonly kind: 'pages'; readonly pages: readonly (readonly AgreedRecord[])[] }
  | { readonly kind: 'done' }
  /** `fields` is undefined where the types of the wire refused, before anybody looked at the operation: then the sentence names the field. */
  | { readonly kind: 'refused'; readonly code: string; readonly fields: readonly string[] | undefined }

/** No list of these tests has more pages. */
export const PAGES_MAX = 40

/** The operation in one line, for people. */
export function describeAsked({ as, operation }: Asked): string {
  const { resource, ...rest } = operation
  return `${as}: ${resource.name} ${JSON.stringify(rest, withoutModels)}`.slice(0, 600)
}

/** A model is known by its name; the whole of it goes round in circles. */
function withoutModels(_: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && ('typeName' in value || 'segment' in value) ? undefined : value
}
