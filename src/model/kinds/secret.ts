/** Text that goes in and never comes out: no answer, filter, sort, search, log, event or cache entry holds it. */
import type { Kind } from '../kind.ts'
import { findBoundFlaws, readBoundedString, type TextOptions } from './text.ts'

export function secretKind(options: Omit<TextOptions, 'pattern'>): Kind<string> {
  const { max, min = 1 } = options
  const read = (input: unknown) => readBoundedString(input, min, max)
  return {
    name: 'secret',
    sqlType: 'text',
    graphqlType: 'String',
    protobufType: 'string',
    schema: { type: 'string', minLength: min, maxLength: max, writeOnly: true, format: 'password' },
    operators: [],
    isSortable: false,
    isSearchable: false,
    isSecret: true,
    read,
    readText: read,
    toSql: (value) => value,
    toJson: () => null,
    fromJson: (json) => json as string,
    compare: () => 0,
    findFlaws: () => findBoundFlaws(min, max),
  }
}
