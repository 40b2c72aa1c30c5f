/** Reads the arguments of a connection into the words of the engine: which page, what is filtered, in which order. Finds all that is wrong at once. */
import { type FieldNode, Kind } from 'graphql'
import { type FilterPlan, findSearchMisfit, IN_VALUES_MAX, type PageTree, SORT_KEYS_MAX } from '../engine/index.ts'
import type { ErrorDetail } from '../kernel/index.ts'
import { type FieldModel, Misfit, type Operator, type ResourceModel, type SortModel, type SqlValue } from '../model/index.ts'
import type { VariableValues } from './document/complexity.ts'
import { readGlobalId } from './global-id.ts'
import { isMap } from './is-map.ts'
import { COMPARISON_NAMES, firstDefault } from './schema/list-arguments.ts'

export type ListArguments = Omit<PageTree, 'resource' | 'select'>

/** Arguments as graphql-js coerced them: enums are what they stand for, defaults are filled in. */
export type ArgumentValues = Readonly<Record<string, unknown>>

const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  // The keys of the table are the operators, as its type says.
  Object.entries(COMPARISON_NAMES).map(([operator, name]) => [name, operator as Operator]),
)

/**
 * @param isGiven whether an argument was written, and not filled in
 * @param findings where what is wrong is added, by the names of the arguments
 */
export function readListArguments(
  resource: ResourceModel,
  values: ArgumentValues,
  isGiven: (name: string) => boolean,
  findings: ErrorDetail[],
): ListArguments {
  const add = (field: string, { code, message }: Pick<Misfit, 'code' | 'message'>): void =>
    void findings.push({ field, code, message: `${field} ${message}` })
  const isFromEnd = values['last'] !== undefined && values['last'] !== null
  if (isFromEnd && isGiven('first')) add('last', { code: 'conflict', message: 'cannot be given with first' })
  return {
    limit: readLimit(resource, isFromEnd ? 'last' : 'first', values, add),
    isFromEnd,
    cursor: readCursor(values, add),
    filters: readFilters(resource, values['filter'], add),
    sort: readOrder(values['orderBy'], add),
    search: readSearch(values['search'], add),
    includesDeleted: values['includeDeleted'] === true,
  }
}

/** Whether an argument stands in the document with a value: a variable that was left out gives none. */
export function isArgumentGiven(node: FieldNode, name: string, variables: VariableValues): boolean {
  const value = node.arguments?.find((argument) => argument.name.value === name)?.value
  if (value === undefined || value.kind === Kind.NULL) return false
  return value.kind !== Kind.VARIABLE || (variables[value.name.value] ?? null) !== null
}

type AddFinding = (field: string, misfit: Pick<Misfit, 'code' | 'message'>) => void

function readLimit(resource: ResourceModel, name: 'first' | 'last', values: ArgumentValues, add: AddFinding): number {
  const { limitMax } = resource.list
  const value = values[name] ?? firstDefault(resource)
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= limitMax) return value
  add(name, { code: 'out_of_range', message: `must be a whole number from 1 to ${limitMax}` })
  return 1
}

function readCursor({ after, before }: ArgumentValues, add: AddFinding): PageTree['cursor'] {
  if (typeof after === 'string' && typeof before === 'string') {
    add('before', { code: 'conflict', message: 'cannot be given with after' })
    return undefined
  }
  // Whether it is one of ours is told by its seal, once the rest is known.
  if (typeof after === 'string') return { text: after, side: 'after' }
  return typeof before === 'string' ? { text: before, side: 'before' } : undefined
}

function readFilters(resource: ResourceModel, filter: unknown, add: AddFinding): readonly FilterPlan[] {
  if (!isMap(filter)) return []
  return resource.list.filterable.flatMap((field) => {
    const comparisons = filter[field.publicName]
    if (!isMap(comparisons)) return []
    return Object.entries(comparisons).flatMap(([name, input]): readonly FilterPlan[] => {
      const operator = OPERATORS.get(name)
      if (operator === undefined) return []
      const value = readOperand(field, operator, input)
      if (!(value instanceof Misfit)) return [{ field, operator, value }]
      add(`filter.${field.publicName}.${name}`, value)
      return []
    })
  })
}

function readOperand(field: FieldModel, operator: Operator, input: unknown): SqlValue | Misfit {
  if (input === null) return new Misfit('null', 'must not be null')
  if (operator === 'null') return input === true
  if (operator !== 'in') return readValue(field, input)
  const inputs: readonly unknown[] = Array.isArray(input) ? input : [input]
  if (inputs.length > IN_VALUES_MAX) return new Misfit('too_many', `must have at most ${IN_VALUES_MAX} values`)
  const values: SqlValue[] = []
  for (const one of inputs) {
    const value = readValue(field, one)
    if (value instanceof Misfit) return new Misfit(value.code, `${value.message}, each of its values`)
    values.push(value)
  }
  return values
}

function readValue({ kind }: FieldModel, input: unknown): SqlValue | Misfit {
  const { idPrefix } = kind
  const key = idPrefix !== undefined && typeof input === 'string' ? readGlobalId({ idPrefix }, input) : undefined
  if (key !== undefined) return key
  const value: unknown = kind.read(input)
  return value instanceof Misfit ? value : kind.toSql(value)
}

function readOrder(orderBy: unknown, add: AddFinding): readonly SortModel[] | undefined {
  // The values of the enum are keys of an order; one alone stands for a list of one.
  const keys = (Array.isArray(orderBy) ? orderBy : []) as readonly SortModel[]
  if (keys.length === 0) return undefined
  const twice = keys.find(({ field }, at) => keys.findIndex((one) => one.field === field) !== at)
  if (twice !== undefined) add('orderBy', { code: 'duplicate', message: `names ${twice.field.publicName} twice` })
  if (keys.length > SORT_KEYS_MAX) add('orderBy', { code: 'too_many', message: `must have at most ${SORT_KEYS_MAX} keys` })
  return keys
}

function readSearch(search: unknown, add: AddFinding): string | undefined {
  if (typeof search !== 'string') return undefined
  const misfit = findSearchMisfit(search)
  if (misfit !== undefined) add('search', misfit)
  return search
}
