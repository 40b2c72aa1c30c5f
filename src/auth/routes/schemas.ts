/** The shapes of what the routes of identity answer, as JSON Schema: for the OpenAPI document, which holds the answers to them. */
import type { JsonSchema } from '../../model/index.ts'

const TEXT: JsonSchema = { type: 'string', maxLength: 512 }
export const TIME: JsonSchema = { type: 'string', format: 'date-time', maxLength: 32 }
const SECONDS: JsonSchema = { type: 'integer', format: 'int32', minimum: 0, maximum: 2_592_000, examples: [900] }
const SECRET: JsonSchema = { type: 'string', maxLength: 8_192, examples: ['n3Vp8yZq1c7Rk0sXwB5tL2uHd9fJ4gMaQeT6oYiN-_E'] }
const JWT: JsonSchema = { ...SECRET, examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImsxIn0…'] }

export function objectSchema(properties: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema {
  return {
    type: 'object',
    additionalProperties: false,
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
  }
}

export function listSchema(items: JsonSchema, maxItems = 100): JsonSchema {
  return { type: 'array', maxItems, items }
}

export const ACCEPTED = objectSchema({ status: { type: 'string', enum: ['accepted'] } })
export const DONE = objectSchema({ status: { type: 'string', enum: ['done'] } })

export const ACCESS_TOKEN = objectSchema({
  access_token: JWT,
  token_type: { type: 'string', enum: ['Bearer'] },
  expires_in: SECONDS,
})

export const SIGNED_IN = objectSchema(
  {
    status: { type: 'string', enum: ['signed_in'] },
    session_id: { type: 'string', format: 'uuid', maxLength: 36 },
    access_token: JWT,
    token_type: { type: 'string', enum: ['Bearer'] },
    expires_in: SECONDS,
    refresh_token: SECRET,
    refresh_expires_in: SECONDS,
  },
  ['refresh_token'],
)

export const SECOND_FACTOR_REQUIRED = objectSchema({
  status: { type: 'string', enum: ['second_factor_required'] },
  ticket: SECRET,
  methods: listSchema({ type: 'string', enum: ['totp', 'recovery', 'passkey'] }, 3),
})

export const SESSION = objectSchema({
  id: { type: 'string', format: 'uuid', maxLength: 36 },
  is_current: { type: 'boolean' },
  client_id: { type: ['string', 'null'], maxLength: 255 },
  device: { type: 'string', enum: ['browser', 'native', 'service'] },
  user_agent: { type: ['string', 'null'], maxLength: 256 },
  address: { type: ['string', 'null'], maxLength: 64 },
  created_at: TIME,
  last_used_at: TIME,
  expires_at: TIME,
})

export const ME = objectSchema({
  id: TEXT,
  login: { type: ['string', 'null'], maxLength: 320 },
  display_name: { type: ['string', 'null'], maxLength: 512 },
  roles: listSchema(TEXT, 32),
  permissions: listSchema(TEXT, 256),
  session_id: { type: ['string', 'null'], maxLength: 36 },
})
