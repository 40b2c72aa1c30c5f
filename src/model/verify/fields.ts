/** The rules of one field must not contradict each other. */
import { Misfit } from '../kind.ts'
import { isListable } from '../kinds/list.ts'
import type { Problem, Verifier } from './problem.ts'

export const verifyFields: Verifier = ({ resources, roles }) => {
  const problems: Problem[] = []
  const known = new Set(Object.keys(roles))
  for (const resource of resources) {
    for (const [name, { kind, rules }] of Object.entries(resource.fields)) {
      const where = `resource "${resource.name}", field "${name}"`
      const report = (what: string, mend: string): void => void problems.push({ where, what, mend })
      if (rules.input === 'none' && !rules.isNullable && rules.fallback === undefined) {
        report('it is read-only and has no value to begin with', `${name}: ….optional().readOnly()  or  ${name}: ….default(…).readOnly()`)
      }
      if (rules.fallback !== undefined) {
        const read = kind.read(kind.isSecret === true ? rules.fallback : kind.toJson(rules.fallback))
        if (read instanceof Misfit) report(`its default ${read.message}`, `${name}: ….default(…)`)
      }
      if (kind.isSecret === true && rules.fallback !== undefined) report('a secret cannot have a default: everybody would know it', 'Leave out .default(…).')
      if (rules.isUnique && kind.operators.length === 0) report(`a ${kind.name} cannot be unique`, 'Leave out .unique().')
      for (const role of [...(rules.readableBy ?? []), ...(rules.writableBy ?? [])]) {
        if (!known.has(role)) report(`it names the role "${role}", which is not declared`, `roles: { ${role}: [] }`)
      }
      // A list remembers only its own kind; the column type ends with brackets once for each level.
      if (kind.sqlType.endsWith('[][]') || (kind.sqlType.endsWith('[]') && !isListable({ ...kind, name: '' }))) {
        report('a list cannot hold lists, json, secrets or keys', 'Use json with a schema, or a resource of its own.')
      }
    }
  }
  return problems
}
