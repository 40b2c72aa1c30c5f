/** A resource as it is declared: a kind of thing the backend keeps. Checked when it joins a domain, not here. */
import type { Action, ActionDeclaration } from './action.ts'
import type { Exchange, ExchangeMaker } from './exchange.ts'
import type { FieldMap } from './field.ts'
import { ACTOR_REFERENCES, CONTEXT_REFERENCES, type PolicyScope, type Rule, recordReferences } from './permit.ts'

/** Records on a page when neither the declaration nor the caller says. */
export const LIMIT_DEFAULT = 20
export const LIMIT_MAX = 100

/** A sort key: the field's name, with `-` in front for descending. */
type SortKey<Fields extends FieldMap> = `${'' | '-'}${(keyof Fields & string) | 'createdAt' | 'updatedAt'}`

export interface ListOptions<Fields extends FieldMap> {
  /** The fields that a list can be sorted by, both ways; the first entry is the default order. Default `['-createdAt']`. */
  readonly sort?: readonly SortKey<Fields>[]
  /** The fields that a list can be filtered by. Default none. */
  readonly filter?: readonly ((keyof Fields & string) | 'createdAt' | 'updatedAt')[]
  /** The text fields that `q=` looks in. Default none: no search. */
  readonly search?: readonly (keyof Fields & string)[]
  /** `numbered` gives page numbers and totals; for small, stable resources only. Default `cursor`. */
  readonly pages?: 'cursor' | 'numbered'
  /** Records on a page when the caller does not say. Default 20, or `limitMax` where that is less. */
  readonly limitDefault?: number
  /** Most records on a page. Default 100. */
  readonly limitMax?: number
}

/** Which records of another resource belong to a record of this one. */
export interface HasMany {
  readonly resource: string
  /** The field of the other resource that points here. */
  readonly by: string
}

/** @example relations: { posts: hasMany('post', { by: 'author' }) } */
export function hasMany(resource: string, options: { readonly by: string }): HasMany {
  return { resource, by: options.by }
}

export interface CacheHints {
  /** How an HTTP cache may keep single records that anybody may read. Default `private`: not at all. */
  readonly http?: 'public' | 'private'
  /** Seconds that a public answer is fresh. Default 60. */
  readonly maxAgeS?: number
}

export interface ResourceDeclaration<Fields extends FieldMap> {
  readonly fields: Fields
  /** One sentence for the documentation of every surface. */
  readonly description?: string
  /** Default: the English plural of the name. */
  readonly plural?: string
  /** In front of the underscore of ids; default the name in lower case. Lower-case letters, at most 20. */
  readonly idPrefix?: string
  readonly relations?: Readonly<Record<string, HasMany>>
  readonly list?: ListOptions<Fields>
  /** Who may do what. Without a rule for an operation it does not exist, and start-up says so. */
  readonly policies: (scope: PolicyScope<Fields>) => readonly Rule[]
  readonly actions?: Readonly<Record<string, Action>> | ((define: ActionMaker<Fields>) => Readonly<Record<string, Action>>)
  /** Conversations about a record, over gRPC: `docs/model.md` shows one. */
  readonly exchanges?: (define: ExchangeMaker<Fields>) => Readonly<Record<string, Exchange>>
  readonly cache?: CacheHints
}

/** Declares an action of this resource, with the types of its record, input and refusals. */
export type ActionMaker<Fields extends FieldMap> = <
  const Input extends FieldMap = Record<never, never>,
  const Refusals extends string = never,
>(
  declaration: ActionDeclaration<Fields, Input, Refusals>,
) => Action

export interface Resource<Name extends string = string, Fields extends FieldMap = FieldMap> {
  readonly name: Name
  readonly idPrefix: string
  readonly plural: string
  readonly fields: Fields
  readonly description?: string
  readonly relations: Readonly<Record<string, HasMany>>
  readonly list: ListOptions<FieldMap>
  readonly rules: readonly Rule[]
  readonly actions: Readonly<Record<string, Action>>
  readonly exchanges: Readonly<Record<string, Exchange>>
  readonly cache: CacheHints
}

/** The plain English plural: `post` → `posts`, `category` → `categories`, `box` → `boxes`. Say `plural` where that is wrong. */
function pluralOf(name: string): string {
  if (/[^aeiou]y$/.test(name)) return `${name.slice(0, -1)}ies`
  if (/(?:s|x|z|ch|sh)$/.test(name)) return `${name}es`
  return `${name}s`
}

/**
 * Declares a resource.
 *
 * @example
 * const Tag = resource('tag', {
 *   fields: { label: text({ max: 40 }).unique() },
 *   policies: () => [permit('read'), permit('create', 'delete').to('admin')],
 * })
 */
export function resource<const Name extends string, const Fields extends FieldMap>(
  name: Name,
  declaration: ResourceDeclaration<Fields>,
): Resource<Name, Fields> {
  const { fields, actions = {}, exchanges, policies, relations = {}, list = {}, cache = {}, description } = declaration
  const references = recordReferences(name, [...Object.keys(fields), 'id', 'createdAt', 'updatedAt'])
  const makeAction: ActionMaker<Fields> = (action) =>
    ({ ...action, run: action.run, input: action.input ?? {}, refusals: action.refusals ?? {} }) as Action
  const makeExchange: ExchangeMaker<Fields> = (exchange) =>
    ({ ...exchange, run: exchange.run, refusals: exchange.refusals ?? {} }) as Exchange
  return Object.freeze({
    name,
    idPrefix: declaration.idPrefix ?? name.toLowerCase(),
    plural: declaration.plural ?? pluralOf(name),
    fields,
    ...(description !== undefined && { description }),
    relations,
    list: list as ListOptions<FieldMap>,
    // The references are made from the names of `fields`, which is what the type says.
    rules: policies({ actor: ACTOR_REFERENCES, context: CONTEXT_REFERENCES, record: references as never }),
    actions: typeof actions === 'function' ? actions(makeAction) : actions,
    exchanges: exchanges?.(makeExchange) ?? {},
    cache,
  })
}
