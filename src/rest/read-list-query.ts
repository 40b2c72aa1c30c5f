/** The query of a list: filters, order, search, fields and the place of the page, as typed parameters of the resource's own. */
import {
  type FieldSelection,
  type FilterPlan,
  findSearchMisfit,
  IN_VALUES_MAX,
  SEARCH_LENGTH_MAX,
  SEARCH_LENGTH_MIN,
  SORT_KEYS_MAX,
} from '../engine/index.ts'
import { NAME_SHOWN_MAX, shorten } from '../kernel/index.ts'
import {
  type FieldModel,
  fieldSchema,
  Misfit,
  type Operator,
  type ResourceModel,
  type SortModel,
  type SqlValue,
} from '../model/index.ts'
import { isReadable } from '../policy/index.ts'
import { renderHint } from './nearest-name.ts'
import { type Parameter, type ParameterProblem, QueryParameters } from './query-parameters.ts'
import { type RecordQuery, recordParameters } from './read-record-query.ts'

/** What the query of a list has said so far. */
export interface ListQuery extends RecordQuery {
  filters: FilterPlan[]
  fields: FieldSelection | undefined
  search: string | undefined
  sort: readonly SortModel[] | undefined
  cursor: string | undefined
  limit: number
  page: number
  includesDeleted: boolean
}

/** A list of numbered pages is small; this only keeps the offset a number that SQL can hold. */
const PAGE_MAX = 1_000_000
const CURSOR_LENGTH_MAX = 8_192

/** Makes the reader of a resource's lists. */
export function listParameters(resource: ResourceModel): QueryParameters<ListQuery> {
  const { list } = resource
  return new QueryParameters<ListQuery>([
    ...list.filterable.flatMap((field) => filterParameters(field)),
    ...(list.sortable.length > 0 ? [sortParameter(resource)] : []),
    ...(list.searchable.length > 0 ? [searchParameter(list.searchable)] : []),
    ...(list.pages === 'numbered'
      ? [numberParameter('page', 'page', 1, PAGE_MAX, 1), limitParameter('per_page', resource)]
      : [limitParameter('limit', resource), cursorParameter()]),
    ...recordParameters(resource),
  ])
}

export function emptyListQuery(resource: ResourceModel): ListQuery {
  const limit = resource.list.limitDefault
  return {
    filters: [],
    fields: undefined,
    search: undefined,
    sort: undefined,
    cursor: undefined,
    limit,
    page: 1,
    includesDeleted: false,
  }
}

const COMPARISONS: Readonly<Record<Operator, string>> = {
  eq: 'is',
  ne: 'is not',
  gt: 'is more than',
  gte: 'is at least',
  lt: 'is less than',
  lte: 'is at most',
  in: 'is one of these, with commas between',
  null: 'is null (`true`) or is not (`false`)',
}

/** `status`, `status[ne]`, `created_at[gte]` … */
function filterParameters(field: FieldModel): readonly Parameter<ListQuery>[] {
  const operators = field.kind.operators.filter((operator) => operator !== 'null' || field.rules.isNullable)
  return operators.map((operator): Parameter<ListQuery> => {
    const {
      examples: _,
      description: __,
      deprecated: ___,
      ...schema
    } = fieldSchema({ kind: field.kind, rules: { ...field.rules, isNullable: false } })
    return {
      name: operator === 'eq' ? field.column : `${field.column}[${operator}]`,
      description: `Only records whose \`${field.column}\` ${COMPARISONS[operator]}.`,
      schema:
        operator === 'null'
          ? { type: 'boolean' }
          : operator === 'in'
            ? { type: 'array', items: schema, minItems: 1, maxItems: IN_VALUES_MAX }
            : schema,
      isList: operator === 'in',
      isDeprecated: field.rules.deprecation !== undefined,
      about: [field],
      read(text, draft) {
        const value = readOperand(field, operator, text)
        if (value instanceof Misfit) return value
        draft.filters.push({ field, operator, value })
        return undefined
      },
    }
  })
}

