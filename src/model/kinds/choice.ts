/** One of a few declared words. */
import { EQUALITY, type Flaw, type Kind, Misfit } from '../kind.ts'
import { compareText } from './text.ts'

/** A word that every schema language can carry. PostgreSQL, GraphQL and protobuf share the bound of 63. */
const CHOICE_FORM = /^[a-zA-Z][a-zA-Z0-9]*(?:[_-][a-zA-Z0-9]+)*$/
const CHOICE_LENGTH_MAX = 63

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
    findFlaws: () => findChoiceFlaws(choices),
  }
}

function findChoiceFlaws(choices: readonly string[]): readonly Flaw[] {
  if (choices.length === 0) return [{ what: 'it has nothing to choose from', mend: `choice(['draft', 'published'])` }]
  const wrong = choices.filter((choice) => !CHOICE_FORM.test(choice) || choice.length > CHOICE_LENGTH_MAX)
  if (wrong.length > 0) {
    return wrong.map((choice) => ({
      what: `its choice ${JSON.stringify(choice)} is not a word of letters, digits, _ and -`,
      mend: `choice(['in-review'])`,
    }))
  }
  // GraphQL and protobuf spell choices in capitals with underscores, where these would meet.
  const spelt = choices.map((choice) => choice.toUpperCase().replaceAll('-', '_'))
  const twice = choices.filter((_, at) => spelt.indexOf(spelt[at] ?? '') !== at)
  return twice.map((choice) => ({
    what: `its choice "${choice}" is there twice, or differs from another by case or hyphens alone`,
    mend: `Leave "${choice}" out.`,
  }))
}
