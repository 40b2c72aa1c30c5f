/** One of a few declared words. */
import { EQUALITY, type Kind, Misfit } from '../kind.ts'
import { compareText } from './text.ts'

export function choiceKind<const Choice extends string>(choices: readonly Choice[]): Kind<Choice> {
  const read = (input: unknown): Choice | Misfit => {
    const found = choices.find((choice) => choice === input)
    return found ?? new Misfit('choice', `must be one of ${choices.join(', ')}`)
  }
  return {
    name: 'choice',
    sqlType: 'text',
    graphqlType: 'Enum',
    protobufType: 'enum',
    schema: { type: 'string', enum: [...choices] },
    operators: EQUALITY,
    isSortable: false,
    isSearchable: false,
    read,
    readText: read,
    toSql: (value) => value,
    toJson: (value) => value,
    fromJson: (json) => json as Choice,
    compare: compareText,
  }
}
