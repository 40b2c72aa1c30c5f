/** The JSON Schemas of what goes in and out, from the same fields that the engine reads bodies by. */
import { toPascalCase } from '../../kernel/index.ts'
import { type FieldModel, fieldSchema, type Json, type JsonSchema, type ResourceModel } from '../../model/index.ts'
import type { RestRoute } from '../routes.ts'
import { exampleObject, exampleOf } from './example.ts'

export type Schemas = Record<string, JsonSchema>

export function reference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

const LINK: JsonSchema = { type: 'string', format: 'uri-reference', maxLength: 16_384 }
const LINK_OR_NULL: JsonSchema = { ...LINK, type: ['string', 'null'] }
export const REQUEST_ID: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$', maxLength: 64 }
export const EXAMPLE_REQUEST_ID = 'req_3f9a1c5b7d2e000001'

function object(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = Object.keys(properties),
): JsonSchema {
  return { type: 'object', properties, required: [...required], additionalProperties: false }
}

/** The schemas that all resources share. */
export function sharedSchemas(): Schemas {
  return {
    RecordMeta: object({ request_id: REQUEST_ID }),
    RecordLinks: object({ self: LINK }),
    PageLinks: object({ self: LINK, next: LINK_OR_NULL, prev: LINK_OR_NULL }),
    CursorMeta: object({
      has_next: { type: 'boolean', description: 'Whether there is a next page.' },
      cursor: { type: ['string', 'null'], maxLength: 8_192, description: 'Where the next page begins; null on the last.' },
      limit: { type: 'integer', format: 'int32', minimum: 1, maximum: 1_000 },
      request_id: REQUEST_ID,
    }),
    NumberedMeta: object({
      page: { type: 'integer', format: 'int32', minimum: 1, maximum: 1_000_000 },
      per_page: { type: 'integer', format: 'int32', minimum: 1, maximum: 1_000 },
      total: { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      total_pages: { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      request_id: REQUEST_ID,
    }),
    ErrorDetail: object({
      field: {
        type: 'string',
        maxLength: 1_024,
        description: 'The field, parameter or header that it is about; empty: the whole.',
      },
      code: {
        type: 'string',
        maxLength: 64,
        description: 'The rule that was broken: `required`, `type`, `too_long`, `unknown` …',
      },
      message: { type: 'string', maxLength: 4_096 },
    }),
    Error: object({
      error: object({
        code: {
          type: 'string',
          maxLength: 64,
          pattern: '^[A-Z][A-Z0-9_]*$',
          description: 'For programs; listed with cause and cure under `docs_url`.',
        },
        message: { type: 'string', maxLength: 4_096, description: 'For people.' },
        details: { type: 'array', items: reference('ErrorDetail'), maxItems: 256 },
        request_id: REQUEST_ID,
        docs_url: { ...LINK, maxLength: 2_048 },
      }),
    }),
  }
}

/** The schemas of a resource: its record, whole or in part, its envelopes, and what its operations take. */
export function resourceSchemas(resource: ResourceModel, routes: readonly RestRoute[]): Schemas {
  const { typeName } = resource
  const isNumbered = resource.list.pages === 'numbered'
  const record = recordSchema(resource)
  const schemas: Schemas = {
    [typeName]: record,
    [`${typeName}Selection`]: {
      ...record,
      description: `A ${resource.name} with the fields that \`fields\` names.`,
      required: ['id'],
      examples: [],
    },
    [`${typeName}Answer`]: object({ data: reference(typeName), meta: reference('RecordMeta'), links: reference('RecordLinks') }),
    [`${typeName}SelectionAnswer`]: object({
      data: anyShape(typeName),
      meta: reference('RecordMeta'),
      links: reference('RecordLinks'),
    }),
    [`${typeName}Page`]: object({
      data: { type: 'array', items: anyShape(typeName), maxItems: resource.list.limitMax },
      meta: reference(isNumbered ? 'NumberedMeta' : 'CursorMeta'),
      links: reference('PageLinks'),
    }),
  }
  for (const route of routes) {
    const input = inputSchema(route)
    if (input !== undefined) schemas[input.name] = input.schema
  }
  return withoutEmptyExamples(schemas)
}

/** All fields, or those that the caller chose. */
function anyShape(typeName: string): JsonSchema {
  return { anyOf: [reference(typeName), reference(`${typeName}Selection`)] }
}

function recordSchema(resource: ResourceModel): JsonSchema {
  const shown = resource.fields.filter((field) => field.rules.isOutput)
  const deletedAt = resource.fieldsByName.get('deletedAt')
  // What only some roles see is absent for the others.
  const required = shown.filter((field) => field.rules.readableBy === undefined)
  const example = exampleObject(shown, () => true)
  return {
    ...object(
      Object.fromEntries(
        [...shown, ...(deletedAt === undefined ? [] : [deletedAt])].map((field) => [field.column, outputSchema(field)]),
      ),
      required.map((field) => field.column),
    ),
    ...(resource.description !== undefined && { description: resource.description }),
    ...(example !== undefined && { examples: [example] }),
  }
}

function outputSchema(field: FieldModel): JsonSchema {
  const { readableBy } = field.rules
  const schema = fieldSchema(field)
  const notes = [schema['description'], readableBy === undefined ? undefined : `Shown to ${readableBy.join(', ')} only.`].filter(
    (note) => note !== undefined,
  )
  return {
    ...schema,
    ...(field.rules.input === 'none' && { readOnly: true }),
    ...(notes.length > 0 && { description: notes.join(' ') }),
  }
}

export interface NamedSchema {
  readonly name: string
  readonly schema: JsonSchema
}

/** What the body of a route may be; undefined for routes without one. */
export function inputSchema(route: RestRoute): NamedSchema | undefined {
  const { kind, resource, nesting, action } = route
  switch (kind) {
    case 'create': {
      const parent = nesting?.child.by
      const name = parent === undefined ? `Create${resource.typeName}` : `Create${nesting?.parent.typeName}${resource.typeName}`
      return {
        name,
        schema: bodySchema(writable(resource.fields), (field) => field.rules.input === 'required' && field !== parent, true),
      }
    }
    case 'update': {
      const fields = writable(resource.fields).filter((field) => !field.rules.isImmutable)
      return { name: `Update${resource.typeName}`, schema: bodySchema(fields, () => false, false) }
    }
    case 'replace': {
      const parent = nesting?.child.by
      const fields = writable(resource.fields).filter((field) => !field.rules.isImmutable)
      // What the caller may not set, or could not have read, is kept and need not be sent.
      const isRequired = ({ rules }: FieldModel): boolean =>
        rules.input === 'required' && rules.isOutput && rules.writableBy === undefined
      const name = parent === undefined ? `Replace${resource.typeName}` : `Replace${nesting?.parent.typeName}${resource.typeName}`
      return { name, schema: bodySchema(fields, (field) => isRequired(field) && field !== parent, true) }
    }
    case 'act':
      if (action === undefined) return undefined
      return {
        name: `${toPascalCase(action.name)}${resource.typeName}Input`,
        schema: bodySchema(action.input, (field) => field.rules.input === 'required', true),
      }
    case 'restore':
      return { name: 'NoInput', schema: { type: 'object', properties: {}, additionalProperties: false, examples: [{}] } }
    case 'list':
    case 'get':
    case 'delete':
      return undefined
  }
}

function writable(fields: readonly FieldModel[]): readonly FieldModel[] {
  return fields.filter((field) => field.rules.input !== 'none')
}

function bodySchema(fields: readonly FieldModel[], isRequired: (field: FieldModel) => boolean, hasDefaults: boolean): JsonSchema {
  const example = exampleObject(fields, isRequired)
  return {
    ...object(
      Object.fromEntries(fields.map((field) => [field.column, requestSchema(field, hasDefaults)])),
      fields.filter(isRequired).map((field) => field.column),
    ),
    ...(example !== undefined && { examples: [example] }),
  }
}

function requestSchema(field: FieldModel, hasDefaults: boolean): JsonSchema {
  const { fallback, writableBy } = field.rules
  const schema = fieldSchema(field)
  const notes = [schema['description'], writableBy === undefined ? undefined : `Set by ${writableBy.join(', ')} only.`].filter(
    (note) => note !== undefined,
  )
  return {
    ...schema,
    ...(notes.length > 0 && { description: notes.join(' ') }),
    ...(hasDefaults && fallback !== undefined && { default: field.kind.toJson(fallback) as Json }),
  }
}

/** The answer of a record or a page, as an example; undefined where a field has none. */
export function answerExample(resource: ResourceModel, kind: 'record' | 'page', path: string): Json | undefined {
  const record = exampleObject(
    resource.fields.filter((field) => field.rules.isOutput),
    () => true,
  )
  if (record === undefined) return undefined
  if (kind === 'record')
    return {
      data: record,
      meta: { request_id: EXAMPLE_REQUEST_ID },
      links: { self: `${path}/${exampleOf(resource.fields[0] as FieldModel)}` },
    }
  const { pages, limitDefault } = resource.list
  const meta =
    pages === 'numbered'
      ? { page: 1, per_page: limitDefault, total: 1, total_pages: 1 }
      : { has_next: false, cursor: null, limit: limitDefault }
  return { data: [record], meta: { ...meta, request_id: EXAMPLE_REQUEST_ID }, links: { self: path, next: null, prev: null } }
}

function withoutEmptyExamples(schemas: Schemas): Schemas {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { examples, ...schema }]) => [
      name,
      Array.isArray(examples) && examples.length > 0 ? { ...schema, examples } : schema,
    ]),
  )
}
