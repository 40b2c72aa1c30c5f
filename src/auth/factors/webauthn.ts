/**
 * What a browser answers for a passkey (WebAuthn): reads it, and has the library verify it. Knows no database and no accounts.
 *
 * Nothing but what was read here reaches the library. Attestations with certificates are refused before it sees them: verifying one fetches the
 * revocation list from wherever the certificate says, and we ask for none.
 */
import { invalid, PlinthError } from '../../kernel/index.ts'
import type { Json } from '../../model/index.ts'

/** Who passkeys are made for: the service, as browsers know it. */
export interface RelyingParty {
  /** The name that passkeys are bound to. */
  readonly id: string
  readonly origin: string
  /** How the service is called in the browser's window. */
  readonly name: string
}

/** A registration or an assertion, read and not yet believed. */
export interface PasskeyResponse {
  readonly credentialId: string
  /** The challenge that it claims to answer. */
  readonly challenge: string
  readonly clientDataJSON: string
  /** All other members of `response` that the library needs. */
  readonly members: Readonly<Record<string, string>>
  readonly transports: readonly string[]
}

export interface RegisteredPasskey {
  readonly credentialId: string
  /** COSE, in base64url. */
  readonly publicKey: string
  readonly signCount: number
  readonly isBackedUp: boolean
}

export interface VerifiedAssertion {
  readonly signCount: number
  readonly isBackedUp: boolean
  /** Whether the key may move between devices. */
  readonly isSynced: boolean
}

/** EdDSA, ES256 and RS256: one of them is known to every authenticator. @see https://www.iana.org/assignments/cose */
const ALGORITHMS: readonly number[] = [-8, -7, -257]

// 1,023 bytes: the longest credential id that WebAuthn knows.
const CREDENTIAL_ID_LENGTH_MAX = 1_364
const CLIENT_DATA_LENGTH_MAX = 4_096
const MEMBER_LENGTH_MAX = 16_384
const BASE64URL = /^[A-Za-z0-9_-]+$/
const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']
const CHALLENGE_FORM = /^[A-Za-z0-9_-]{43}$/

/** @param issuer the public origin of the service */
export function relyingParty(issuer: string, name: string): RelyingParty {
  const { hostname, origin, protocol, port } = new URL(issuer)
  // Browsers make passkeys for names only; on a developer's machine that is localhost.
  if (hostname !== '[::1]' && !/^127\.\d+\.\d+\.\d+$/.test(hostname)) return { id: hostname, origin, name }
  return { id: 'localhost', origin: `${protocol}//localhost${port === '' ? '' : `:${port}`}`, name }
}

/**
 * Reads what `navigator.credentials` gave, as JSON.
 * @throws `VALIDATION_FAILED`
 */
export function readPasskeyResponse(field: string, kind: 'registration' | 'assertion', input: unknown): PasskeyResponse {
  const names = kind === 'registration' ? ['attestationObject'] : ['authenticatorData', 'signature']
  const response = memberOf(input, 'response')
  const credentialId = readText(memberOf(input, 'id'), CREDENTIAL_ID_LENGTH_MAX)
  const clientDataJSON = readText(memberOf(response, 'clientDataJSON'), CLIENT_DATA_LENGTH_MAX)
  const members = names.map((name) => [name, readText(memberOf(response, name), MEMBER_LENGTH_MAX)] as const)
  const challenge = clientDataJSON === undefined ? undefined : readChallenge(clientDataJSON)
  const isWhole = members.every((member): member is readonly [string, string] => member[1] !== undefined)
  if (credentialId === undefined || clientDataJSON === undefined || challenge === undefined || !isWhole) {
    throw invalid([{ field, code: 'type', message: `${field} must be the JSON form of a passkey's ${kind}` }])
  }
  const userHandle = readText(memberOf(response, 'userHandle'), 128)
  const transports = memberOf(response, 'transports')
  return {
    credentialId,
    challenge,
    clientDataJSON,
    members: Object.fromEntries([...members, ...(userHandle === undefined ? [] : [['userHandle', userHandle] as const])]),
    transports: Array.isArray(transports) ? TRANSPORTS.filter((name) => transports.includes(name)) : [],
  }
}

/**
 * Verifies a new passkey.
 * @throws `AUTH_FACTOR_INVALID`, with what is wrong as its cause
 */
