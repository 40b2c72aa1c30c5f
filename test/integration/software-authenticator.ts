/** An authenticator in software, for tests: makes ES256 passkeys and signs as a browser and a security key together would, and lies on request. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** What a test bends. */
export interface Lies {
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly userHandle?: string
  readonly type?: string
  /** Added to the client's data. */
  readonly clientData?: Readonly<Record<string, unknown>>
  /** Instead of the next number. */
  readonly signCount?: number
  readonly isUserVerified?: boolean
  readonly isUserPresent?: boolean
  /** The attestation's format and statement. */
  readonly attestation?: readonly [format: string, statement: Cbor]
}

/** What `navigator.credentials` takes, as far as this reads it. */
interface Options {
  readonly challenge: string
  readonly rp?: { readonly id: string }
  readonly rpId?: string
  readonly user?: { readonly id: string }
}

export interface PasskeyJson {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly clientExtensionResults: object
  readonly response: Readonly<Record<string, unknown>>
}

type Cbor = number | string | Uint8Array | readonly Cbor[] | ReadonlyMap<number | string, Cbor>

const USER_PRESENT = 0x01
const USER_VERIFIED = 0x04
const BACKUP_ELIGIBLE = 0x08
const BACKED_UP = 0x10
const HAS_CREDENTIAL = 0x40

export class SoftwareAuthenticator {
  readonly id = randomBytes(32)
  readonly #key: KeyObject
  readonly #publicKey: Buffer
  readonly #isSynced: boolean
  #origin: string
  #userHandle = ''
  #signCount = 0

  constructor(origin: string, { isSynced = false }: { readonly isSynced?: boolean } = {}) {
    this.#origin = origin
    this.#isSynced = isSynced
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#key = privateKey
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    // COSE_Key: kty EC2, alg ES256, crv P-256.
    this.#publicKey = encode(
      new Map<number, Cbor>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.from(x, 'base64url')],
        [-3, Buffer.from(y, 'base64url')],
      ]),
    )
  }

  get credentialId(): string {
    return this.id.toString('base64url')
  }

  create(options: unknown, lies: Lies = {}): PasskeyJson {
    const { challenge, rp, user } = options as Options
    this.#userHandle = user?.id ?? ''
    const clientData = this.#clientData('webauthn.create', challenge, lies)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(this.id.length)
    const credential = Buffer.concat([Buffer.alloc(16), length, this.id, this.#publicKey])
    const authData = Buffer.concat([this.#authData(rp?.id ?? '', HAS_CREDENTIAL, lies), credential])
    const [format, statement] = lies.attestation ?? ['none', new Map()]
    const attestation = new Map<string, Cbor>([
      ['fmt', format],
      ['attStmt', statement],
      ['authData', authData],
    ])
    return this.#print({
      clientDataJSON: clientData.toString('base64url'),
      attestationObject: encode(attestation).toString('base64url'),
      transports: ['internal', 'telepathy'],
    })
  }

  get(options: unknown, lies: Lies = {}): PasskeyJson {
    const { challenge, rpId = '' } = options as Options
    const clientData = this.#clientData('webauthn.get', challenge, lies)
    this.#signCount += 1
    const authData = this.#authData(rpId, 0, lies)
    const signed = Buffer.concat([authData, createHash('sha256').update(clientData).digest()])
    return this.#print({
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: sign('sha256', signed, this.#key).toString('base64url'),
      userHandle: lies.userHandle ?? this.#userHandle,
    })
  }

  #clientData(type: string, challenge: string, lies: Lies): Buffer {
    const data = {
      type: lies.type ?? type,
      challenge: lies.challenge ?? challenge,
      origin: lies.origin ?? this.#origin,
      crossOrigin: false,
    }
    return Buffer.from(JSON.stringify({ ...data, ...lies.clientData }))
  }

  #authData(rpId: string, flags: number, { isUserPresent = true, isUserVerified = true, ...lies }: Lies): Buffer {
    const state =
      (isUserPresent ? USER_PRESENT : 0) |
      (isUserVerified ? USER_VERIFIED : 0) |
      (this.#isSynced ? BACKUP_ELIGIBLE | BACKED_UP : 0)
    const count = Buffer.alloc(4)
    count.writeUInt32BE(lies.signCount ?? this.#signCount)
    const name = createHash('sha256').update(lies.rpId ?? rpId)
    return Buffer.concat([name.digest(), Buffer.from([flags | state]), count])
  }

  #print(response: PasskeyJson['response']): PasskeyJson {
    return { id: this.credentialId, rawId: this.credentialId, type: 'public-key', clientExtensionResults: {}, response }
  }
}

/** The part of CBOR that authenticators speak. @see https://www.rfc-editor.org/rfc/rfc8949 */
export function encode(value: Cbor): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value])
  if (value instanceof Map) {
    return Buffer.concat([head(5, value.size), ...[...value].flatMap(([name, item]) => [encode(name), encode(item)])])
  }
  const items = value as readonly Cbor[]
  return Buffer.concat([head(4, items.length), ...items.map(encode)])
}

function head(type: number, value: number): Buffer {
  const first = type << 5
  if (value < 24) return Buffer.from([first | value])
  if (value < 256) return Buffer.from([first | 24, value])
  return Buffer.from([first | 25, value >> 8, value & 255])
}
