/** Free-form JSON that fits a JSON Schema of the declaration. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { type Flaw, type Json, type JsonSchema, type Kind, Misfit } from '../kind.ts'

/** Deeper than data that people make, and shallow enough for every parser on the way. */
const DEPTH_MAX = 32

let ajv: Ajv2020 | undefined

/** One compiler for all json fields, made when the first is met. Strict, so that a misspelt keyword is found at start-up. */
function compile(schema: JsonSchema): ValidateFunction {
  if (ajv === undefined) {
    // Two fields may use one `$id`: schemas are not kept by name.
    ajv = new Ajv2020({
      strictTypes: false,
      strictTuples: false,
      strictRequired: false,
      allErrors: false,
      addUsedSchema: false,
      logger: false,
    })
    ajv.addVocabulary(['example', 'externalDocs', 'xml'])
    addFormats.default(ajv)
  }
  return ajv.compile(schema)
}

/** What keeps a value from being stored as jsonb and read back the same; undefined when nothing does. */
function findUnstorable(value: unknown, depth: number): Misfit | undefined {
  if (typeof value === 'string') {
    return value.isWellFormed() && !value.includes('\0')
      ? undefined
      : new Misfit('encoding', 'must not contain NUL characters or lone surrogates')
  }
  if (typeof value === 'number')
    return Number.isFinite(value) ? undefined : new Misfit('too_large', 'must not contain numbers beyond 1e308')
  if (typeof value === 'boolean' || value === null) return undefined
  if (typeof value !== 'object' || !isPlain(value)) return new Misfit('type', 'must be JSON')
  if (depth >= DEPTH_MAX) return new Misfit('too_deep', `must not nest deeper than ${DEPTH_MAX} levels`)
  // A key of this name would set the prototype of the first object that it is copied into.
  if (Object.hasOwn(value, '__proto__')) return new Misfit('name', 'must not have a key "__proto__"')
  for (const [key, inner] of Object.entries(value)) {
    const misfit = (Array.isArray(value) ? undefined : findUnstorable(key, depth)) ?? findUnstorable(inner, depth + 1)
    if (misfit !== undefined) return misfit
  }
  return undefined
}

/** A `Date` or another object of a class would be printed as something else than it is. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}

export function jsonKind<Value extends Json>(schema: JsonSchema): Kind<Value> {
  let validate: ValidateFunction | undefined
  const read = (input: unknown): Value | Misfit => {
    // First, so that no schema that refers to itself follows a hostile depth.
    const misfit = findUnstorable(input, 0)
    if (misfit !== undefined) return misfit
    validate ??= compile(schema)
    if (validate(input)) return input as Value
    const [first] = validate.errors ?? []
    const where = first?.instancePath ? ` at ${first.instancePath.slice(1).replaceAll('/', '.')}` : ''
    return new Misfit('schema', `does not fit its schema${where}: ${first?.message ?? 'unknown reason'}`)
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
    findFlaws: () => findSchemaFlaws(schema),
  }
}

/** Compiling takes milliseconds; a schema that fails on the first request would take the request. */
function findSchemaFlaws(schema: JsonSchema): readonly Flaw[] {
  try {
    compile(schema)
    return []
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    return [{ what: `its schema is no JSON Schema (2020-12): ${reason}`, mend: `json({ type: 'object', maxProperties: 20 })` }]
  }
}
