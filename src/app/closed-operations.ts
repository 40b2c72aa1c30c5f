/** Names the operations that no rule permits to anybody: they are not there, and the start says so. */
import { type Domain, STANDARD_VERBS } from '../model/index.ts'

/** `shelves: update`. An action that no rule permits is no matter of taste: a domain with one does not start. */
export function closedOperations({ resources }: Domain): readonly string[] {
  return resources.flatMap(({ plural, rules }) =>
    STANDARD_VERBS.filter((verb) => !rules.some(({ verbs }) => verbs.includes(verb))).map((verb) => `${plural}: ${verb}`),
  )
}
