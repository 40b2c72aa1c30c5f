/** Names must survive every surface: camelCase words, no clash with what each resource has, and a path of its own. */
import { toKebabCase, toSnakeCase } from '../../kernel/index.ts'
import { type Problem, STANDARD_NAMES, type Verifier } from './problem.ts'

const CAMEL_CASE = /^[a-z][a-zA-Z0-9]*$/
const ID_PREFIX = /^[a-z]{1,20}$/
/** PostgreSQL cuts longer identifiers in silence (NAMEDATALEN − 1). */
const IDENTIFIER_BYTES_MAX = 63
/** Query parameters of every list: a field of this name could not be filtered by. */
const PARAMETER_NAMES = ['limit', 'cursor', 'page', 'per_page', 'sort', 'fields', 'q', 'include_deleted']

export const verifyNames: Verifier = ({ resources }) => {
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  const claim = (key: string, where: string, what: string): void => {
    const other = seen.get(key)
    if (other === undefined) seen.set(key, where)
    else problems.push({ where, what: `${what} is taken by ${other}`, mend: 'Give one of the two another name.' })
  }

  for (const resource of resources) {
    const where = `resource "${resource.name}"`
    if (!CAMEL_CASE.test(resource.name)) problems.push({ where, what: 'its name is not camelCase', mend: `resource('orderLine', …)` })
    if (!CAMEL_CASE.test(resource.plural)) problems.push({ where, what: `its plural "${resource.plural}" is not camelCase`, mend: `plural: 'orderLines'` })
    if (!ID_PREFIX.test(resource.idPrefix)) {
      problems.push({ where, what: `its id prefix "${resource.idPrefix}" is not 1 to 20 lower-case letters`, mend: `idPrefix: 'line'` })
    }
    if (toSnakeCase(resource.plural).startsWith('plinth')) problems.push({ where, what: 'tables that begin with "plinth" are for Plinth', mend: 'Choose another name.' })
    claim(`name ${resource.name}`, where, `the name "${resource.name}"`)
    claim(`plural ${resource.plural}`, where, `the plural "${resource.plural}"`)
    claim(`prefix ${resource.idPrefix}`, where, `the id prefix "${resource.idPrefix}"`)
    problems.push(...verifyFieldNames(resource.name, Object.keys(resource.fields), Object.values(resource.fields).map((field) => field.kind.nameSuffix ?? '')))
    for (const [name, action] of Object.entries(resource.actions)) {
      claim(`path ${resource.name}/${toKebabCase(name)}`, `${where}, action "${name}"`, `the path "${toKebabCase(name)}"`)
      if (name === 'restore') problems.push({ where: `${where}, action "restore"`, what: 'every resource has a restore', mend: 'Name the action by what it does beyond that.' })
      problems.push(...verifyFieldNames(`${resource.name}.${name}`, Object.keys(action.input), Object.values(action.input).map((field) => field.kind.nameSuffix ?? ''), []))
    }
    for (const name of Object.keys(resource.relations)) claim(`path ${resource.name}/${toKebabCase(name)}`, `${where}, relation "${name}"`, `the path "${toKebabCase(name)}"`)
  }
  return problems
}

function verifyFieldNames(owner: string, names: readonly string[], suffixes: readonly string[], reserved: readonly string[] = STANDARD_NAMES): readonly Problem[] {
  const problems: Problem[] = []
  const columns = new Set<string>()
  for (const [position, name] of names.entries()) {
    const where = `"${owner}", field "${name}"`
    const column = toSnakeCase(name + (suffixes[position] ?? ''))
    if (!CAMEL_CASE.test(name)) problems.push({ where, what: 'its name is not camelCase', mend: 'Write it like publishedAt.' })
    if (reserved.includes(name)) problems.push({ where, what: 'every resource has this field already', mend: 'Leave it out, or choose another name.' })
    if (PARAMETER_NAMES.includes(column)) problems.push({ where, what: `"${column}" is a query parameter of every list`, mend: 'Choose another name.' })
    if (column.length > IDENTIFIER_BYTES_MAX) problems.push({ where, what: `its column name is longer than ${IDENTIFIER_BYTES_MAX} bytes`, mend: 'Shorten it.' })
    if (columns.has(column)) problems.push({ where, what: `another field has the column "${column}" too`, mend: 'Rename one of the two.' })
    columns.add(column)
  }
  return problems
}
