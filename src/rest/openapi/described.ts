/** Prints operations that stand beside the resources: another part of the service serves them, and says here what they take and answer. */
import { deriveInput, type FieldMap, type FieldModel, fieldSchema, type Json, type JsonSchema } from '../../model/index.ts'
import { type ErrorResponses, surroundingCodes } from './errors.ts'
import { exampleObject, exampleOfSchema } from './example.ts'
import { SHARED_HEADERS } from './headers.ts'
import { pathTemplate } from './parameters.ts'
import { EXAMPLE_REQUEST_ID, reference } from './schemas.ts'

/** An operation with an envelope like that of a record, and no resource behind it. */
export interface DescribedOperation {
  readonly method: string
  /** `/auth/sessions/:id`. */
  readonly path: string
  /** `sessions.create`. */
  readonly operation: string
  readonly summary: string
  /** `anybody`: the token is optional. */
  readonly caller: 'anybody' | 'account'
  readonly input?: FieldMap
  /** The answers of success: status and schema of `data`; null where there is no body. */
  readonly answers: Readonly<Record<number, { readonly description: string; readonly data: JsonSchema | null }>>
  /** The codes that it can answer besides those that every operation can. */
  readonly errors: readonly string[]
}

/** Operations that belong together, under one tag of the document. */
export interface DescribedGroup {
  readonly tag: string
  readonly description: string
  readonly operations: readonly DescribedOperation[]
}

/** The paths of the operations. */
export function renderDescribed(
  { tag, operations }: DescribedGroup,
  errors: ErrorResponses,
): Readonly<Record<string, Readonly<Record<string, Json>>>> {
  const paths: Record<string, Record<string, Json>> = {}
  for (const one of operations) {
    const template = pathTemplate(one.path)
    paths[template] = { ...paths[template], [one.method.toLowerCase()]: renderOne(one, tag, errors) }
  }
  return paths
}

function renderOne(one: DescribedOperation, tag: string, errors: ErrorResponses): Json {
  const input = one.input === undefined ? undefined : deriveInput(one.input)
  const names = [...one.path.matchAll(/:([a-z_]+)/g)].map(([, name = '']) => name)
  const codes = surroundingCodes({ hasBody: input !== undefined, hasId: names.length > 0 })
  return {
    operationId: `${tag}.${one.operation}`.replace(/[.-]([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    tags: [tag],
    summary: one.summary,
    parameters: names.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string', minLength: 1, maxLength: 100 },
    })),
    ...(input !== undefined && { requestBody: renderBody(input) }),
    responses: { ...renderAnswers(one), ...errors.refer([...codes, ...one.errors]) },
    security: one.caller === 'anybody' ? [{}, { bearer: [] }] : [{ bearer: [] }],
  }
}

function renderBody(input: readonly FieldModel[]): Json {
  const required = input.filter(({ rules }) => rules.input === 'required').map(({ column }) => column)
  const schema: JsonSchema = {
    type: 'object',
    properties: Object.fromEntries(input.map((field) => [field.column, fieldSchema(field)])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
  const shown = input.filter(({ rules }) => rules.input === 'required')
  const example = exampleObject(shown.length > 0 ? shown : input, () => true)
  return {
    required: required.length > 0,
    content: { 'application/json': { schema, ...(example !== undefined && { example }) } },
  }
}

function renderAnswers({ answers }: DescribedOperation): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, data }]) => [
      status,
      {
        description,
        headers: SHARED_HEADERS,
        ...(data !== null && { content: { 'application/json': { schema: envelope(data), example: envelopeExample(data) } } }),
      },
    ]),
  )
}

function envelope(data: JsonSchema): JsonSchema {
  return {
    type: 'object',
    properties: { data, meta: reference('RecordMeta') },
    required: ['data', 'meta'],
    additionalProperties: false,
  }
}

function envelopeExample(data: JsonSchema): Json {
  return { data: exampleOfSchema(data), meta: { request_id: EXAMPLE_REQUEST_ID } }
}
