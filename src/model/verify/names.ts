/** Names must survive every surface: camelCase words, no clash with what each resource has, and a path of its own. */
import { toKebabCase, toSnakeCase } from '../../kernel/index.ts'
import type { FieldMap } from '../field.ts'
import type { Resource } from '../resource.ts'
import { customOperations } from './custom-operations.ts'
import { type Problem, STANDARD_NAMES, type Verifier } from './problem.ts'

const CAMEL_CASE = /^[a-z][a-zA-Z0-9]*$/
const ID_PREFIX = /^[a-z]{1,20}$/
/** PostgreSQL cuts longer identifiers in silence (NAMEDATALEN − 1). */
const IDENTIFIER_BYTES_MAX = 63
/** Query parameters of every list: a field of this name could not be filtered by. */
const PARAMETER_NAMES = ['limit', 'cursor', 'page', 'per_page', 'sort', 'fields', 'q', 'include_deleted']
/** Columns that every table of PostgreSQL has already. */
const SYSTEM_COLUMNS = ['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']
/** What every resource can do: an action of this name would be permitted, logged and counted as if it were that. */
const OPERATION_NAMES = ['read', 'list', 'get', 'create', 'update', 'replace', 'delete', 'restore', 'watch']

/** Notes who has a name; the second one to claim it is told. */
type Claim = (key: string, where: string, what: string) => void

export const verifyNames: Verifier = ({ resources }) => {
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  const claim: Claim = (key, where, what) => {
    const other = seen.get(key)
    if (other === undefined) seen.set(key, where)
    else problems.push({ where, what: `${what} is taken by ${other}`, mend: 'Give one of the two another name.' })
  }
  for (const resource of resources) problems.push(...verifyResourceNames(resource, claim), ...verifyPaths(resource, claim))
  return problems
}

function verifyResourceNames(resource: Resource, claim: Claim): readonly Problem[] {
  const problems: Problem[] = []
  const where = `resource "${resource.name}"`
  const table = toSnakeCase(resource.plural)
  if (!CAMEL_CASE.test(resource.name))
    problems.push({ where, what: 'its name is not camelCase', mend: `resource('orderLine', …)` })
  if (!CAMEL_CASE.test(resource.plural))
    problems.push({ where, what: `its plural "${resource.plural}" is not camelCase`, mend: `plural: 'orderLines'` })
  if (!ID_PREFIX.test(resource.idPrefix)) {
    problems.push({
      where,
      what: `its id prefix "${resource.idPrefix}" is not 1 to 20 lower-case letters`,
      mend: `idPrefix: 'line'`,
    })
  }
  if (table.startsWith('plinth'))
    problems.push({ where, what: 'tables that begin with "plinth" are for Plinth', mend: 'Choose another name.' })
  if (table.length > IDENTIFIER_BYTES_MAX)
    problems.push({ where, what: `its table name is longer than ${IDENTIFIER_BYTES_MAX} bytes`, mend: 'Shorten its plural.' })
  claim(`name ${resource.name}`, where, `the name "${resource.name}"`)
  claim(`plural ${resource.plural}`, where, `the plural "${resource.plural}"`)
  claim(`prefix ${resource.idPrefix}`, where, `the id prefix "${resource.idPrefix}"`)
  problems.push(...verifyFieldNames(where, 'field', resource.fields), ...verifyColumns(where, resource.fields))
  for (const { word, name, input, answer } of customOperations(resource)) {
    problems.push(...verifyFieldNames(`${where}, ${word} "${name}"`, 'input', input))
    problems.push(...verifyFieldNames(`${where}, ${word} "${name}"`, 'answer', answer))
  }
  return problems
}

/** Actions and relations share the paths below a record: `/posts/{id}/publish`, `/users/{id}/posts`. Exchanges share the methods of gRPC with actions. */
function verifyPaths(resource: Resource, claim: Claim): readonly Problem[] {
  const problems: Problem[] = []
  const verifyPath = (where: string, name: string): void => {
    if (!CAMEL_CASE.test(name)) problems.push({ where, what: 'its name is not camelCase', mend: 'Write it like markPaid.' })
    claim(`path ${resource.name}/${toKebabCase(name)}`, where, `the path "${toKebabCase(name)}"`)
  }
  for (const { word, name } of customOperations(resource)) {
    const where = `resource "${resource.name}", ${word} "${name}"`
    verifyPath(where, name)
    if (OPERATION_NAMES.includes(name))
      problems.push({
        where,
        what: `every resource has the operation "${name}"`,
        mend: `Name the ${word} by what it does beyond that.`,
      })
  }
  for (const name of Object.keys(resource.relations)) {
    const where = `resource "${resource.name}", relation "${name}"`
    verifyPath(where, name)
    if (Object.hasOwn(resource.fields, name))
      problems.push({ where, what: 'a field has this name already', mend: 'Rename one of the two.' })
    if (name === 'restore') problems.push({ where, what: 'the path "restore" restores the record', mend: 'Choose another name.' })
  }
  return problems
}

function verifyFieldNames(owner: string, word: 'field' | 'input' | 'answer', fields: FieldMap): readonly Problem[] {
  const problems: Problem[] = []
  const columns = new Set<string>()
  for (const [name, field] of Object.entries(fields)) {
    const where = `${owner}, ${word} "${name}"`
    const column = toSnakeCase(name + (field.kind.nameSuffix ?? ''))
    if (!CAMEL_CASE.test(name)) problems.push({ where, what: 'its name is not camelCase', mend: 'Write it like publishedAt.' })
    if (columns.has(column))
      problems.push({ where, what: `another ${word} is "${column}" in REST too`, mend: 'Rename one of the two.' })
    columns.add(column)
  }
  return problems
}

function verifyColumns(owner: string, fields: FieldMap): readonly Problem[] {
  const problems: Problem[] = []
  for (const [name, field] of Object.entries(fields)) {
    const where = `${owner}, field "${name}"`
    const column = toSnakeCase(name + (field.kind.nameSuffix ?? ''))
    if (STANDARD_NAMES.some((standard) => standard === name || toSnakeCase(standard) === column)) {
      problems.push({ where, what: 'every resource has this field already', mend: 'Leave it out, or choose another name.' })
    }
    if (PARAMETER_NAMES.includes(column))
      problems.push({ where, what: `"${column}" is a query parameter of every list`, mend: 'Choose another name.' })
    if (SYSTEM_COLUMNS.includes(column))
      problems.push({ where, what: `"${column}" is a column of every table in PostgreSQL`, mend: 'Choose another name.' })
    if (column.length > IDENTIFIER_BYTES_MAX)
      problems.push({ where, what: `its column name is longer than ${IDENTIFIER_BYTES_MAX} bytes`, mend: 'Shorten it.' })
  }
  return problems
}
