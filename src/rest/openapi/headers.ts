/** The headers of answers, as the document describes them. */
import type { Json } from '../../model/index.ts'
import { REQUEST_ID } from './schemas.ts'

/** What every answer has, whatever its status. */
export const SHARED_HEADERS: Readonly<Record<string, Json>> = {
  'X-Request-Id': { $ref: '#/components/headers/RequestId' },
  'RateLimit-Policy': { $ref: '#/components/headers/RateLimitPolicy' },
  RateLimit: { $ref: '#/components/headers/RateLimit' },
}

export const HEADER_COMPONENTS: Readonly<Record<string, Json>> = {
  ETag: {
    description: 'The version of the record, and of the part of its fields that the answer holds.',
    required: true,
    schema: { type: 'string', pattern: '^"[1-9][0-9]*(-[0-9a-f]{8})?"$', maxLength: 24 },
    example: '"3"',
  },
  Location: {
    description: 'The address of the new record.',
    required: true,
    schema: { type: 'string', format: 'uri-reference', maxLength: 2_048 },
  },
  RequestId: { description: 'Names the request in the log.', required: true, schema: REQUEST_ID },
  RateLimit: {
    description:
      'What is left of the limit that the request counted for: `r` requests at once, and `t` seconds until all of it is back. Missing where nothing is counted.',
    schema: { type: 'string', pattern: '^"(read|write|sensitive)";r=[0-9]+;t=[0-9]+$', maxLength: 60 },
    example: '"read";r=999;t=1',
  },
  RateLimitPolicy: {
    description: 'The limit that the request counted for: `q` requests in `w` seconds.',
    schema: { type: 'string', pattern: '^"(read|write|sensitive)";q=[0-9]+;w=60$', maxLength: 60 },
    example: '"read";q=6000;w=60',
  },
  RetryAfter: {
    description: 'Seconds to wait before the next try.',
    schema: { type: 'integer', format: 'int32', minimum: 1, maximum: 86_400 },
    example: 1,
  },
  Challenge: {
    description: 'How to sign in.',
    required: true,
    schema: { type: 'string', maxLength: 256 },
    example: 'Bearer realm="api"',
  },
  CacheControl: {
    description: 'Who may keep the answer, and how long.',
    required: true,
    schema: { type: 'string', maxLength: 256 },
    example: 'private, no-store',
  },
  Replayed: {
    description: 'Set when the answer is that of an earlier request with the same `Idempotency-Key`.',
    schema: { type: 'string', enum: ['true'] },
  },
  Deprecation: {
    description: 'Since when the operation is deprecated (RFC 9745).',
    required: true,
    schema: { type: 'string', pattern: '^@[0-9]+$', maxLength: 20 },
    example: '@1767225600',
  },
  Sunset: {
    description: 'From when the operation may be gone (RFC 8594).',
    required: true,
    schema: { type: 'string', maxLength: 40 },
    example: 'Thu, 31 Dec 2026 00:00:00 GMT',
  },
}
