/**
 * Finds an example for a field: the declared one, or one made from its JSON Schema, and only if the field's own kind accepts it.
 */
import { type FieldModel, type Json, type JsonSchema, Misfit } from '../../model/index.ts'

const DEPTH_MAX = 5
const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T09:30:00.000Z',
  date: '2026-01-31',
  email: 'ada@example.com',
  uri: 'https://example.com/ada',
  uuid: '01890a5d-ac96-774b-bcce-b302099a8057',
  decimal: '12.50',
  password: 'correct horse battery staple',
}
/** The suffix in the TypeID specification's own example. */
const ID_SUFFIX = '01h455vb4pex5vsknk084sn02q'
const WORDS = 'It can do whatever we know how to order it to perform. '

/** The example as it stands in JSON; undefined where none can be made. */
export function exampleOf(field: FieldModel): Json | undefined {
  const { kind, rules } = field
  if (rules.example !== undefined) return kind.toJson(rules.example)
  if (rules.fallback !== undefined && rules.fallback !== null) return kind.toJson(rules.fallback)
  if (kind.idPrefix !== undefined) return `${kind.idPrefix}_${ID_SUFFIX}`
  const value: unknown = kind.read(sampleOf(kind.schema, 0))
  if (!(value instanceof Misfit)) return kind.isSecret === true ? (sampleOf(kind.schema, 0) ?? undefined) : kind.toJson(value)
  return rules.isNullable ? null : undefined
}

/** The examples of several fields as one object; undefined when one that must be there has none. */
export function exampleObject(fields: readonly FieldModel[], isRequired: (field: FieldModel) => boolean): Json | undefined {
  const entries: [string, Json][] = []
  for (const field of fields) {
    const example = exampleOf(field)
    if (example !== undefined) entries.push([field.column, example])
    else if (isRequired(field)) return undefined
  }
  return Object.fromEntries(entries)
}

/** A value that fits a schema of plain shapes: its own example, or one that is made. */
export function exampleOfSchema(schema: JsonSchema): Json {
  return sampleOf(schema, 0)
}

function sampleOf(schema: JsonSchema, depth: number): Json {
  const [given] = Array.isArray(schema['examples']) ? (schema['examples'] as readonly Json[]) : []
  if (given !== undefined) return given
  const { enum: choices, format, minimum, maximum, minLength = 0, maxLength = 60 } = schema
  if (Array.isArray(choices)) return choices[0] ?? null
  if (schema['const'] !== undefined) return schema['const']
  switch (Array.isArray(schema['type']) ? schema['type'][0] : schema['type']) {
    case 'string':
      return sampleText(typeof format === 'string' ? format : '', Number(minLength), Number(maxLength))
    case 'integer':
    case 'number':
      return Math.min(Math.max(1, Number(minimum ?? 1)), Number(maximum ?? 1))
    case 'boolean':
      return true
    case 'array':
      return depth > DEPTH_MAX
        ? []
        : Array.from({ length: Math.max(1, Number(schema['minItems'] ?? 1)) }, () =>
            sampleOf((schema['items'] ?? {}) as JsonSchema, depth + 1),
          )
    case 'object':
      return depth > DEPTH_MAX ? {} : sampleObject(schema, depth)
    default:
      return null
  }
}

function sampleText(format: string, minLength: number, maxLength: number): string {
  const text = FORMATS[format] ?? WORDS.slice(0, Math.max(8, minLength)).trim()
  return text.length >= minLength
    ? text.slice(0, maxLength)
    : WORDS.repeat(Math.ceil(minLength / WORDS.length)).slice(0, minLength)
}

function sampleObject(schema: JsonSchema, depth: number): Json {
  const properties = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>)
  return Object.fromEntries(properties.map(([name, inner]) => [name, sampleOf(inner, depth + 1)]))
}
