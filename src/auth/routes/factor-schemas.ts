/** The shapes of what the routes of second factors answer, as JSON Schema. Those of passkeys are WebAuthn's own, spelt as browsers read them. */
import type { JsonSchema } from '../../model/index.ts'
import { listSchema, objectSchema, TIME } from './schemas.ts'

const NAME: JsonSchema = { type: 'string', maxLength: 320 }
/** base64url, up to the longest credential id. */
const BYTES: JsonSchema = { type: 'string', maxLength: 1_364 }
const MILLISECONDS: JsonSchema = { type: 'integer', format: 'int32', minimum: 0, maximum: 600_000 }
const PUBLIC_KEY: JsonSchema = { type: 'string', enum: ['public-key'] }

const RECOVERY_CODE_LIST = listSchema({ type: 'string', maxLength: 14 }, 10)

export const RECOVERY_CODES = objectSchema({ recovery_codes: RECOVERY_CODE_LIST })

export const APP_ENROLMENT = objectSchema({
  secret: { type: 'string', maxLength: 64 },
  uri: { type: 'string', maxLength: 2_048 },
})

export const PASSKEY = objectSchema({
  id: { type: 'string', format: 'uuid', maxLength: 36 },
  name: { type: 'string', maxLength: 64 },
  is_backed_up: { type: 'boolean' },
  created_at: TIME,
  last_used_at: { ...TIME, type: ['string', 'null'] },
})

export const ADDED_PASSKEY = objectSchema({
  passkey: PASSKEY,
  recovery_codes: { ...RECOVERY_CODE_LIST, type: ['array', 'null'] },
})

export const FACTORS = objectSchema({
  totp: { type: 'boolean' },
  recovery_codes: { type: 'integer', format: 'int32', minimum: 0, maximum: 10 },
  passkeys: listSchema(PASSKEY, 20),
})

const REFERENCES = listSchema(
  objectSchema({ type: PUBLIC_KEY, id: BYTES, transports: listSchema({ type: 'string', maxLength: 16 }, 7) }),
  20,
)

/** @see https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialcreationoptionsjson */
export const PASSKEY_CREATION = objectSchema({
  challenge: BYTES,
  rp: objectSchema({ id: { type: 'string', maxLength: 253 }, name: NAME }),
  user: objectSchema({ id: BYTES, name: NAME, displayName: NAME }),
  pubKeyCredParams: listSchema(
    objectSchema({ type: PUBLIC_KEY, alg: { type: 'integer', format: 'int32', minimum: -65_535, maximum: -1 } }),
    8,
  ),
  timeout: MILLISECONDS,
  attestation: { type: 'string', enum: ['none'] },
  excludeCredentials: REFERENCES,
  authenticatorSelection: objectSchema({
    residentKey: { type: 'string', enum: ['preferred'] },
    requireResidentKey: { type: 'boolean' },
    userVerification: { type: 'string', enum: ['preferred'] },
  }),
  extensions: objectSchema({ credProps: { type: 'boolean' } }),
})

/** @see https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialrequestoptionsjson */
export const PASSKEY_REQUEST = objectSchema({
  challenge: BYTES,
  rpId: { type: 'string', maxLength: 253 },
  allowCredentials: REFERENCES,
  userVerification: { type: 'string', enum: ['required', 'preferred'] },
  timeout: MILLISECONDS,
})
