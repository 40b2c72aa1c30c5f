/** Several values of one kind, in order, with a maximum number. */
import { type AnyKind, type Flaw, type Kind, Misfit } from '../kind.ts'
import { findBoundFlaws } from './text.ts'

export interface ListOptions {
  /** Most items. There is no list without a bound. */
  readonly max: number
  /** Fewest items; default 0. */
  readonly min?: number
}

function count(items: number): string {
  return items === 1 ? '1 item' : `${items} items`
}

export function listKind<Item>(item: Kind<Item>, options: ListOptions): Kind<readonly Item[]> {
  const { max, min = 0 } = options
  return {
    name: 'list',
    sqlType: `${item.sqlType}[]`,
    graphqlType: `[${item.graphqlType}!]`,
    protobufType: `repeated ${item.protobufType}`,
    schema: { type: 'array', items: item.schema, maxItems: max, ...(min > 0 && { minItems: min }) },
    operators: [],
    isSortable: false,
    isSearchable: false,
    read: (input) => {
      if (!Array.isArray(input)) return new Misfit('type', 'must be a list')
      if (input.length < min) return new Misfit('too_few', `must have at least ${count(min)}`)
      if (input.length > max) return new Misfit('too_many', `must have at most ${count(max)}`)
      const items: Item[] = []
      for (const [position, raw] of input.entries()) {
        const value = item.read(raw)
        if (value instanceof Misfit) return new Misfit(value.code, `${value.message}, at position ${position}`)
        items.push(value)
      }
      return items
    },
    readText: () => new Misfit('type', 'cannot be compared'),
    toSql: (value) => value.map((one) => item.toSql(one)),
    toJson: (value) => value.map((one) => item.toJson(one)),
    fromJson: (json) => (json as readonly never[]).map((one) => item.fromJson(one)),
    compare: () => 0,
    findFlaws: () => [...findBoundFlaws(min, max), ...findItemFlaws(item)],
    ...(item.sqlJson !== undefined && { sqlJson: (column) => `${column}::text[]` }),
  }
}

/** A list of keys would be a relation in disguise; a list of secrets would no longer be one; lists and json have json for it. */
function findItemFlaws(item: AnyKind): readonly Flaw[] {
  const isListable = item.idPrefix === undefined && item.isSecret !== true && item.name !== 'list' && item.name !== 'json'
  if (!isListable)
    return [{ what: `a list cannot hold items of kind ${item.name}`, mend: 'Use json with a schema, or a resource of its own.' }]
  return item.findFlaws?.() ?? []
}
