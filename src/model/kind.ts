/**
 * What every kind of field must know: its form on the wire, in SQL and in each schema language. Nothing else asks what kind a
 * field is.
 */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** A JSON Schema (2020-12), as OpenAPI 3.1 embeds it. */
export type JsonSchema = { readonly [keyword: string]: Json }

/** What a driver can bind to a parameter. */
export type SqlValue = string | number | boolean | null | readonly SqlValue[]

/** The comparisons that a filter or a condition can make. */
export type Operator = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'null'

export const EQUALITY: readonly Operator[] = ['eq', 'ne', 'in', 'null']
export const ORDERED: readonly Operator[] = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'null']

/** Why an input does not fit a kind: the rule that it broke and a sentence without the field's name. */
export class Misfit {
  readonly code: string
  /** Continues a sentence that begins with the field: `must be a whole number`. */
  readonly message: string

  constructor(code: string, message: string) {
    this.code = code
    this.message = message
  }
}

/** What is wrong with a part of the declaration, and how to mend it. */
export interface Flaw {
  readonly what: string
  /** The mend, as code where it is code. */
  readonly mend: string
}

/**
 * A kind of field. `Value` is what code sees: what `read` gives, actions receive and conditions compare.
 *
 * Laws, held by a property test for each kind: `fromJson(toJson(value))` equals `value`; `read(toJson(value))` equals `value`;
 * `read` never throws; `schema` accepts `toJson(value)`; what `schema` accepts `read` accepts, except where a format is stricter; and
 * `compare` orders as SQL does.
 */
export interface Kind<Value> {
  readonly name: string
  /** The column's type, as `format_type` prints it. */
  readonly sqlType: string
  readonly graphqlType: string
  readonly protobufType: string
  readonly schema: JsonSchema
  /** The comparisons that filters may use; none where equal values tell nothing. */
  readonly operators: readonly Operator[]
  readonly isSortable: boolean
  /** Whether `q=` may look inside. */
  readonly isSearchable: boolean
  /** Set where the value is a record's key: it travels as a TypeID with this prefix and is printed outside SQL. */
  readonly idPrefix?: string
  /** Set where the value must never leave: it is absent from every answer, log, filter and sort. */
  readonly isSecret?: boolean
  /** Ends the field's name outside the declaration: `author` is `authorId` for a belongs-to. */
  readonly nameSuffix?: string
  /** Reads what a client sent as JSON. */
  read(input: unknown): Value | Misfit
  /** Reads what a client sent as text, in a query parameter or a cursor. */
  readText(text: string): Value | Misfit
  toSql(value: Value): SqlValue
  toJson(value: Value): Json
  /** Reads JSON that this server printed: trusted, no checks. */
  fromJson(json: Json): Value
  /** Negative, zero or positive, as SQL orders; only asked where `operators` has an order. */
  compare(left: Value, right: Value): number
  /** What is wrong with the options that the kind was made with; asked once, at start-up. */
  findFlaws?(): readonly Flaw[]
  /** Prints a column as JSON where PostgreSQL's own way would lose something. */
  sqlJson?(column: string): string
}

/** Any kind, whatever its value: for code that treats all fields alike. */
// biome-ignore lint/suspicious/noExplicitAny: Kind is invariant in Value, and a list of fields mixes values.
export type AnyKind = Kind<any>
