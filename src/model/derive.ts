/** Derives from the declarations what all other folders read: every name, column and default written out, once. */
import { toKebabCase, toPascalCase, toSnakeCase } from '../kernel/index.ts'
import type { Action } from './action.ts'
import type { Exchange } from './exchange.ts'
import { type AnyField, Field, type FieldRules } from './field.ts'
import type { AnyKind } from './kind.ts'
import { idKind } from './kinds/id.ts'
import { integerKind } from './kinds/integer.ts'
import { timestampKind } from './kinds/timestamp.ts'
import type { Rule } from './permit.ts'
import { type CacheHints, LIMIT_DEFAULT, LIMIT_MAX, type Resource } from './resource.ts'

/** A field with all its names. */
export interface FieldModel {
  /** As declared: `author`. */
  readonly name: string
  /** As the world knows it, camelCase: `authorId`. */
  readonly publicName: string
  /** In SQL and REST: `author_id`. */
  readonly column: string
  readonly kind: AnyKind
  readonly rules: FieldRules
  /** Whether every resource has it (`id`, `createdAt` …), set by Plinth alone. */
  readonly isStandard: boolean
  /** Its place among the fields of the resource; smaller than 32 for most, used to name sets of fields. */
  readonly position: number
}

export interface SortModel {
  readonly field: FieldModel
  readonly isDescending: boolean
}

export interface ListModel {
  /** The order when the caller names none. */
  readonly defaultSort: SortModel
  readonly sortable: readonly FieldModel[]
  readonly filterable: readonly FieldModel[]
  readonly searchable: readonly FieldModel[]
  readonly pages: 'cursor' | 'numbered'
  readonly limitDefault: number
  readonly limitMax: number
}

export interface ActionModel {
  readonly name: string
  /** In a path: `mark-paid`. */
  readonly segment: string
  readonly verb: string
  readonly description: string | undefined
  readonly input: readonly FieldModel[]
  readonly action: Action
}

export interface ExchangeModel {
  readonly name: string
  readonly verb: string
  readonly description: string | undefined
  readonly receives: readonly FieldModel[]
  readonly sends: readonly FieldModel[]
  readonly exchange: Exchange
}

/** A collection of records that belong to one of this resource: `/users/{id}/posts`. */
export interface ChildModel {
  readonly name: string
  readonly segment: string
  readonly resource: ResourceModel
  /** The field of the child that points to the parent. */
  readonly by: FieldModel
}

/** A field that holds the key of another record. */
export interface ReferenceModel {
  readonly by: FieldModel
  /** What the key points to. */
  readonly resource: ResourceModel
}

export interface ResourceModel {
  readonly name: string
  readonly plural: string
  /** `OrderLine`. */
  readonly typeName: string
  /** `order_lines`. */
  readonly table: string
  /** `order-lines`. */
  readonly segment: string
  readonly idPrefix: string
  readonly description: string | undefined
  /** All fields: `id` first, then keys of other records, then the rest as declared, then the standard ones. */
  readonly fields: readonly FieldModel[]
  readonly fieldsByName: ReadonlyMap<string, FieldModel>
  /** The same fields by their name in SQL and REST. */
  readonly fieldsByColumn: ReadonlyMap<string, FieldModel>
  readonly list: ListModel
  readonly rules: readonly Rule[]
  readonly actions: readonly ActionModel[]
  readonly exchanges: readonly ExchangeModel[]
  readonly cache: CacheHints
  /** Filled after all resources are derived, since two may refer to each other. */
  readonly children: readonly ChildModel[]
  /** The other direction, likewise. */
  readonly references: readonly ReferenceModel[]
}

function standardFields(idPrefix: string): { readonly first: Record<string, AnyField>; readonly last: Record<string, AnyField> } {
  return {
    first: { id: new Field(idKind(idPrefix)).readOnly().describe('Identifies the record, for ever.') },
    last: {
      createdAt: new Field(timestampKind()).readOnly().describe('When the record was made.'),
      updatedAt: new Field(timestampKind()).readOnly().describe('When the record was changed last.'),
      version: new Field(integerKind({ min: 1, max: 2_147_483_647 })).readOnly().describe('Grows by one with each change.'),
      deletedAt: new Field(timestampKind()).optional().readOnly().writeOnly().describe('When the record was deleted.'),
    },
  }
}

function deriveField(name: string, field: AnyField, position: number, isStandard: boolean): FieldModel {
  const publicName = name + (field.kind.nameSuffix ?? '')
  return Object.freeze({
    name,
    publicName,
    column: toSnakeCase(publicName),
    kind: field.kind,
    rules: field.rules,
    isStandard,
    position,
  })
}

