/**
 * A field of a resource: its kind, and the rules that every surface honours. Fields are immutable; each method gives a new one.
 */
import type { AnyKind, JsonSchema, Kind } from './kind.ts'

/** Whether a caller may, must or must not give the field when a record is created. */
export type InputRule = 'required' | 'optional' | 'none'

export interface FieldRules {
  readonly isNullable: boolean
  readonly input: InputRule
  /** Whether the field ever leaves the service. */
  readonly isOutput: boolean
  /** Set once at creation, never changed after. */
  readonly isImmutable: boolean
  readonly isUnique: boolean
  /** Personal data: shown to those who may read it, redacted in logs, metrics and traces. */
  readonly isSensitive: boolean
  /** Roles that may see the field; undefined: all who may read the record. */
  readonly readableBy?: readonly string[]
  /** Roles that may set the field; undefined: all who may write the record. */
  readonly writableBy?: readonly string[]
  /** The value when none is given, as code sees it. */
  readonly fallback?: unknown
  readonly description?: string
  readonly example?: unknown
  readonly deprecation?: Deprecation
  /** Set by `belongsTo`: the name of the resource that the key points to. */
  readonly belongsTo?: string
}

/** When a field, operation or version was deprecated and when it goes (RFC 9745, RFC 8594). */
export interface Deprecation {
  /** ISO date since when it should no longer be used. */
  readonly since: string
  /** ISO date from when it may be gone. */
  readonly sunset?: string
  readonly reason?: string
}

const REQUIRED: FieldRules = {
  isNullable: false,
  input: 'required',
  isOutput: true,
  isImmutable: false,
  isUnique: false,
  isSensitive: false,
}

/**
 * A named, typed value of a resource. Made by the functions of the kinds (`text`, `integer`, …), refined by its methods.
 *
 * @example
 * const slug = text({ max: 80 }).unique().immutable()
 */
export class Field<Value, Nullable extends boolean = false, Input extends InputRule = 'required', Output extends boolean = true> {
  /** Types only: nothing is stored here. */
  declare readonly $: { readonly value: Value; readonly nullable: Nullable; readonly input: Input; readonly output: Output }
  readonly kind: Kind<Value>
  readonly rules: FieldRules

  constructor(kind: Kind<Value>, rules: Partial<FieldRules> = {}) {
    this.kind = kind
    this.rules = Object.freeze({ ...REQUIRED, ...rules })
  }

  /** May be left out and may be null. */
  optional(): Field<Value, true, Input extends 'none' ? 'none' : 'optional', Output> {
    return this.#with({ isNullable: true, input: this.rules.input === 'none' ? 'none' : 'optional' })
  }

  /** May be left out; then it has this value. */
  default(value: NoInfer<Value>): Field<Value, Nullable, Input extends 'none' ? 'none' : 'optional', Output> {
    return this.#with({ fallback: value, input: this.rules.input === 'none' ? 'none' : 'optional' })
  }

  /** Set by actions and the database only; a caller that sends it is refused. */
  readOnly(): Field<Value, Nullable, 'none', Output> {
    return this.#with({ input: 'none' })
  }

  /** Goes in and never comes out. */
  writeOnly(): Field<Value, Nullable, Input, false> {
    return this.#with({ isOutput: false })
  }

  /** Given at creation, never changed. */
  immutable(): Field<Value, Nullable, Input, Output> {
    return this.#with({ isImmutable: true })
  }

  /** No two records that are not deleted share the value; needs a unique index named `<table>_<column>_key`. */
  unique(): Field<Value, Nullable, Input, Output> {
    return this.#with({ isUnique: true })
  }

  /** Personal data: redacted wherever the service writes for its operators. */
  sensitive(): Field<Value, Nullable, Input, Output> {
    return this.#with({ isSensitive: true })
  }

  /** Only these roles see the field; to all others it does not exist, in filters and sorts too. */
  readableBy(...roles: readonly string[]): Field<Value, Nullable, Input, Output> {
    return this.#with({ readableBy: roles })
  }

  /** Only these roles may set the field; others are refused with the field's name. */
  writableBy(...roles: readonly string[]): Field<Value, Nullable, Input, Output> {
    return this.#with({ writableBy: roles })
  }

  /** One sentence for the documentation of every surface. */
  describe(description: string): Field<Value, Nullable, Input, Output> {
    return this.#with({ description })
  }

  /** A value for the documentation of every surface. */
  example(example: NoInfer<Value>): Field<Value, Nullable, Input, Output> {
    return this.#with({ example })
  }

  deprecated(deprecation: Deprecation): Field<Value, Nullable, Input, Output> {
    return this.#with({ deprecation })
  }

  // The type of the result is stated by each method beside the rule that it sets.
  #with<Result>(rules: Partial<FieldRules>): Result {
    return new Field(this.kind, { ...this.rules, ...rules }) as Result
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a map of fields mixes values of every kind.
export type AnyField = Field<any, boolean, InputRule, boolean>
export type FieldMap = Readonly<Record<string, AnyField>>

/** The JSON Schema of a field as it is read or written, null included where the field may be null. */
export function fieldSchema(field: { readonly kind: AnyKind; readonly rules: FieldRules }): JsonSchema {
  const { kind, rules } = field
  const base = rules.isNullable ? withNull(kind.schema) : kind.schema
  return {
    ...base,
    ...(rules.description !== undefined && { description: rules.description }),
    ...(rules.example !== undefined && {
      examples: [kind.isSecret === true ? (rules.example as string) : kind.toJson(rules.example)],
    }),
    ...(rules.deprecation !== undefined && { deprecated: true }),
  }
}

function withNull(schema: JsonSchema): JsonSchema {
  const { type } = schema
  if (typeof type !== 'string') return { anyOf: [schema, { type: 'null' }] }
  const choices = schema['enum']
  return { ...schema, type: [type, 'null'], ...(Array.isArray(choices) && { enum: [...choices, null] }) }
}
