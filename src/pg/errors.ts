/**
 * Turns what PostgreSQL and its driver throw into errors of the catalogue, with the field where one is to blame.
 * Values never pass: PostgreSQL's own detail quotes them, and it goes into `cause` only.
 *
 * @see https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
import { type ErrorDetail, invalid, PlinthError } from '../kernel/index.ts'
import type { FieldModel, ResourceModel } from '../model/index.ts'

interface ServerError {
  readonly code?: string
  readonly constraint?: string
  readonly column?: string
  readonly table?: string
  readonly detail?: string
}

/** Codes of the operating system and the driver that mean: the server cannot be reached, or went away. */
const AWAY = /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/

/** @param resource the resource that the statement was about, to name its fields */
export function readDatabaseError(thrown: unknown, resource: ResourceModel | undefined): PlinthError {
  if (thrown instanceof PlinthError) return thrown
  const error = thrown as ServerError
  const { code } = error
  switch (code) {
    case '23505':
      return conflict('CONFLICT_DUPLICATE', blamed(error, resource), 'unique', 'is taken', thrown)
    case '23503':
      return readReferenceError(error, resource, thrown)
    case '23502':
      return invalidField(blamed(error, resource), 'required', 'is required', thrown)
    case '23514':
      return invalidField(blamed(error, resource), 'check', 'has a value that the database does not allow', thrown)
    case '40001':
    case '40P01':
    case '55P03':
      return new PlinthError('CONFLICT_IN_PROGRESS', 'Another change to the same rows is under way', { cause: thrown })
    case '57014':
      return new PlinthError('DEPENDENCY_TIMEOUT', undefined, { cause: thrown })
    default:
      return readByClass(code, thrown)
  }
}

/** Judges by the class of the code: its first two characters. */
function readByClass(code: string | undefined, thrown: unknown): PlinthError {
  if (code === undefined || AWAY.test(code))
    return isLost(thrown) ? away(thrown) : new PlinthError('INTERNAL_ERROR', undefined, { cause: thrown })
  // Connection exceptions, insufficient resources, operator intervention, disk and system errors: the server is not fit to serve.
  if (/^(?:08|53|57P|58)/.test(code) || code === '25006') return away(thrown)
  // Data exceptions that no reader caught: still the client's input, never our fault alone.
  if (code.startsWith('22')) return new PlinthError('VALIDATION_FAILED', 'A value cannot be stored', { cause: thrown })
  return new PlinthError('INTERNAL_ERROR', undefined, { cause: thrown })
}

function away(cause: unknown): PlinthError {
  return new PlinthError('DEPENDENCY_UNAVAILABLE', undefined, { cause })
}

function isLost(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  if (AWAY.test(String((thrown as ServerError).code))) return true
  // The driver has no codes for these; its words are pinned with its version.
  return /connection (?:error|terminated)|terminating connection|timeout expired|timeout exceeded|read timeout|Client was closed|not queryable|gave no answer/i.test(
    thrown.message,
  )
}

function readReferenceError(error: ServerError, resource: ResourceModel | undefined, thrown: unknown): PlinthError {
  if (error.detail?.includes('still referenced') === true)
    return new PlinthError('CONFLICT_REFERENCE', undefined, { cause: thrown })
  return noSuchReference(blamed(error, resource), thrown)
}

/** @param columns those whose references lead nowhere, with commas between */
export function missingReferences(columns: string, resource: ResourceModel): PlinthError {
  const named = new Set(columns.split(','))
  return noSuchReference(resource.fields.filter(({ column }) => named.has(column)))
}

function noSuchReference(fields: readonly FieldModel[], cause?: unknown): PlinthError {
  return invalidField(fields, 'reference', 'names a record that does not exist', cause)
}

/** The fields that the error is about: by its column, by our names for constraints, or by the key that its detail quotes. */
function blamed(error: ServerError, resource: ResourceModel | undefined): readonly FieldModel[] {
  if (resource === undefined) return []
  const byColumn = (column: string): FieldModel | undefined => resource.fieldsByColumn.get(column)
  if (error.column !== undefined) return [byColumn(error.column)].filter((field) => field !== undefined)
  const named = /^(.*)_(?:key|fkey|check)$/.exec(error.constraint ?? '')?.[1]
  const own = named?.startsWith(`${resource.table}_`) === true ? byColumn(named.slice(resource.table.length + 1)) : undefined
  if (own !== undefined) return [own]
  const columns = /^Key \(([^)]*)\)=/.exec(error.detail ?? '')?.[1]?.split(', ') ?? []
  return columns.map((column) => byColumn(column.replaceAll('"', ''))).filter((field) => field !== undefined)
}

function detailsOf(fields: readonly FieldModel[], code: string, predicate: string): readonly ErrorDetail[] {
  return fields.map((field) => ({ field: field.publicName, code, message: `${field.column} ${predicate}` }))
}

function conflict(
  code: 'CONFLICT_DUPLICATE',
  fields: readonly FieldModel[],
  rule: string,
  predicate: string,
  cause: unknown,
): PlinthError {
  const details = detailsOf(fields, rule, predicate)
  return new PlinthError(code, details.length === 0 ? undefined : details.map((detail) => detail.message).join('; '), {
    details,
    cause,
  })
}

function invalidField(fields: readonly FieldModel[], rule: string, predicate: string, cause?: unknown): PlinthError {
  const error = invalid(detailsOf(fields, rule, predicate))
  return new PlinthError('VALIDATION_FAILED', error.message, { details: error.details, cause })
}
