/** Which errors each operation can answer, by status; and how they stand in the document, once for each set of codes. */
import { CATALOGUE, type CatalogueRow, type ErrorCode } from '../../kernel/index.ts'
import type { Domain, Json, JsonSchema } from '../../model/index.ts'
import { asksForProof } from '../../policy/index.ts'
import { listParameters } from '../read-list-query.ts'
import { bodyMode, type RestRoute } from '../routes.ts'
import { SHARED_HEADERS } from './headers.ts'
import { EXAMPLE_REQUEST_ID, reference } from './schemas.ts'

/** What any request can meet, whatever it asks for. */
const ALWAYS: readonly ErrorCode[] = [
  'VALIDATION_FAILED',
  'AUTH_REQUIRED',
  'AUTH_TOKEN_INVALID',
  'AUTH_TOKEN_EXPIRED',
  'AUTH_FORBIDDEN',
  'VALIDATION_URL_TOO_LONG',
  'VALIDATION_HEADERS_TOO_LARGE',
  'RATE_LIMIT_EXCEEDED',
  'RATE_LIMIT_OVERLOADED',
  'INTERNAL_ERROR',
  'DEPENDENCY_UNAVAILABLE',
  'DEPENDENCY_TIMEOUT',
]
const WITH_BODY: readonly ErrorCode[] = [
  'VALIDATION_BODY_MALFORMED',
  'VALIDATION_BODY_TOO_LARGE',
  'VALIDATION_CONTENT_TYPE',
  'AUTH_FIELD_FORBIDDEN',
]
/** An id that is longer than any id is no address at all. */
const WITH_ID: readonly ErrorCode[] = ['NOT_FOUND_RECORD', 'NOT_FOUND_ROUTE']
const WRITES: readonly ErrorCode[] = ['CONFLICT_DUPLICATE', 'CONFLICT_REFERENCE', 'CONFLICT_IN_PROGRESS']

/** The codes that a route can answer, a domain's own refusals included. */
export function errorCodes(route: RestRoute): readonly string[] {
  const { kind, idParameter, nesting, action, resource } = route
  const hasBody = bodyMode(route) !== 'none'
  const isWrite = hasBody || kind === 'delete'
  const hasCursor = kind === 'list' && listParameters(resource).all.some((parameter) => parameter.name === 'cursor')
  return [
    ...ALWAYS,
    ...(hasBody ? WITH_BODY : []),
    ...(hasCursor ? (['VALIDATION_CURSOR'] as const) : []),
    ...(idParameter !== undefined || nesting !== undefined ? WITH_ID : []),
    ...(isWrite ? WRITES : []),
    ...(isWrite && idParameter !== undefined ? (['CONFLICT_VERSION'] as const) : []),
    ...(route.method === 'POST' ? (['CONFLICT_KEY_REUSED'] as const) : []),
    ...(resource.rules.some(({ condition }) => asksForProof(condition)) ? (['AUTH_STEP_UP_REQUIRED'] as const) : []),
    ...Object.keys(action?.action.refusals ?? {}),
  ]
}

/** The codes that an operation without a resource can answer, whatever it does. */
export function surroundingCodes({
  hasBody,
  hasId,
}: {
  readonly hasBody: boolean
  readonly hasId: boolean
}): readonly ErrorCode[] {
  return [...ALWAYS, ...(hasBody ? WITH_BODY : []), ...(hasId ? WITH_ID : [])]
}

/** Keeps the responses of errors as components: each set of codes once. */
export class ErrorResponses {
  readonly #rows: ReadonlyMap<string, CatalogueRow>
  readonly #names = new Map<string, string>()
  readonly #docsUrl: (code: string) => string
  readonly components: Record<string, Json> = {}

  constructor(domain: Domain, origin: string) {
    this.#rows = new Map<string, CatalogueRow>([
      ...Object.entries(CATALOGUE),
      ...domain.refusals.map((row) => [row.code, row] as const),
    ])
    this.#docsUrl = (code) => `${origin}/docs/errors#${code}`
  }

  /** The responses for these codes, by status. */
  refer(codes: readonly string[]): Readonly<Record<string, Json>> {
    const byStatus = new Map<number, string[]>()
    for (const code of new Set(codes)) {
      const { status } = this.#rowOf(code)
      byStatus.set(status, [...(byStatus.get(status) ?? []), code])
    }
    const statuses = [...byStatus].sort(([left], [right]) => left - right)
    return Object.fromEntries(
      statuses.map(([status, of]) => [String(status), { $ref: `#/components/responses/${this.#intern(status, of)}` }]),
    )
  }

  #intern(status: number, codes: readonly string[]): string {
    const key = codes.join()
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const taken = [...this.#names.values()].filter((name) => name.startsWith(`Error${status}`)).length
    const name = taken === 0 ? `Error${status}` : `Error${status}_${taken + 1}`
    this.#names.set(key, name)
    this.components[name] = this.#render(status, codes)
    return name
  }

  #render(status: number, codes: readonly string[]): Json {
    const rows = codes.map((code) => ({ code, ...this.#rowOf(code) }))
    const code: JsonSchema = { type: 'string', enum: [...codes] }
    const isRetry = rows.some((row) => row.isRetryable)
    return {
      description: rows.map((row) => `\`${row.code}\`: ${row.message}.`).join('\n\n'),
      headers: {
        ...SHARED_HEADERS,
        ...(isRetry && { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }),
        ...(status === 401 && { 'WWW-Authenticate': { $ref: '#/components/headers/Challenge' } }),
      },
      content: {
        'application/json': {
          schema: {
            allOf: [reference('Error'), { type: 'object', properties: { error: { type: 'object', properties: { code } } } }],
          },
          examples: Object.fromEntries(
            rows.map((row) => [row.code, { summary: row.cause, value: this.#example(row.code, row.message) }]),
          ),
        },
      },
    }
  }

  #example(code: string, message: string): Json {
    const details =
      code === 'VALIDATION_FAILED'
        ? [{ field: 'limit', code: 'out_of_range', message: 'limit must be a whole number from 1 to 100' }]
        : []
    return { error: { code, message, details, request_id: EXAMPLE_REQUEST_ID, docs_url: this.#docsUrl(code) } }
  }

  #rowOf(code: string): CatalogueRow {
    const row = this.#rows.get(code)
    if (row === undefined) throw new TypeError(`Cannot document error "${code}": neither the catalogue nor the domain has it`)
    return row
  }
}
