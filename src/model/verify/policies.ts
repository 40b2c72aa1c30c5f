/** Deny by default: every operation needs a rule, and every rule must name verbs, roles, permissions and fields that exist. */
import type { Condition, Operand } from '../condition.ts'
import type { Resource } from '../resource.ts'
import type { Problem, Verifier } from './problem.ts'

const STANDARD_VERBS = ['read', 'create', 'update', 'delete', 'restore', 'read-deleted']
const PERMISSION_FORM = /^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$/
const ORDER = ['gt', 'gte', 'lt', 'lte']
/** A statement is made for each set of rules that apply; the sets are numbered in one 32-bit integer. */
const RULES_MAX = 30

export const verifyPolicies: Verifier = ({ resources, roles }) => {
  const permissions = new Set(Object.values(roles).flat())
  const malformed = [...permissions].filter((permission) => !PERMISSION_FORM.test(permission))
  const problems: Problem[] = malformed.map((permission) => ({ where: 'roles', what: `the permission "${permission}" has another form`, mend: 'posts:write' }))
  return [...problems, ...resources.flatMap((resource) => verifyRules(resource, new Set(Object.keys(roles)), permissions))]
}

function verifyRules(resource: Resource, roles: ReadonlySet<string>, permissions: ReadonlySet<string>): readonly Problem[] {
  const problems: Problem[] = []
  const actionVerbs = Object.entries(resource.actions).map(([name, action]) => action.verb ?? name)
  const verbs = new Set([...STANDARD_VERBS, ...actionVerbs])
  const permitted = new Set(resource.rules.flatMap((rule) => rule.verbs))
  const where = `resource "${resource.name}", policies`

  if (resource.rules.length > RULES_MAX) problems.push({ where, what: `there are ${resource.rules.length} rules`, mend: `Join rules with either(…): at most ${RULES_MAX}.` })
  if (!permitted.has('read')) problems.push({ where, what: 'no rule permits anybody to read', mend: `permit('read').to('admin')` })
  for (const verb of actionVerbs) {
    if (!permitted.has(verb)) problems.push({ where, what: `no rule permits the action "${verb}": nobody could call it`, mend: `permit('${verb}').to('admin')` })
  }
  for (const rule of resource.rules) {
    for (const verb of rule.verbs) if (!verbs.has(verb)) problems.push({ where, what: `a rule permits "${verb}", and there is no such operation`, mend: `Verbs are ${[...verbs].join(', ')}.` })
    for (const role of rule.roles) if (!roles.has(role)) problems.push({ where, what: `a rule names the role "${role}", which is not declared`, mend: `roles: { ${role}: [] }` })
    for (const permission of rule.permissions) {
      if (!permissions.has(permission)) problems.push({ where, what: `a rule needs the permission "${permission}", which no role has`, mend: `roles: { admin: ['${permission}'] }` })
    }
    problems.push(...verifyCondition(resource, rule.condition, roles, permissions).map((problem) => ({ where, ...problem })))
  }
  return problems
}

type Flaw = Omit<Problem, 'where'>

function verifyCondition(resource: Resource, condition: Condition, roles: ReadonlySet<string>, permissions: ReadonlySet<string>): readonly Flaw[] {
  switch (condition.node) {
    case 'all':
    case 'either':
      return condition.parts.flatMap((part) => verifyCondition(resource, part, roles, permissions))
    case 'not':
      return verifyCondition(resource, condition.part, roles, permissions)
    case 'role':
      return roles.has(condition.role) ? [] : [{ what: `a condition names the role "${condition.role}", which is not declared`, mend: `roles: { ${condition.role}: [] }` }]
    case 'permission':
      return permissions.has(condition.permission) ? [] : [{ what: `a condition names the permission "${condition.permission}", which no role has`, mend: `roles: { admin: ['${condition.permission}'] }` }]
    case 'compare':
      return [...verifyOperand(resource, condition.left), ...verifyOperand(resource, condition.right), ...verifyOrder(resource, condition.left, condition.comparison)]
    case 'nothing':
      return verifyOperand(resource, condition.operand)
    case 'constant':
    case 'kind':
    case 'time-of-day':
    case 'weekday':
    case 'address':
      return []
  }
}

function verifyOperand(resource: Resource, operand: Operand): readonly Flaw[] {
  if (operand.from !== 'record') return []
  const field = resource.fields[operand.field]
  if (field === undefined) return []
  if (field.kind.operators.length === 0) return [{ what: `a condition compares "${operand.field}", and a ${field.kind.name} cannot be compared`, mend: 'Compare another field.' }]
  return []
}

/** Texts are ordered by the database's collation, which memory does not know: only numbers and times may be ordered. */
function verifyOrder(resource: Resource, operand: Operand, comparison: string): readonly Flaw[] {
  if (!ORDER.includes(comparison) || operand.from !== 'record') return []
  const kind = resource.fields[operand.field]?.kind
  if (kind === undefined || !kind.sqlType.startsWith('text')) return []
  return [{ what: `a condition orders the text "${operand.field}"`, mend: 'Compare texts with is(…) or isOneOf(…).' }]
}