function readOperand(field: FieldModel, operator: Operator, text: string): SqlValue | Misfit {
  const { kind } = field
  if (operator === 'null') return text === 'true' ? true : text === 'false' ? false : new Misfit('type', 'must be true or false')
  if (operator !== 'in') {
    const value: unknown = kind.readText(text)
    return value instanceof Misfit ? value : kind.toSql(value)
  }
  const parts = text.split(',', IN_VALUES_MAX + 1)
  if (parts.length > IN_VALUES_MAX) return new Misfit('too_many', `must have at most ${IN_VALUES_MAX} values`)
  const values: SqlValue[] = []
  for (const part of parts) {
    const value: unknown = kind.readText(part)
    if (value instanceof Misfit) return new Misfit(value.code, `${value.message}, each of its values`)
    values.push(kind.toSql(value))
  }
  return values
}

function sortParameter(resource: ResourceModel): Parameter<ListQuery> {
  const { sortable, defaultSort } = resource.list
  const byColumn = new Map(sortable.map((field) => [field.column, field]))
  const keys = sortable.flatMap((field) => [field.column, `-${field.column}`])
  return {
    name: 'sort',
    description: `The order: at most ${SORT_KEYS_MAX} keys, \`-\` in front for descending. Default \`${defaultSort.isDescending ? '-' : ''}${defaultSort.field.column}\`.`,
    schema: { type: 'array', items: { type: 'string', enum: keys }, minItems: 1, maxItems: SORT_KEYS_MAX, uniqueItems: true },
    isList: true,
    about: [],
    read(text, draft, actor) {
      const sort: SortModel[] = []
      for (const key of text.split(',', SORT_KEYS_MAX + 1)) {
        const isDescending = key.startsWith('-')
        const field = byColumn.get(isDescending ? key.slice(1) : key)
        if (field === undefined || !isReadable(field, actor)) {
          const known = sortable.filter((one) => isReadable(one, actor)).map((one) => one.column)
          return unknownSort(key, known)
        }
        if (sort.some((one) => one.field === field)) return { code: 'duplicate', message: `names ${field.column} twice` }
        sort.push({ field, isDescending })
      }
      if (sort.length > SORT_KEYS_MAX) return { code: 'too_many', message: `must have at most ${SORT_KEYS_MAX} keys` }
      draft.sort = sort
      return undefined
    },
  }
}

function unknownSort(key: string, known: readonly string[]): ParameterProblem {
  const shown = JSON.stringify(shorten(key, NAME_SHOWN_MAX))
  return {
    code: 'unknown',
    message: `names ${shown}, expected some of ${known.join(', ')}${renderHint(key.replace(/^-/, ''), known)}`,
  }
}

/** Known only to those who may read all that it looks in: a hit would tell what the field holds. */
function searchParameter(searchable: readonly FieldModel[]): Parameter<ListQuery> {
  return {
    name: 'q',
    description: `Only records with this text in ${searchable.map((field) => `\`${field.column}\``).join(' or ')}.`,
    schema: { type: 'string', minLength: SEARCH_LENGTH_MIN, maxLength: SEARCH_LENGTH_MAX },
    about: searchable,
    read(text, draft) {
      const misfit = findSearchMisfit(text)
      if (misfit !== undefined) return misfit
      draft.search = text
      return undefined
    },
  }
}

function limitParameter(name: string, resource: ResourceModel): Parameter<ListQuery> {
  return numberParameter(name, 'limit', 1, resource.list.limitMax, resource.list.limitDefault)
}

/** Digits and nothing else: no sign, no exponent, no leading nought, no space. */
const NUMBER_FORM = /^[1-9][0-9]{0,6}$/

function numberParameter(
  name: string,
  key: 'limit' | 'page',
  minimum: number,
  maximum: number,
  fallback: number,
): Parameter<ListQuery> {
  return {
    name,
    description: key === 'page' ? 'Which page, from 1.' : 'How many records a page has at the most.',
    schema: { type: 'integer', format: 'int32', minimum, maximum, default: fallback },
    about: [],
    read(text, draft) {
      const value = NUMBER_FORM.test(text) ? Number(text) : 0
      if (value < minimum || value > maximum)
        return { code: 'out_of_range', message: `must be a whole number from ${minimum} to ${maximum}` }
      draft[key] = value
      return undefined
    },
  }
}

function cursorParameter(): Parameter<ListQuery> {
  return {
    name: 'cursor',
    description: 'Where the page begins: the `meta.cursor` of the page before. Only good for the same filters, sort and search.',
    schema: { type: 'string', minLength: 1, maxLength: CURSOR_LENGTH_MAX },
    about: [],
    // Whether it is one of ours is told by its seal, once the rest of the query is known.
    read(text, draft) {
      draft.cursor = text
      return undefined
    },
  }
}
