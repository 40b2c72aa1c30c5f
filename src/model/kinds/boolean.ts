/** True or false, and nothing that merely looks like it. */
import { type Kind, Misfit } from '../kind.ts'

export function booleanKind(): Kind<boolean> {
  return {
    name: 'boolean',
    sqlType: 'boolean',
    graphqlType: 'Boolean',
    protobufType: 'bool',
    schema: { type: 'boolean' },
    operators: ['eq', 'null'],
    isSortable: false,
    isSearchable: false,
    read: (input) => (typeof input === 'boolean' ? input : new Misfit('type', 'must be true or false')),
    readText: (text) => (text === 'true' ? true : text === 'false' ? false : new Misfit('type', 'must be true or false')),
    toSql: (value) => value,
    toJson: (value) => value,
    fromJson: (json) => json as boolean,
    compare: (left, right) => Number(left) - Number(right),
  }
}
