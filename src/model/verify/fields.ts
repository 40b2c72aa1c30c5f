/** The rules of one field must fit its kind and must not contradict each other. */
import type { AnyField, FieldMap } from '../field.ts'
import { type AnyKind, type Flaw, Misfit } from '../kind.ts'
import { isCalendarDate } from '../kinds/timestamp.ts'
import { type CustomOperation, customOperations } from './custom-operations.ts'
import type { Problem, Verifier } from './problem.ts'

export const verifyFields: Verifier = ({ resources, roles }) => {
  const known = new Set(Object.keys(roles))
  return resources.flatMap((resource) => [
    ...Object.entries(resource.fields).flatMap(([name, field]) => {
      const where = `resource "${resource.name}", field "${name}"`
      return [...findFieldFlaws(name, field), ...findRoleFlaws(field, known)].map((flaw) => ({ where, ...flaw }))
    }),
    ...customOperations(resource).flatMap((operation) => {
      const owner = `resource "${resource.name}", ${operation.word} "${operation.name}"`
      return [
        ...verifyMessage(`${owner}, input`, operation.input, (field) => [
          ...findInputFlaws(field),
          ...findRoleFlaws(field, known),
        ]),
        ...verifyMessage(`${owner}, answer`, operation.answer, findAnswerFlaws),
        ...(operation.word === 'exchange' ? findSilence(owner, operation) : []),
      ]
    }),
  ])
}

function verifyMessage(owner: string, fields: FieldMap, findMore: (field: AnyField) => readonly Flaw[]): readonly Problem[] {
  return Object.entries(fields).flatMap(([name, field]) =>
    [...findFieldFlaws(name, field), ...findMore(field)].map((flaw) => ({ where: `${owner} "${name}"`, ...flaw })),
  )
}

/** Who only listens watches, and who only tells calls an action. */
function findSilence(where: string, { input, answer }: Pick<CustomOperation, 'input' | 'answer'>): readonly Problem[] {
  return [
    ...(Object.keys(input).length > 0
      ? []
      : [{ where, what: 'its callers have nothing to say', mend: 'receives: { text: text() }' }]),
    ...(Object.keys(answer).length > 0 ? [] : [{ where, what: 'it has nothing to tell', mend: 'sends: { text: text() }' }]),
  ]
}

function findFieldFlaws(name: string, { kind, rules }: AnyField): readonly Flaw[] {
  const ownFlaws = kind.findFlaws?.() ?? []
  // A kind that is wrong in itself can judge no value.
  if (ownFlaws.length > 0) return ownFlaws
  const flaws: Flaw[] = []
  const report = (what: string, mend: string): void => void flaws.push({ what, mend })
  if (rules.input === 'none' && !rules.isNullable && rules.fallback === undefined) {
    report(
      'it is read-only and has no value to begin with',
      `${name}: ….optional().readOnly()  or  ${name}: ….default(…).readOnly()`,
    )
  }
  if (kind.isSecret === true && rules.fallback !== undefined)
    report('a secret cannot have a default: everybody would know it', 'Leave out .default(…).')
  else if (rules.fallback !== undefined) {
    const misfit = findMisfit(kind, rules.fallback)
    if (misfit !== undefined) report(`its default ${misfit}`, `${name}: ….default(…)`)
  }
  if (rules.example !== undefined) {
    const misfit = findMisfit(kind, rules.example)
    if (misfit !== undefined) report(`its example ${misfit}`, `${name}: ….example(…)`)
  }
  if (rules.isUnique && kind.operators.length === 0) report(`a ${kind.name} cannot be unique`, 'Leave out .unique().')
  const { deprecation } = rules
  const dates = [deprecation?.since, deprecation?.sunset].filter((day) => day !== undefined)
  for (const day of dates)
    if (!isDay(day)) report(`"${day}" of its deprecation is not a day`, `.deprecated({ since: '2026-01-31' })`)
  if (dates.every(isDay) && deprecation?.sunset !== undefined && deprecation.sunset < deprecation.since) {
    report(`its sunset ${deprecation.sunset} comes before ${deprecation.since}, since when it is deprecated`, 'Swap the two.')
  }
  return flaws
}

/** What holds for the fields of a record means nothing in the input of an action. */
function findInputFlaws({ rules }: AnyField): readonly Flaw[] {
  const flaws: Flaw[] = []
  if (rules.input === 'none') flaws.push({ what: 'it is read-only: no caller could give it', mend: 'Leave out .readOnly().' })
  if (rules.isUnique) flaws.push({ what: 'an input cannot be unique', mend: 'Leave out .unique().' })
  return flaws
}

/** What holds for the fields of a record means nothing in a message either. */
function findAnswerFlaws({ kind, rules }: AnyField): readonly Flaw[] {
  const flaws: Flaw[] = []
  if (kind.isSecret === true || !rules.isOutput)
    flaws.push({ what: 'it never leaves the service', mend: 'Leave it out, or give it another kind.' })
  if (rules.readableBy !== undefined)
    flaws.push({ what: 'an answer is told to its caller alone', mend: 'Leave out .readableBy(…), and do not send it to others.' })
  if (rules.isUnique) flaws.push({ what: 'an answer cannot be unique', mend: 'Leave out .unique().' })
  return flaws
}

function findRoleFlaws({ rules }: AnyField, known: ReadonlySet<string>): readonly Flaw[] {
  const flaws: Flaw[] = []
  if (rules.readableBy?.length === 0) flaws.push({ what: 'it is readable by no role', mend: '.writeOnly()' })
  if (rules.writableBy?.length === 0) flaws.push({ what: 'it is writable by no role', mend: '.readOnly()' })
  for (const role of new Set([...(rules.readableBy ?? []), ...(rules.writableBy ?? [])])) {
    if (!known.has(role))
      flaws.push({ what: `it names the role "${role}", which is not declared`, mend: `roles: { ${role}: [] }` })
  }
  return flaws
}

/** Why a value of the declaration does not fit its kind: what a client could not send, the declaration may not say. */
export function findMisfit(kind: AnyKind, value: unknown): string | undefined {
  try {
    // A secret prints as nothing, so it is read as it is.
    const read = kind.read(kind.isSecret === true ? value : kind.toJson(value))
    return read instanceof Misfit ? read.message : undefined
  } catch {
    // Printing a value of another type fails: an invalid Date, an id that is none.
    return `is not a value of the kind ${kind.name}`
  }
}

function isDay(text: string): boolean {
  const parts = /^([0-9]{4})-(0[1-9]|1[0-2])-([0-9]{2})$/.exec(text)
  return parts !== null && isCalendarDate(Number(parts[1]), Number(parts[2]), Number(parts[3]))
}
