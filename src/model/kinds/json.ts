/** Free-form JSON that fits a JSON Schema of the declaration. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { type Json, type JsonSchema, type Kind, Misfit } from '../kind.ts'

let ajv: Ajv2020 | undefined

/** One compiler for all json fields, made when the first is read: compiling takes milliseconds that start-up should not pay. */
function compile(schema: JsonSchema): ValidateFunction {
  if (ajv === undefined) {
    ajv = new Ajv2020({ strict: false, allErrors: false })
    addFormats.default(ajv)
  }
  return ajv.compile(schema)
}

/** Whether text anywhere inside cannot be stored as jsonb: a lone surrogate or a NUL. */
function hasUnstorableText(value: Json): boolean {
  if (typeof value === 'string') return !value.isWellFormed() || value.includes('\0')
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(hasUnstorableText)
  return Object.entries(value).some(([key, inner]) => hasUnstorableText(key) || hasUnstorableText(inner))
}

export function jsonKind<Value extends Json>(schema: JsonSchema): Kind<Value> {
  let validate: ValidateFunction | undefined
  const read = (input: unknown): Value | Misfit => {
    validate ??= compile(schema)
    if (!validate(input)) {
      const [first] = validate.errors ?? []
      const where = first?.instancePath ? ` at ${first.instancePath.slice(1).replaceAll('/', '.')}` : ''
      return new Misfit('schema', `does not fit its schema${where}: ${first?.message ?? 'unknown reason'}`)
    }
    const value = input as Value
    return hasUnstorableText(value) ? new Misfit('encoding', 'must not contain NUL characters or lone surrogates') : value
  }
  return {
    name: 'json',
    sqlType: 'jsonb',
    graphqlType: 'JSON',
    protobufType: 'google.protobuf.Value',
    schema,
    operators: [],
    isSortable: false,
    isSearchable: false,
    read,
    readText: () => new Misfit('type', 'cannot be compared'),
    toSql: (value) => JSON.stringify(value),
    toJson: (value) => value,
    fromJson: (json) => json as Value,
    compare: () => 0,
  }
}
