/** Reads which page of a list is asked for: filter, order, search and place, by the same rules as the query of REST. */
import type { DescMessage, Message } from '@bufbuild/protobuf'
import { type FilterPlan, findSearchMisfit, IN_VALUES_MAX, type ListInput, SORT_KEYS_MAX } from '../../engine/index.ts'
import { NAME_SHOWN_MAX, shorten } from '../../kernel/index.ts'
import {
  type Actor,
  type FieldModel,
  Misfit,
  type Operator,
  type ResourceModel,
  type SortModel,
  type SqlValue,
} from '../../model/index.ts'
import { isReadable } from '../../policy/index.ts'
import { OPERATOR_NAMES, operatorsOf } from '../describe/draft-fields.ts'
import { Findings } from './findings.ts'
import { fieldOf, type Member, memberOf } from './members.ts'
import { deletedReader, selectionReader } from './read-target.ts'
import { valueReader } from './read-value.ts'

/** As in REST: a list of numbered pages is small. */
const PAGE_MAX = 1_000_000

/** `published_at desc`. @see https://google.aip.dev/132#ordering */
const ORDER_KEY = /^ *([a-z0-9_]+)(?: +(asc|desc))? *$/

/** Reads one comparison, if the message makes it. */
type ComparisonReader = (filter: Message, actor: Actor, findings: Findings) => FilterPlan | undefined

export function listReader(resource: ResourceModel, schema: DescMessage): (request: Message, actor: Actor) => ListInput {
  const { list } = resource
  const has = (name: string): boolean => schema.fields.some((field) => field.name === name)
  const member = (name: string): Member => (has(name) ? memberOf(schema, name) : () => undefined)
  const [size, page, token, order, filter, search] = ['page_size', 'page', 'page_token', 'order_by', 'filter', 'search'].map(
    member,
  )
  const comparisons = has('filter') ? comparisonReaders(list.filterable, fieldOf(schema, 'filter').message) : []
  const readFields = selectionReader(resource, schema)
  const readDeleted = deletedReader(schema)
  const text = (read: Member | undefined, request: Message) => (read?.(request) as string | undefined) || undefined

  return (request, actor) => {
    const findings = new Findings()
    const given = filter?.(request) as Message | undefined
    const input = {
      filters: given === undefined ? [] : readFilters(comparisons, given, actor, findings),
      sort: readOrder(text(order, request), list.sortable, actor, findings),
      search: readSearch(text(search, request), list.searchable, actor, findings),
      limit: readNumber('page_size', size?.(request), list.limitMax, findings) ?? list.limitDefault,
      page: readNumber('page', page?.(request), PAGE_MAX, findings) ?? 1,
      cursor: text(token, request),
      includesDeleted: readDeleted(request),
    }
    findings.expectNone()
    return { ...input, fields: readFields(request) }
  }
}

function readFilters(
  readers: readonly ComparisonReader[],
  filter: Message,
  actor: Actor,
  findings: Findings,
): readonly FilterPlan[] {
  return readers.map((read) => read(filter, actor, findings)).filter((plan) => plan !== undefined)
}

function comparisonReaders(filterable: readonly FieldModel[], schema: DescMessage | undefined): readonly ComparisonReader[] {
  if (schema === undefined) return []
  return filterable.flatMap((field) => {
    const comparisons = fieldOf(schema, field.column).message
    if (comparisons === undefined) return []
    const member = memberOf(schema, field.column)
    return operatorsOf(field).map((operator) => {
      const read = comparisonReader(field, operator, comparisons)
      return (filter: Message, actor: Actor, findings: Findings) => {
        const given = member(filter) as Message | undefined
        return given === undefined ? undefined : read(given, actor, findings)
      }
    })
  })
}

function comparisonReader(field: FieldModel, operator: Operator, schema: DescMessage): ComparisonReader {
  const spelt = OPERATOR_NAMES[operator]
  const desc = fieldOf(schema, spelt)
  const member = memberOf(schema, spelt)
  const read = operator === 'null' ? (value: unknown) => value : valueReader(field, desc)
  const name = `filter.${field.column}.${spelt}`
  return (comparisons, actor, findings) => {
    const input = read(member(comparisons))
    // An empty list compares with nothing: the wire cannot tell it from none.
    if (input === undefined || (Array.isArray(input) && input.length === 0)) return undefined
    if (!isReadable(field, actor)) findings.add(`filter.${field.column}`, 'unknown', 'is not a field here')
    const value = readOperand(field, operator, input)
    if (!(value instanceof Misfit)) return { field, operator, value }
    findings.add(name, value.code, value.message)
    return undefined
  }
}

function readOperand({ kind }: FieldModel, operator: Operator, input: unknown): SqlValue | Misfit {
  if (operator === 'null') return input === true
  const readOne = (one: unknown): SqlValue | Misfit => {
    const value: unknown = kind.read(one)
    return value instanceof Misfit ? value : kind.toSql(value)
  }
  if (!Array.isArray(input)) return readOne(input)
  if (input.length > IN_VALUES_MAX) return new Misfit('too_many', `must have at most ${IN_VALUES_MAX} values`)
  const values: SqlValue[] = []
  for (const one of input) {
    const value = readOne(one)
    if (value instanceof Misfit) return new Misfit(value.code, `${value.message}, each of its values`)
    values.push(value)
  }
  return values
}

function readOrder(
  text: string | undefined,
  sortable: readonly FieldModel[],
  actor: Actor,
  findings: Findings,
): readonly SortModel[] | undefined {
  if (text === undefined) return undefined
  const keys = text.split(',', SORT_KEYS_MAX + 1)
  if (keys.length > SORT_KEYS_MAX) findings.add('order_by', 'too_many', `must have at most ${SORT_KEYS_MAX} keys`)
  const sort: SortModel[] = []
  for (const key of keys) {
    const [, column, direction] = ORDER_KEY.exec(key) ?? []
    const field = sortable.find((one) => one.column === column && isReadable(one, actor))
    if (field === undefined) {
      const known = sortable.filter((one) => isReadable(one, actor)).map((one) => one.column)
      const shown = JSON.stringify(shorten(key.trim(), NAME_SHOWN_MAX))
      findings.add(
        'order_by',
        'unknown',
        `names ${shown}, expected some of ${known.join(', ')}, each with \` desc\` behind or not`,
      )
    } else if (sort.some((one) => one.field === field)) findings.add('order_by', 'duplicate', `names ${field.column} twice`)
    else sort.push({ field, isDescending: direction === 'desc' })
  }
  return sort
}

function readSearch(
  text: string | undefined,
  searchable: readonly FieldModel[],
  actor: Actor,
  findings: Findings,
): string | undefined {
  if (text === undefined) return undefined
  // A hit would tell what the field holds.
  if (!searchable.every((field) => isReadable(field, actor))) findings.add('search', 'unknown', 'is not a field here')
  const misfit = findSearchMisfit(text)
  if (misfit !== undefined) findings.add('search', misfit.code, misfit.message)
  return text
}

/** 0 is as if it were not there: the wire cannot tell. */
function readNumber(name: string, value: unknown, maximum: number, findings: Findings): number | undefined {
  if (value === undefined || value === 0) return undefined
  const number = value as number
  if (number >= 1 && number <= maximum) return number
  findings.add(name, 'out_of_range', `must be a whole number from 1 to ${maximum}`)
  return undefined
}
