/**
 * The accounts must be such that sign-in is safe: one account for each name, a password that never comes out, a role that nobody
 * gives themselves.
 */
import type { AnyField } from '../field.ts'
import type { Problem, Verifier } from './problem.ts'

export const verifyAccounts: Verifier = ({ accounts, resources, roles }) => {
  if (accounts === undefined) return []
  const problems: Problem[] = []
  const { resource, login, password, role, displayName } = accounts
  const report = (name: string, what: string, mend: string): void =>
    void problems.push({ where: `accounts, ${name}`, what, mend })
  if (!resources.includes(resource)) {
    report('resource', `the resource "${resource.name}" is not in the domain`, `domain({ resources: [${resource.name}, …] })`)
    return problems
  }
  const named = (part: string, name: string): AnyField | undefined => {
    const field = Object.hasOwn(resource.fields, name) ? (resource.fields[name] as AnyField) : undefined
    if (field === undefined)
      report(part, `resource "${resource.name}" has no field "${name}"`, `Fields are ${Object.keys(resource.fields).join(', ')}.`)
    return field
  }

  const { rules: loginRules } = named('login', login) ?? {}
  if (loginRules !== undefined && (!loginRules.isUnique || loginRules.isNullable))
    report('login', `the field "${login}" is not unique and required`, `${login}: email().unique()`)

  const passwordField = named('password', password)
  if (passwordField !== undefined) {
    const { kind, rules } = passwordField
    if (kind.isSecret !== true || rules.isOutput)
      report('password', `the field "${password}" is not a secret`, `${password}: secret({ min: 12, max: 256 })`)
    if (!rules.isImmutable || !rules.isNullable) {
      const mend = `${password}: secret({ min: 12, max: 256 }).optional().immutable()`
      report('password', `the field "${password}" can be changed without the old password, or is required`, mend)
    }
  }

  const roleField = named('role', role)
  if (roleField !== undefined) {
    const choices = roleField.kind.schema['enum']
    const unknown = Array.isArray(choices) ? choices.filter((choice) => !Object.hasOwn(roles, String(choice))) : undefined
    if (unknown === undefined) report('role', `the field "${role}" is not a choice`, `${role}: choice(['admin', 'viewer'])`)
    else if (unknown.length > 0)
      report('role', `"${unknown.join('", "')}" is not a role of the domain`, `roles: { ${unknown[0]}: [] }`)
    if (roleField.rules.writableBy === undefined && roleField.rules.input !== 'none')
      report('role', `everybody may set "${role}": people could make themselves admin`, `${role}: ….writableBy('admin')`)
    if (roleField.rules.input === 'required')
      report('role', `the field "${role}" has no default, so nobody could register`, `${role}: ….default('viewer')`)
  }
  if (displayName !== undefined) named('displayName', displayName)
  return problems
}