export async function verifyRegistration(party: RelyingParty, response: PasskeyResponse): Promise<RegisteredPasskey> {
  const { verifyRegistrationResponse, decodeAttestationObject } = await loadLibrary()
  const attestationObject = response.members['attestationObject'] ?? ''
  try {
    const attestation = decodeAttestationObject(Buffer.from(attestationObject, 'base64url'))
    const format = attestation.get('fmt')
    if (format !== 'none' && (format !== 'packed' || attestation.get('attStmt').get('x5c') !== undefined)) {
      throw new Error(`Cannot verify attestation "${format}" with certificates, expected none or one of the key itself`)
    }
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: {
        id: response.credentialId,
        rawId: response.credentialId,
        type: 'public-key',
        clientExtensionResults: {},
        response: { clientDataJSON: response.clientDataJSON, attestationObject },
      },
      expectedChallenge: response.challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      // A key without a PIN is a second factor too; alone it is asked for more.
      requireUserVerification: false,
      supportedAlgorithmIDs: [...ALGORITHMS],
    })
    if (!verified) throw new Error('Cannot verify the attestation: its signature does not match')
    const { credential, credentialBackedUp } = registrationInfo
    if (credential.id !== response.credentialId) throw new Error('Cannot register a passkey under another id than its own')
    return {
      credentialId: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      signCount: credential.counter,
      isBackedUp: credentialBackedUp,
    }
  } catch (error) {
    throw refusePasskey(error)
  }
}

/**
 * Verifies an assertion. That its counter has grown is for the caller to see to, in the statement that keeps it.
 * @throws `AUTH_FACTOR_INVALID`, with what is wrong as its cause
 */
export async function verifyAssertion(
  party: RelyingParty,
  response: PasskeyResponse,
  publicKey: string,
  isUserVerified: boolean,
): Promise<VerifiedAssertion> {
  const { verifyAuthenticationResponse } = await loadLibrary()
  const { authenticatorData = '', signature = '', userHandle } = response.members
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        id: response.credentialId,
        rawId: response.credentialId,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: response.clientDataJSON,
          authenticatorData,
          signature,
          ...(userHandle !== undefined && { userHandle }),
        },
      },
      expectedChallenge: response.challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      credential: { id: response.credentialId, publicKey: Buffer.from(publicKey, 'base64url'), counter: 0 },
      requireUserVerification: isUserVerified,
    })
    if (!verified) throw new Error('Cannot verify the assertion: its signature does not match')
    const { newCounter, credentialBackedUp, credentialDeviceType } = authenticationInfo
    return { signCount: newCounter, isBackedUp: credentialBackedUp, isSynced: credentialDeviceType === 'multiDevice' }
  } catch (error) {
    throw refusePasskey(error)
  }
}

/** The one answer for whatever is wrong with a passkey; why is in the log only. */
export function refusePasskey(cause: unknown): PlinthError {
  return new PlinthError('AUTH_FACTOR_INVALID', 'The passkey is not accepted', { cause })
}

/** What `navigator.credentials.create` takes. */
export function renderCreation(
  party: RelyingParty,
  challenge: string,
  user: { readonly id: string; readonly name: string; readonly displayName: string },
  known: readonly PasskeyReference[],
  timeoutMs: number,
): Json {
  return {
    challenge,
    rp: { id: party.id, name: party.name },
    user,
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    timeout: timeoutMs,
    attestation: 'none',
    excludeCredentials: known.map(renderReference),
    authenticatorSelection: { residentKey: 'preferred', requireResidentKey: false, userVerification: 'preferred' },
    extensions: { credProps: true },
  }
}

/** What `navigator.credentials.get` takes. */
export function renderRequest(
  party: RelyingParty,
  challenge: string,
  allowed: readonly PasskeyReference[],
  userVerification: 'required' | 'preferred',
  timeoutMs: number,
): Json {
  return { challenge, rpId: party.id, allowCredentials: allowed.map(renderReference), userVerification, timeout: timeoutMs }
}

export interface PasskeyReference {
  readonly credentialId: string
  readonly transports: readonly string[]
}

function renderReference({ credentialId, transports }: PasskeyReference): Json {
  return { type: 'public-key', id: credentialId, transports: [...transports] }
}

/** Loads the library when it is first needed: it takes about half a second. */
export function loadLibrary(): ReturnType<typeof importLibrary> {
  library ??= importLibrary()
  return library
}

let library: ReturnType<typeof importLibrary> | undefined

async function importLibrary() {
  const [server, helpers] = await Promise.all([import('@simplewebauthn/server'), import('@simplewebauthn/server/helpers')])
  const { verifyRegistrationResponse, verifyAuthenticationResponse } = server
  return { verifyRegistrationResponse, verifyAuthenticationResponse, decodeAttestationObject: helpers.decodeAttestationObject }
}

/** The challenge that the client's data name; a page inside a page of somebody else is refused here, since the library lets it pass. */
function readChallenge(clientDataJSON: string): string | undefined {
  let data: unknown
  try {
    data = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
  const challenge = memberOf(data, 'challenge')
  if (memberOf(data, 'crossOrigin') === true) return undefined
  return typeof challenge === 'string' && CHALLENGE_FORM.test(challenge) ? challenge : undefined
}

function readText(value: unknown, lengthMax: number): string | undefined {
  return typeof value === 'string' && value.length <= lengthMax && BASE64URL.test(value) ? value : undefined
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}
