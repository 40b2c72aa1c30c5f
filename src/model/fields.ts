/** The words that declare fields: one function for each kind. */
import type { Uuid } from '../kernel/index.ts'
import { Field } from './field.ts'
import type { Json, JsonSchema } from './kind.ts'
import { booleanKind } from './kinds/boolean.ts'
import { choiceKind } from './kinds/choice.ts'
import { dateKind } from './kinds/date.ts'
import { type DecimalOptions, decimalKind } from './kinds/decimal.ts'
import { emailKind } from './kinds/email.ts'
import { idKind } from './kinds/id.ts'
import { type IntegerOptions, integerKind } from './kinds/integer.ts'
import { jsonKind } from './kinds/json.ts'
import { type ListOptions, listKind } from './kinds/list.ts'
import { secretKind } from './kinds/secret.ts'
import { type TextOptions, textKind } from './kinds/text.ts'
import { timestampKind } from './kinds/timestamp.ts'
import { type UrlOptions, urlKind } from './kinds/url.ts'

/** Text of at most `max` code points. @example text({ max: 200 }) */
export function text(options: TextOptions): Field<string> {
  return new Field(textKind(options))
}

/** An e-mail address, kept in lower case. @example email().unique().sensitive() */
export function email(): Field<string> {
  return new Field(emailKind())
}

/** An absolute web address; http and https unless told otherwise. @example url({ schemes: ['https'] }) */
export function url(options?: UrlOptions): Field<string> {
  return new Field(urlKind(options))
}

/** A whole number within ±(2^53 − 1). @example integer({ min: 0, max: 100 }) */
export function integer(options?: IntegerOptions): Field<number> {
  return new Field(integerKind(options))
}

/** An exact decimal, as a string: `'12.50'`. @example decimal({ digits: 12, scale: 2, min: '0' }) */
export function decimal(options: DecimalOptions): Field<string> {
  return new Field(decimalKind(options))
}

/** @example boolean().default(false) */
export function boolean(): Field<boolean> {
  return new Field(booleanKind())
}

/** One of a few words. @example choice(['draft', 'published']).default('draft') */
export function choice<const Choice extends string>(choices: readonly Choice[]): Field<Choice> {
  return new Field(choiceKind(choices))
}

/** A moment to the millisecond; a `Date` in code, RFC 3339 on the wire. @example timestamp().optional() */
export function timestamp(): Field<Date> {
  return new Field(timestampKind())
}

/** A day, as `'2026-01-31'`. @example date() */
export function date(): Field<string> {
  return new Field(dateKind())
}

/** Free-form JSON that fits a JSON Schema (2020-12). @example json<{ colour: string }>({ type: 'object', maxProperties: 20 }) */
export function json<Value extends Json = Json>(schema: JsonSchema): Field<Value> {
  return new Field(jsonKind<Value>(schema))
}

/**
 * At most `max` values of one kind; what the item says of privacy and access holds for the list.
 *
 * @example list(text({ max: 30 }), { max: 10 })
 */
export function list<Item>(item: Field<Item>, options: ListOptions): Field<readonly Item[]> {
  const { example, ...rules } = item.rules
  return new Field(listKind(item.kind, options), example === undefined ? rules : { ...rules, example: [example] })
}

/** Text that goes in and never comes out. @example secret({ min: 12, max: 200 }) */
export function secret(options: Omit<TextOptions, 'pattern'>): Field<string, false, 'required', false> {
  return new Field(secretKind(options), { isOutput: false, isSensitive: true })
}

/**
 * The key of the record that this one belongs to. The field `author` is `author_id` in REST and SQL and `authorId` in errors.
 *
 * @example belongsTo(User).immutable()
 */
export function belongsTo(resource: { readonly name: string; readonly idPrefix: string }): Field<Uuid> {
  return new Field(idKind(resource.idPrefix, 'Id'), { belongsTo: resource.name })
}
