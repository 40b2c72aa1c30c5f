/**
 * Judges the JSON of a request before it is made a message: every name and every value that the message cannot hold, all at once, each by
 * its path. The decoder behind it stops at the first, and does not say where.
 * @see https://protobuf.dev/programming-guides/json/
 */
import { type DescEnum, type DescField, type DescMessage, fromJson, type JsonValue, ScalarType } from '@bufbuild/protobuf'
import { NAME_SHOWN_MAX, shorten } from '../../kernel/index.ts'
import { Findings } from '../messages/findings.ts'

const WHOLE_NUMBER = /^-?\d{1,19}$/
const WELL_KNOWN: Readonly<Record<string, string>> = {
  'google.protobuf.Timestamp': 'must be a moment as "2026-01-31T12:00:00Z"',
  'google.protobuf.FieldMask': 'must be text: names in lowerCamelCase, with commas between them',
}
const BITS = { [ScalarType.INT32]: 31n, [ScalarType.INT64]: 63n } as const

/** @throws `VALIDATION_FAILED`, with the paths as protobuf spells them: `post.author_id` */
export function checkJson(schema: DescMessage, value: unknown): void {
  const findings = new Findings()
  checkMessage(schema, value, '', findings)
  findings.expectNone()
}

function checkMessage(schema: DescMessage, value: unknown, path: string, findings: Findings): void {
  if (schema.typeName.startsWith('google.protobuf.')) {
    checkWellKnown(schema, value, path, findings)
    return
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    findings.add(path === '' ? 'body' : path, 'type', 'must be an object')
    return
  }
  const seen = new Set<DescField>()
  const fields = fieldsOf(schema)
  for (const [key, member] of Object.entries(value)) {
    if (findings.isFull) return
    const field = fields.get(key)
    if (field === undefined) {
      const known = schema.fields.map(({ jsonName }) => jsonName).join(', ')
      findings.add(
        join(path, shorten(key, NAME_SHOWN_MAX)),
        'unknown',
        `is not a field here, expected some of ${known || 'none'}`,
      )
      continue
    }
    const name = join(path, field.name)
    if (seen.has(field)) findings.add(name, 'duplicate', `comes twice, as ${field.name} and as ${field.jsonName}`)
    seen.add(field)
    checkField(field, member, name, findings)
  }
}

const fieldsBySchema = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>()

/** By both their names. */
function fieldsOf(schema: DescMessage): ReadonlyMap<string, DescField> {
  const known = fieldsBySchema.get(schema)
  if (known !== undefined) return known
  const made = new Map(schema.fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field] as const]))
  fieldsBySchema.set(schema, made)
  return made
}

function checkField(field: DescField, value: unknown, path: string, findings: Findings): void {
  // Null is as if it were not there, but for the one message that has a null of its own.
  if (value === null) return
  if (field.fieldKind !== 'list') {
    checkOne(field, value, path, findings)
  } else if (Array.isArray(value)) {
    for (const one of value) {
      if (findings.isFull) return
      checkOne(field, one, path, findings)
    }
  } else findings.add(path, 'type', 'must be a list')
}

function checkOne(field: DescField, value: unknown, path: string, findings: Findings): void {
  if (field.message !== undefined) checkMessage(field.message, value, path, findings)
  else if (field.enum !== undefined) checkEnum(field.enum, value, path, findings)
  else if (field.scalar !== undefined) checkScalar(field.scalar, value, path, findings)
}

function checkWellKnown(schema: DescMessage, value: unknown, path: string, findings: Findings): void {
  try {
    fromJson(schema, value as JsonValue)
  } catch {
    findings.add(path, 'format', WELL_KNOWN[schema.typeName] ?? `must be as ${schema.typeName} is in JSON`)
  }
}

function checkEnum({ values }: DescEnum, value: unknown, path: string, findings: Findings): void {
  // By number too; one without a name is refused by who reads the message, over every transport.
  if (typeof value === 'string' ? values.some(({ name }) => name === value) : isWithin(value, BITS[ScalarType.INT32])) return
  // The first stands for none, and is never asked for.
  findings.add(
    path,
    'choice',
    `must be one of ${values
      .slice(1)
      .map(({ name }) => name)
      .join(', ')}`,
  )
}

function checkScalar(scalar: ScalarType, value: unknown, path: string, findings: Findings): void {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      if (typeof value !== 'string') findings.add(path, 'type', 'must be text')
      return
    case ScalarType.BOOL:
      if (typeof value !== 'boolean') findings.add(path, 'type', 'must be true or false')
      return
    case ScalarType.INT32:
    case ScalarType.INT64:
      if (!isWithin(value, BITS[scalar])) findings.add(path, 'type', `must be a whole number of ${BITS[scalar] + 1n} bits`)
      return
    default:
      if (typeof value !== 'number') findings.add(path, 'type', 'must be a number')
  }
}

/** As a number or, past those of JSON, as text. */
function isWithin(value: unknown, bits: bigint): boolean {
  const isWhole = typeof value === 'string' ? WHOLE_NUMBER.test(value) : Number.isSafeInteger(value)
  if (!isWhole) return false
  const number = BigInt(value as string | number)
  return number >= -(2n ** bits) && number < 2n ** bits
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
