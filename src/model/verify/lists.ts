/** A list may be sorted, filtered and searched only by fields for which that means something. */
import type { AnyField } from '../field.ts'
import { LIMIT_DEFAULT, LIMIT_MAX, type Resource } from '../resource.ts'
import { type Problem, STANDARD_TIMES, type Verifier } from './problem.ts'

/** A page of more would be an export, and a memory hazard for both sides. */
const LIMIT_CAP = 1_000

export const verifyLists: Verifier = ({ resources }) => resources.flatMap(verifyList)

function verifyList(resource: Resource): readonly Problem[] {
  const problems: Problem[] = []
  const {
    sort = [],
    filter = [],
    search = [],
    limitMax = LIMIT_MAX,
    limitDefault = Math.min(LIMIT_DEFAULT, limitMax),
  } = resource.list
  const where = `resource "${resource.name}", list`
  const check = (use: string, names: readonly string[], isFit: (field: AnyField) => boolean): void => {
    for (const [position, name] of names.entries()) {
      if (names.indexOf(name) !== position)
        problems.push({ where, what: `it names "${name}" twice under ${use}`, mend: `Take one "${name}" out of ${use}.` })
      if (STANDARD_TIMES.includes(name) && use !== 'search') continue
      const field = Object.hasOwn(resource.fields, name) ? resource.fields[name] : undefined
      if (field === undefined) {
        problems.push({
          where,
          what: `it names "${name}" under ${use}, and there is no such field`,
          mend: `Fields are ${Object.keys(resource.fields).join(', ')}.`,
        })
      } else if (!field.rules.isOutput || !isFit(field)) {
        problems.push({
          where,
          what: `"${name}" (${field.kind.name}) cannot be used to ${use}`,
          mend: `Take "${name}" out of ${use}.`,
        })
      }
    }
  }
  check(
    'sort',
    sort.map((key) => key.replace(/^-/, '')),
    (field) => field.kind.isSortable,
  )
  check('filter', filter, (field) => field.kind.operators.length > 0)
  check('search', search, (field) => field.kind.isSearchable)
  const areWhole = Number.isSafeInteger(limitDefault) && Number.isSafeInteger(limitMax)
  if (!areWhole || limitDefault < 1 || limitDefault > limitMax || limitMax > LIMIT_CAP) {
    problems.push({
      where,
      what: `limitDefault is ${limitDefault} and limitMax is ${limitMax}`,
      mend: `Whole numbers, 1 ≤ limitDefault ≤ limitMax ≤ ${LIMIT_CAP}.`,
    })
  }
  return problems
}
