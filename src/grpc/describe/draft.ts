/**
 * The protobuf description of a domain as plain data, between the declaration and its two readers: the printer of `.proto` files and the
 * builder of descriptors. Drafts have names only; the lock gives them their numbers.
 */
import type { ActionModel, ExchangeModel, ResourceModel } from '../../model/index.ts'

export interface ProtoType {
  readonly kind: 'scalar' | 'message' | 'enum'
  /** `string`, or the full name: `post.v1.PostStatus`, `google.protobuf.Timestamp`. */
  readonly name: string
}

export interface DraftField {
  readonly name: string
  readonly type: ProtoType
  /** `optional`: absence can be told from the empty value. Messages always can, without the word. */
  readonly label: 'singular' | 'optional' | 'repeated'
  readonly description?: string | undefined
  readonly isDeprecated?: boolean
}

export interface DraftMessage {
  readonly name: string
  readonly description: string
  readonly fields: readonly DraftField[]
  readonly nested?: readonly DraftMessage[]
}

export interface DraftEnum {
  readonly name: string
  readonly description: string
  /** The first is what an absent field reads as: `…_UNSPECIFIED`. */
  readonly values: readonly string[]
}

/** What a method does, in the words of the model. */
export type MethodMeaning =
  | { readonly kind: MethodKind; readonly resource: ResourceModel }
  | { readonly kind: 'act'; readonly resource: ResourceModel; readonly action: ActionModel }
  | { readonly kind: 'exchange'; readonly resource: ResourceModel; readonly exchange: ExchangeModel }

export type MethodKind = 'get' | 'list' | 'create' | 'update' | 'delete' | 'restore' | 'watch'

/** Who sends many messages. */
export interface Streams {
  readonly client: boolean
  readonly server: boolean
}

export function streamsOf({ kind }: MethodMeaning): Streams {
  return { client: kind === 'exchange', server: kind === 'watch' || kind === 'exchange' }
}

export interface DraftMethod {
  readonly name: string
  readonly description: string
  readonly meaning: MethodMeaning
}

/** One file for each resource: its package, its service, all that they name. */
export interface DraftFile {
  /** `order_line/v1/order_line.proto`. */
  readonly path: string
  /** `order_line.v1`. */
  readonly package: string
  readonly resource: ResourceModel
  readonly service: string
  readonly methods: readonly DraftMethod[]
  readonly messages: readonly DraftMessage[]
  readonly enums: readonly DraftEnum[]
}

/** A name with its number: a value of an enum, or what was given up and must not come back. */
export interface NumberedName {
  readonly name: string
  readonly number: number
}

export interface NumberedField extends DraftField {
  readonly number: number
}

export interface NumberedMessage extends DraftMessage {
  readonly fields: readonly NumberedField[]
  readonly nested: readonly NumberedMessage[]
  readonly reserved: readonly NumberedName[]
}

export interface NumberedEnum extends Omit<DraftEnum, 'values'> {
  readonly values: readonly NumberedName[]
  readonly reserved: readonly NumberedName[]
}

export interface NumberedFile extends Omit<DraftFile, 'messages' | 'enums'> {
  readonly messages: readonly NumberedMessage[]
  readonly enums: readonly NumberedEnum[]
}

export const TIMESTAMP: ProtoType = { kind: 'message', name: 'google.protobuf.Timestamp' }
export const FIELD_MASK: ProtoType = { kind: 'message', name: 'google.protobuf.FieldMask' }

export function scalar(name: 'string' | 'bool' | 'int32' | 'int64'): ProtoType {
  return { kind: 'scalar', name }
}
