/** The types that follow from a declaration. Flat mapped types: the compiler's time is part of the product. */
import type { Uuid } from '../kernel/index.ts'
import type { AnyField, FieldMap } from './field.ts'

/** The value of a field when it is there. */
export type ValueOf<One extends AnyField> = One['$']['value']

/** The value of a field as a record holds it. */
type HeldValue<One extends AnyField> = One['$']['nullable'] extends true ? One['$']['value'] | null : One['$']['value']

export interface StandardFields {
  readonly id: Uuid
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly version: number
}

/** A record as code sees it: every field but those that never come out, camelCase, nulls where nothing is. */
export type RecordOf<Fields extends FieldMap> = StandardFields & {
  readonly [Key in keyof Fields as Fields[Key]['$']['output'] extends false ? never : Key]: HeldValue<Fields[Key]>
}

type RequiredKeys<Fields extends FieldMap> = {
  [Key in keyof Fields]: Fields[Key]['$']['input'] extends 'required' ? Key : never
}[keyof Fields]

/** What creating a record takes in code: read-only fields too, since an action may set them. */
export type CreationOf<Fields extends FieldMap> = { readonly [Key in RequiredKeys<Fields>]: HeldValue<Fields[Key]> } & {
  readonly [Key in Exclude<keyof Fields, RequiredKeys<Fields>>]?: HeldValue<Fields[Key]>
}

/** What changing a record takes in code. */
export type ChangesOf<Fields extends FieldMap> = { readonly [Key in keyof Fields]?: HeldValue<Fields[Key]> }

/** The input of an action: optional fields may be missing. */
export type InputOf<Fields extends FieldMap> = {
  readonly [Key in keyof Fields]: Fields[Key]['$']['nullable'] extends true
    ? ValueOf<Fields[Key]> | null | undefined
    : ValueOf<Fields[Key]>
}
