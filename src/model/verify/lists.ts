/** A list may be sorted, filtered and searched only by fields for which that means something. */
import type { AnyField } from '../field.ts'
import type { Resource } from '../resource.ts'
import type { Problem, Verifier } from './problem.ts'

const STANDARD_TIMES = ['createdAt', 'updatedAt']
/** A page of more would be an export, and a memory hazard for both sides. */
const LIMIT_CAP = 1_000

export const verifyLists: Verifier = ({ resources }) => resources.flatMap(verifyList)

function verifyList(resource: Resource): readonly Problem[] {
  const problems: Problem[] = []
  const { sort = [], filter = [], search = [], limitDefault = 20, limitMax = 100 } = resource.list
  const where = `resource "${resource.name}", list`
  const check = (use: string, name: string, isFit: (field: AnyField) => boolean): void => {
    if (STANDARD_TIMES.includes(name) && use !== 'search') return
    const field = resource.fields[name]
    if (field === undefined) {
      problems.push({ where, what: `it names "${name}" under ${use}, and there is no such field`, mend: `Fields are ${Object.keys(resource.fields).join(', ')}.` })
    } else if (!field.rules.isOutput || !isFit(field)) {
      problems.push({ where, what: `"${name}" (${field.kind.name}) cannot be used to ${use}`, mend: `Take "${name}" out of ${use}.` })
    }
  }
  for (const key of sort) check('sort', key.replace(/^-/, ''), (field) => field.kind.isSortable)
  for (const name of filter) check('filter', name, (field) => field.kind.operators.length > 0)
  for (const name of search) check('search', name, (field) => field.kind.isSearchable)
  if (!(limitDefault >= 1 && limitDefault <= limitMax && limitMax <= LIMIT_CAP)) {
    problems.push({ where, what: `its limits are ${limitDefault} and ${limitMax}`, mend: `1 ≤ limitDefault ≤ limitMax ≤ ${LIMIT_CAP}` })
  }
  return problems
}
