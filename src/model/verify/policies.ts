/** Deny by default: every operation needs a rule, and every rule must name verbs, roles and permissions that exist. */
import { STANDARD_VERBS } from '../permit.ts'
import { type ConditionScope, findConditionFlaws } from './conditions.ts'
import { customOperations } from './custom-operations.ts'
import type { Problem, Verifier } from './problem.ts'

const PERMISSION_FORM = /^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$/
/** A statement is made for each set of rules that apply; the sets are numbered in one 32-bit integer. */
const RULES_MAX = 30

export const verifyPolicies: Verifier = ({ resources, roles, accounts }) => {
  const permissions = new Set(Object.values(roles).flat())
  const malformed = [...permissions].filter((permission) => !PERMISSION_FORM.test(permission))
  const problems: Problem[] = malformed.map((permission) => ({
    where: 'roles',
    what: `the permission "${permission}" is not <resource>:<verb>`,
    mend: 'posts:write',
  }))
  const known = new Set(Object.keys(roles))
  return [
    ...problems,
    ...resources.flatMap((resource) => verifyRules({ resource, roles: known, permissions }, accounts?.resource === resource)),
  ]
}

function verifyRules(scope: ConditionScope, isAccount: boolean): readonly Problem[] {
  const { resource, roles, permissions } = scope
  const where = `resource "${resource.name}", policies`
  const problems: Problem[] = []
  const report = (what: string, mend: string): void => void problems.push({ where, what, mend })
  const custom = customOperations(resource)
  const verbs = new Set([...STANDARD_VERBS, ...(isAccount ? ['register'] : []), ...custom.map(({ verb }) => verb)])
  const permitted = new Set(resource.rules.flatMap((rule) => rule.verbs))

  if (resource.rules.length > RULES_MAX)
    report(`there are ${resource.rules.length} rules`, `Join rules with either(…): at most ${RULES_MAX}.`)
  if (!permitted.has('read')) report('no rule permits anybody to read', `permit('read').to('admin')`)
  for (const [verb, word] of new Map(custom.map((one) => [one.verb, one.word]))) {
    if (!permitted.has(verb))
      report(`no rule permits the ${word} "${verb}": nobody could call it`, `permit('${verb}').to('admin')`)
  }
  for (const rule of resource.rules) {
    for (const verb of rule.verbs)
      if (!verbs.has(verb))
        report(`a rule permits "${verb}", and there is no such operation`, `Verbs are ${[...verbs].join(', ')}.`)
    for (const role of rule.roles)
      if (!roles.has(role)) report(`a rule names the role "${role}", which is not declared`, `roles: { ${role}: [] }`)
    for (const permission of rule.permissions) {
      if (!permissions.has(permission))
        report(`a rule needs the permission "${permission}", which no role has`, `roles: { admin: ['${permission}'] }`)
    }
    problems.push(...findConditionFlaws(scope, rule.condition).map((flaw) => ({ where, ...flaw })))
  }
  return problems
}
