/** What the hand-written servers accept: JSON Schemas for Fastify's own Ajv, and the cursor. Both servers share it. */

const TYPE_ID = '_[0-7][0-9a-hjkmnp-tv-z]{25}$'

export const PARAMS = {
  type: 'object',
  properties: { id: { type: 'string', pattern: `^post${TYPE_ID}` } },
  required: ['id'],
  additionalProperties: false,
} as const

export const LIST_QUERY = {
  type: 'object',
  properties: {
    limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    sort: { type: 'string', enum: ['-created_at'], default: '-created_at' },
    cursor: { type: 'string', maxLength: 200 },
  },
  additionalProperties: false,
} as const

const POST_FIELDS = {
  title: { type: 'string', minLength: 1, maxLength: 200 },
  body: { type: 'string', maxLength: 50_000 },
  status: { type: 'string', enum: ['draft', 'published', 'archived'] },
} as const

export const CREATE_BODY = {
  type: 'object',
  properties: { author_id: { type: 'string', pattern: `^usr${TYPE_ID}` }, ...POST_FIELDS },
  required: ['author_id', 'title', 'body'],
  additionalProperties: false,
} as const

export const PATCH_BODY = { type: 'object', properties: POST_FIELDS, minProperties: 1, additionalProperties: false } as const

export const PATCH_HEADERS = {
  type: 'object',
  properties: { 'if-match': { type: 'string', pattern: '^"[1-9][0-9]{0,8}"$' } },
  required: ['if-match'],
} as const

export interface CreateBody {
  readonly author_id: string
  readonly title: string
  readonly body: string
  readonly status?: string
}

export type PatchBody = Partial<Pick<CreateBody, 'title' | 'body' | 'status'>>

export interface ListQuery {
  readonly limit: number
  readonly sort: string
  readonly cursor?: string
}

/** Where a page ended: the sort key of its last row, and the id that breaks ties. */
export interface Cursor {
  readonly createdAt: string
  readonly id: string
}

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(`${cursor.createdAt}|${cursor.id}`).toString('base64url')
}

const CURSOR_FORM = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?\+00:00)\|([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

export function decodeCursor(text: string): Cursor | undefined {
  const match = CURSOR_FORM.exec(Buffer.from(text, 'base64url').toString('latin1'))
  return match === null ? undefined : { createdAt: match[1] ?? '', id: match[2] ?? '' }
}
