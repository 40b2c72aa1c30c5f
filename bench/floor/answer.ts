/** The shapes of the floor's answers, for Fastify's compiled serializer. */

const TEXT = { type: 'string' } as const
const TEXT_OR_NULL = { type: 'string', nullable: true } as const

const RECORD = {
  type: 'object',
  properties: {
    id: TEXT,
    author_id: TEXT,
    title: TEXT,
    body: TEXT,
    status: TEXT,
    published_at: TEXT_OR_NULL,
    created_at: TEXT,
    updated_at: TEXT,
    version: { type: 'integer' },
  },
} as const

export const POST_RECORD = {
  type: 'object',
  properties: {
    data: RECORD,
    meta: { type: 'object', properties: { request_id: TEXT } },
    links: { type: 'object', properties: { self: TEXT } },
  },
} as const

export const POST_PAGE = {
  type: 'object',
  properties: {
    data: { type: 'array', items: RECORD },
    meta: {
      type: 'object',
      properties: { has_next: { type: 'boolean' }, cursor: TEXT_OR_NULL, limit: { type: 'integer' }, request_id: TEXT },
    },
    links: { type: 'object', properties: { self: TEXT, next: TEXT_OR_NULL, prev: TEXT_OR_NULL } },
  },
} as const
