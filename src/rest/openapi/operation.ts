/** Prints one operation: what it takes, what it answers, who may ask. */
import { type Deprecation, type Domain, type Json, NOBODY } from '../../model/index.ts'
import { Access, DENIED } from '../../policy/index.ts'
import { bodyMode, type RestRoute, recordPath } from '../routes.ts'
import { type ErrorResponses, errorCodes } from './errors.ts'
import { exampleOf } from './example.ts'
import { SHARED_HEADERS } from './headers.ts'
import { renderParameters } from './parameters.ts'
import { answerExample, inputSchema, reference } from './schemas.ts'

type Fields = Readonly<Record<string, Json>>

export function renderOperation(route: RestRoute, errors: ErrorResponses, deprecation: Deprecation | undefined): Fields {
  const { resource, operationId } = route
  const body = renderBody(route)
  return {
    operationId,
    tags: [resource.plural],
    summary: summaryOf(route),
    ...describe(route, deprecation),
    ...(deprecation !== undefined && { deprecated: true }),
    parameters: renderParameters(route),
    ...(body !== undefined && { requestBody: body }),
    responses: { ...renderSuccess(route, deprecation), ...errors.refer(errorCodes(route)) },
    security: isForAll(route) ? [{}, { bearer: [] }] : [{ bearer: [] }],
  }
}

/** The tags of the document: one for each resource. */
export function renderTags(domain: Domain): readonly Json[] {
  return domain.resources.map(({ plural, description }) => ({ name: plural, ...(description !== undefined && { description }) }))
}

const VERBS = {
  list: 'List',
  get: 'Get',
  create: 'Create',
  update: 'Update',
  replace: 'Replace',
  delete: 'Delete',
  restore: 'Restore',
} as const

function summaryOf({ kind, resource, nesting, action }: RestRoute): string {
  if (kind === 'act') return action?.description ?? `Run ${action?.name} on a ${resource.name}`
  const owner = nesting === undefined ? '' : ` of a ${nesting.parent.name}`
  if (kind === 'list') return `List ${resource.plural}${owner}`
  return `${VERBS[kind]} a ${resource.name}${owner}`
}

const EXPLANATIONS: Partial<Readonly<Record<RestRoute['kind'], string>>> = {
  update: 'Changes the fields that are sent and leaves the others.',
  replace: 'Sets all fields: what may be left out and is, becomes as if it had never been set.',
  delete: 'Hides the record. It is kept.',
  restore: 'Brings a deleted record back.',
}

function describe({ kind }: RestRoute, deprecation: Deprecation | undefined): Fields {
  const { since, sunset, reason } = deprecation ?? {}
  const notes = [
    EXPLANATIONS[kind],
    since === undefined
      ? undefined
      : `Deprecated since ${since}${sunset === undefined ? '' : `; it may be gone from ${sunset}`}.${reason === undefined ? '' : ` ${reason}`}`,
  ].filter((note) => note !== undefined)
  return notes.length === 0 ? {} : { description: notes.join(' ') }
}

function renderBody(route: RestRoute): Fields | undefined {
  const input = inputSchema(route)
  if (input === undefined) return undefined
  const [example] = (input.schema['examples'] ?? []) as readonly Json[]
  return {
    required: bodyMode(route) === 'json',
    content: { 'application/json': { schema: reference(input.name), ...(example !== undefined && { example }) } },
  }
}

function renderSuccess(route: RestRoute, deprecation: Deprecation | undefined): Fields {
  const { kind, resource } = route
  const { typeName } = resource
  const headers = {
    ...SHARED_HEADERS,
    ...(deprecation !== undefined && { Deprecation: { $ref: '#/components/headers/Deprecation' } }),
    ...(deprecation?.sunset !== undefined && { Sunset: { $ref: '#/components/headers/Sunset' } }),
  }
  const tagged = { ...headers, ETag: { $ref: '#/components/headers/ETag' } }
  const replayed = { 'Idempotency-Replayed': { $ref: '#/components/headers/Replayed' } }
  const record = answerExample(resource, 'record', recordPath(resource))
  const page = answerExample(resource, 'page', examplePath(route))
  switch (kind) {
    case 'list':
      return { 200: { description: 'A page of records.', headers, content: content(`${typeName}Page`, page) } }
    case 'get':
      return {
        200: {
          description: 'The record.',
          headers: { ...tagged, 'Cache-Control': { $ref: '#/components/headers/CacheControl' } },
          content: content(`${typeName}SelectionAnswer`, record),
        },
        304: { description: 'The answer that the caller has is still the same.', headers: tagged },
      }
    case 'create':
      return {
        201: {
          description: 'The new record.',
          headers: { ...tagged, Location: { $ref: '#/components/headers/Location' }, ...replayed },
          content: content(`${typeName}Answer`, record),
        },
      }
    case 'update':
    case 'replace':
      return { 200: { description: 'The record as it is now.', headers: tagged, content: content(`${typeName}Answer`, record) } }
    case 'restore':
    case 'act':
      return {
        200: {
          description: 'The record as it is now.',
          headers: { ...tagged, ...replayed },
          content: content(`${typeName}Answer`, record),
        },
      }
    case 'delete':
      return { 204: { description: 'The record is deleted.', headers } }
  }
}

/** The path of a collection, with an example in the place of the parent's id. */
function examplePath({ path, nesting }: RestRoute): string {
  const [id] = nesting?.parent.fields ?? []
  return id === undefined ? path : path.replace(':id', String(exampleOf(id)))
}

function content(schema: string, example: Json | undefined): Json {
  return { 'application/json': { schema: reference(schema), ...(example !== undefined && { example }) } }
}

/** Whether a caller without a token may get anything: then the token is optional. */
function isForAll({ kind, resource, action }: RestRoute): boolean {
  const verb = kind === 'list' || kind === 'get' ? 'read' : kind === 'replace' ? 'update' : (action?.verb ?? kind)
  return new Access(resource, verb).decide({ actor: NOBODY, nowMs: 0, address: null }) !== DENIED
}