function deriveFields(resource: Resource): readonly FieldModel[] {
  const { first, last } = standardFields(resource.idPrefix)
  const declared = Object.entries(resource.fields)
  const isKey = ([, field]: readonly [string, AnyField]): boolean => field.kind.idPrefix !== undefined
  const ordered: readonly (readonly [string, AnyField, boolean])[] = [
    ...Object.entries(first).map(([name, field]) => [name, field, true] as const),
    ...declared.filter(isKey).map(([name, field]) => [name, field, false] as const),
    ...declared.filter((entry) => !isKey(entry)).map(([name, field]) => [name, field, false] as const),
    ...Object.entries(last).map(([name, field]) => [name, field, true] as const),
  ]
  return ordered.map(([name, field, isStandard], position) => deriveField(name, field, position, isStandard))
}

/** Gives the field of this name; only called with names that the verifiers have found to exist. */
function pick(fields: ReadonlyMap<string, FieldModel>, name: string): FieldModel {
  const field = fields.get(name)
  if (field === undefined)
    throw new TypeError(`Cannot derive the model: there is no field "${name}", expected one of ${[...fields.keys()].join(', ')}`)
  return field
}

function deriveList(resource: Resource, fields: ReadonlyMap<string, FieldModel>): ListModel {
  const { sort = ['-createdAt'], filter = [], search = [], pages = 'cursor', limitMax = LIMIT_MAX } = resource.list
  const [first = '-createdAt'] = sort
  const sortable = [...new Set(sort.map((key) => pick(fields, key.replace(/^-/, ''))))]
  return {
    defaultSort: { field: pick(fields, first.replace(/^-/, '')), isDescending: first.startsWith('-') },
    sortable,
    filterable: filter.map((name) => pick(fields, name)),
    searchable: search.map((name) => pick(fields, name)),
    pages,
    limitDefault: resource.list.limitDefault ?? Math.min(LIMIT_DEFAULT, limitMax),
    limitMax,
  }
}

function deriveAction(name: string, action: Action): ActionModel {
  return {
    name,
    segment: toKebabCase(name),
    verb: action.verb ?? name,
    description: action.description,
    input: deriveInput(action.input),
    action,
  }
}

function deriveExchange(name: string, exchange: Exchange): ExchangeModel {
  return {
    name,
    verb: exchange.verb ?? name,
    description: exchange.description,
    receives: deriveInput(exchange.receives),
    sends: deriveInput(exchange.sends),
    exchange,
  }
}

function deriveResource(resource: Resource): ResourceModel & { children: ChildModel[]; references: ReferenceModel[] } {
  const fields = deriveFields(resource)
  const fieldsByName = new Map(fields.map((field) => [field.name, field]))
  return {
    name: resource.name,
    plural: resource.plural,
    typeName: toPascalCase(resource.name),
    table: toSnakeCase(resource.plural),
    segment: toKebabCase(resource.plural),
    idPrefix: resource.idPrefix,
    description: resource.description,
    fields,
    fieldsByName,
    fieldsByColumn: new Map(fields.map((field) => [field.column, field])),
    list: deriveList(resource, fieldsByName),
    rules: resource.rules,
    actions: Object.entries(resource.actions).map(([name, action]) => deriveAction(name, action)),
    exchanges: Object.entries(resource.exchanges).map(([name, exchange]) => deriveExchange(name, exchange)),
    cache: resource.cache,
    children: [],
    references: [],
  }
}

/** Derives fields that stand on their own: the input of an operation that belongs to no resource. */
export function deriveInput(input: Readonly<Record<string, AnyField>>): readonly FieldModel[] {
  return Object.entries(input).map(([name, field], position) => deriveField(name, field, position, false))
}

/** Derives all resources, in the order of their declaration. */
export function deriveResources(resources: readonly Resource[]): ReadonlyMap<string, ResourceModel> {
  const derived = new Map(resources.map((resource) => [resource.name, deriveResource(resource)]))
  for (const model of derived.values()) {
    for (const by of model.fields) {
      const target = derived.get(by.rules.belongsTo ?? '')
      if (target !== undefined) model.references.push({ by, resource: target })
    }
  }
  for (const resource of resources) {
    const parent = derived.get(resource.name)
    for (const [name, relation] of Object.entries(resource.relations)) {
      const child = derived.get(relation.resource)
      if (parent === undefined || child === undefined) continue
      parent.children.push({ name, segment: toKebabCase(name), resource: child, by: pick(child.fieldsByName, relation.by) })
    }
  }
  return derived
}
