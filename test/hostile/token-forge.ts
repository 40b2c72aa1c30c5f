/** Forges access tokens: with the service's own key, as nobody outside can, and with everything that an attacker has. */
import {
  constants,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { deriveKey } from '../../src/app/secret.ts'
import { SigningKeys } from '../../src/auth/keys/signing-keys.ts'
import { createVault } from '../../src/auth/vault.ts'
import { createLogger } from '../../src/observe/index.ts'
import { SqlPool } from '../../src/pg/index.ts'

/** What is sent as the `Authorization` header, and what is wrong with it. */
export interface Forgery {
  readonly what: string
  readonly authorization: string
}

type Claims = Readonly<Record<string, unknown>>

/** The order of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

export const base64url = (value: string | Uint8Array): string => Buffer.from(value as string).toString('base64url')
export const toJson = (value: unknown): string => base64url(JSON.stringify(value))

/** The service's own signing key, as only the service has it. */
export async function openSigningKey(
  databaseUrl: string,
  secret: string,
): Promise<{ readonly kid: string; readonly key: KeyObject }> {
  const sql = new SqlPool({ url: databaseUrl, applicationName: 'forge', connections: 1 })
  try {
    const keys = await SigningKeys.open({
      sql,
      clock: { now: () => Date.now(), monotonicMs: () => performance.now() },
      vault: createVault((purpose) => deriveKey(secret, purpose)),
      logger: createLogger({ service: 'forge', level: 'fatal', sensitive: [], destination: { write: () => true } }),
    })
    const { kid, privateKey } = keys.signer()
    return { kid, key: privateKey }
  } finally {
    await sql.close()
  }
}

const es256 = (input: string, key: KeyObject): Buffer => sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })

/** Signs with ES256, whatever header and claims say; text goes in as it is. */
export function forge(key: KeyObject, header: unknown, claims: unknown): string {
  const part = (value: unknown): string => (typeof value === 'string' ? base64url(value) : toJson(value))
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${es256(input, key).toString('base64url')}`
}

/** The other signature of the same words: (r, n - s) fits where (r, s) does. */
export function mirrorSignature(token: string): string {
  const [header, claims, signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  return `${header}.${claims}.${joinNumbers(numberAt(bytes, 0), ORDER - numberAt(bytes, 32))}`
}

export interface ForgeParts {
  readonly kid: string
  readonly key: KeyObject
  /** A good token, and its claims. */
  readonly token: string
  readonly claims: Claims
  /** A living session and the subject of somebody else. */
  readonly stranger: { readonly subject: string; readonly sessionId: string }
}

/** All forgeries; each must be refused. */
export function forgeAll(parts: ForgeParts): readonly Forgery[] {
  return [
    ...algorithms(parts),
    ...keyNames(parts),
    ...headers(parts),
    ...types(parts),
    ...wrongClaims(parts),
    ...signatures(parts),
    ...spellings(parts),
    ...structures(parts),
    ...authorizations(parts),
  ]
}

const bearer = (what: string, token: string): Forgery => ({ what, authorization: `Bearer ${token}` })
const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const header = ({ kid }: ForgeParts, more: Claims = {}): Claims => ({ alg: 'ES256', typ: 'at+jwt', kid, ...more })

function algorithms(parts: ForgeParts): readonly Forgery[] {
  const { key, kid, claims, token } = parts
  const none = [
    'none',
    'None',
    'NONE',
    'nOnE',
    'none ',
    ' none',
    '',
    null,
    undefined,
    0,
    false,
    [],
    {},
    ['none'],
    'ES256 ',
    'es256',
    'Es256',
  ]
  const unsigned = none.flatMap((alg) =>
    ['', '.', `.${token.split('.')[2]}`, `.${base64url('x')}`].map((end) =>
      bearer(
        `alg ${JSON.stringify(alg)} with signature "${end.slice(0, 9)}"`,
        `${toJson(header(parts, { alg }))}.${toJson(claims)}${end}`,
      ),
    ),
  )
  const open = createPublicKey(key)
  const jwk = open.export({ format: 'jwk' }) as JsonWebKey & { x: string; y: string }
  const pem = open.export({ format: 'pem', type: 'spki' }).toString()
  const secrets: readonly (readonly [string, string | Buffer])[] = [
    ['the PEM', pem],
    ['the PEM without its last line feed', pem.trim()],
    ['the PEM behind white space', `\n ${pem}`],
    ['the PEM with CRLF', pem.replaceAll('\n', '\r\n')],
    ['the DER', open.export({ format: 'der', type: 'spki' })],
    ['the JWK', JSON.stringify(jwk)],
    ['the JWK with its kid', JSON.stringify({ ...jwk, kid, alg: 'ES256', use: 'sig' })],
    ['the point', Buffer.concat([Buffer.from([4]), Buffer.from(jwk.x, 'base64url'), Buffer.from(jwk.y, 'base64url')])],
    ['x', jwk.x],
    ['the kid', kid],
    ['nothing', ''],
    ['one byte', '\0'],
    ['"secret"', 'secret'],
  ]
  const keyed = secrets.flatMap(([what, secret]) =>
    [256, 384, 512].flatMap((bits) =>
      [`HS${bits}`, `hs${bits}`, 'ES256'].map((alg) => {
        const input = `${toJson(header(parts, { alg }))}.${toJson(claims)}`
        return bearer(
          `${alg} keyed with ${what}`,
          `${input}.${createHmac(`sha${bits}`, secret).update(input).digest('base64url')}`,
        )
      }),
    ),
  )
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey
  const signers: Readonly<Record<string, (input: Buffer) => Buffer>> = {
    ES256: (input) => sign('sha256', input, { key: attacker.privateKey, dsaEncoding: 'ieee-p1363' }),
    ES384: (input) => sign('sha384', input, { key: curve('P-384'), dsaEncoding: 'ieee-p1363' }),
    ES512: (input) => sign('sha512', input, { key: curve('P-521'), dsaEncoding: 'ieee-p1363' }),
    ES256K: (input) => sign('sha256', input, { key: curve('secp256k1'), dsaEncoding: 'ieee-p1363' }),
    EdDSA: (input) => sign(null, input, generateKeyPairSync('ed25519').privateKey),
    RS256: (input) => sign('sha256', input, rsa),
    RS512: (input) => sign('sha512', input, rsa),
    PS256: (input) => sign('sha256', input, { key: rsa, padding: constants.RSA_PKCS1_PSS_PADDING }),
    // The right key, with a digest that the algorithm of the key does not name.
    'ES384 by the right key': (input) => sign('sha384', input, { key, dsaEncoding: 'ieee-p1363' }),
    'ES512 by the right key': (input) => sign('sha512', input, { key, dsaEncoding: 'ieee-p1363' }),
    'SHA-1 by the right key': (input) => sign('sha1', input, { key, dsaEncoding: 'ieee-p1363' }),
  }
  const foreign = Object.entries(signers).flatMap(([name, signer]) =>
    [name.split(' ')[0], 'ES256'].map((alg) => {
      const input = `${toJson(header(parts, { alg }))}.${toJson(claims)}`
      return bearer(`${name} called ${alg}`, `${input}.${signer(Buffer.from(input)).toString('base64url')}`)
    }),
  )
  return [...unsigned, ...keyed, ...foreign]
}

function keyNames(parts: ForgeParts): readonly Forgery[] {
  const { kid, key, claims } = parts
  const kids: readonly unknown[] = [
    undefined,
    null,
    0,
    true,
    '',
    ' ',
    `${kid} `,
    ` ${kid}`,
    `${kid}\0`,
    `${kid}/`,
    kid.slice(1),
    kid.toLowerCase() === kid ? kid.toUpperCase() : kid.toLowerCase(),
    [kid],
    { kid },
    '../../../../dev/null',
    '/dev/null',
    '..\\..\\windows\\win.ini',
    'file:///etc/passwd',
    'https://evil.example/jwks.json',
    `${kid}#https://evil.example`,
    "x' UNION SELECT 'secret' --",
    "' OR '1'='1",
    '1; DROP TABLE plinth_signing_keys',
    '$(id)',
    '{{7*7}}',
    '\u0000',
    '__proto__',
    'constructor',
    'toString',
    'A'.repeat(43),
    'A'.repeat(4_000),
    '\ud83d\ude00',
  ]
  return kids.flatMap((name) => [
    bearer(
      `kid ${JSON.stringify(name)?.slice(0, 60)}, signed by the right key`,
      forge(key, header(parts, { kid: name }), claims),
    ),
    bearer(
      `kid ${JSON.stringify(name)?.slice(0, 60)}, signed by another`,
      forge(attacker.privateKey, header(parts, { kid: name }), claims),
    ),
  ])
}

function headers(parts: ForgeParts): readonly Forgery[] {
  const jwk = { ...(attacker.publicKey.export({ format: 'jwk' }) as object), kid: parts.kid, alg: 'ES256', use: 'sig' }
  const extras: readonly Claims[] = [
    { jwk },
    { jwk, kid: 'mine' },
    { jku: 'https://evil.example/jwks.json' },
    { jku: 'http://127.0.0.1:1/' },
    { x5u: 'https://evil.example/cert.pem' },
    { x5c: [base64url('certificate')] },
    { crit: ['exp'] },
    { crit: [] },
    { crit: ['b64'], b64: false },
    { b64: false },
    { cty: 'JWT' },
    { zip: 'DEF' },
    { enc: 'A256GCM', alg: 'dir' },
    { enc: 'A256GCM' },
  ]
  return extras.flatMap((extra) => [
    bearer(
      `header ${JSON.stringify(extra).slice(0, 60)}, signed by the right key`,
      forge(parts.key, header(parts, extra), parts.claims),
    ),
    bearer(
      `header ${JSON.stringify(extra).slice(0, 60)}, signed by another`,
      forge(attacker.privateKey, header(parts, extra), parts.claims),
    ),
  ])
}

function types(parts: ForgeParts): readonly Forgery[] {
  const { key, claims } = parts
  const typs = [
    undefined,
    null,
    1,
    '',
    ['at+jwt'],
    'JWT',
    'jwt',
    'id+jwt',
    'logout+jwt',
    'refresh+jwt',
    'secevent+jwt',
    'dpop+jwt',
    'at+jwt ',
    'at+jwt;x',
    'application/at+jwt',
    'at-jwt',
  ]
  const foreign: readonly Claims[] = [
    { nonce: 'n' },
    { at_hash: 'h' },
    { c_hash: 'h' },
    { s_hash: 'h' },
    { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
    { token_use: 'refresh' },
    { token_use: 'id' },
    { token_use: null },
  ]
  return [
    ...typs.map((typ) => bearer(`typ ${JSON.stringify(typ)}`, forge(key, header(parts, { typ }), claims))),
    ...foreign.map((more) =>
      bearer(`claims of another token: ${JSON.stringify(more).slice(0, 50)}`, forge(key, header(parts), { ...claims, ...more })),
    ),
  ]
}

function wrongClaims(parts: ForgeParts): readonly Forgery[] {
  const { key, claims, stranger } = parts
  const nowS = Math.floor(Date.now() / 1_000)
  const [subject, sessionId] = [String(claims['sub']), String(claims['sid'])]
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    iss: [
      undefined,
      null,
      1,
      [claims['iss']],
      {},
      '',
      `${claims['iss']}/`,
      ` ${claims['iss']}`,
      'urn:plinth:development',
      'https://evil.example',
    ],
    aud: [
      undefined,
      null,
      1,
      {},
      [],
      ['other'],
      'other',
      `${claims['aud']} `,
      String(claims['aud']).toUpperCase(),
      [[claims['aud']]],
      '',
    ],
    sub: [
      undefined,
      null,
      1,
      [],
      {},
      '',
      'usr_',
      subject.toUpperCase(),
      `${subject} `,
      stranger.subject,
      'a'.repeat(256),
      'admin',
      'usr_01h455vb4pex5vsknk084sn02q',
    ],
    exp: [undefined, null, `${nowS + 600}`, [], {}, true, -1, 0, nowS - 60, nowS - 5.5, nowS + 3_600, 2 ** 53, claims['iat']],
    nbf: [undefined, null, `${nowS}`, [], {}, true, -1, nowS + 60, 2 ** 53],
    iat: [undefined, null, `${nowS}`, [], {}, true, -1, nowS + 60, 2 ** 53, nowS - 3_600],
    jti: [undefined, null, 1, '', [], {}, 'j'.repeat(256)],
    roles: [
      undefined,
      null,
      'admin',
      {},
      [1],
      [null],
      [''],
      ['a b'],
      ['a\n'],
      ['\u0430dmin'],
      [['admin']],
      Array.from({ length: 33 }, () => 'viewer'),
    ],
    permissions: [
      undefined,
      null,
      'users:write',
      {},
      [1],
      [''],
      ['a b'],
      [['x']],
      Array.from({ length: 257 }, () => 'posts:read'),
    ],
    sid: [
      undefined,
      null,
      1,
      '',
      [],
      {},
      'nonsense',
      stranger.sessionId,
      '00000000-0000-0000-0000-000000000000',
      sessionId.toUpperCase(),
    ],
    client_id: [null, 1, '', {}, subject, 'unknown-client'],
    device: [null, 1, 'root', 'Browser', ['browser']],
    amr: [null, 'mfa', [1], Array.from({ length: 17 }, () => 'pwd')],
    auth_time: [null, '1', nowS + 3_600, -1],
    mfa_at: [null, '1', nowS + 3_600, -1],
  }
  // As raw JSON: what no serialiser writes.
  const raw = JSON.stringify(claims)
  const texts: Readonly<Record<string, string>> = {
    'exp of 1e400': raw.replace(/"exp":\d+/, '"exp":1e400'),
    'nbf of 1e400': raw.replace(/"nbf":\d+/, '"nbf":1e400'),
    'iat of -1e400': raw.replace(/"iat":\d+/, '"iat":-1e400'),
    'exp of 0x7fffffff': raw.replace(/"exp":\d+/, '"exp":0x7fffffff'),
    'exp of NaN': raw.replace(/"exp":\d+/, '"exp":NaN'),
    'exp twice, the last one over': raw.replace(/}$/, `,"exp":${nowS - 60}}`),
    'sub twice, the last one another': raw.replace(/}$/, `,"sub":"${stranger.subject}"}`),
    'aud twice, the last one another': raw.replace(/}$/, ',"aud":"other"}'),
    'a byte order mark': `\ufeff${raw}`,
    'a comment': raw.replace('{', '{/**/'),
    'a trailing comma': raw.replace(/}$/, ',}'),
    'claims in the prototype': `{"__proto__":${raw}}`,
    'a NUL behind it': `${raw}\0`,
    'two objects': `${raw}${raw}`,
  }
  return [
    ...Object.entries(wrong).flatMap(([name, values]) =>
      values.map((value) =>
        bearer(`${name} ${JSON.stringify(value)?.slice(0, 40)}`, forge(key, header(parts), { ...claims, [name]: value })),
      ),
    ),
    ...Object.entries(texts).map(([what, text]) => bearer(what, forge(key, header(parts), text))),
  ]
}

function signatures({ token }: ForgeParts): readonly Forgery[] {
  const [head, body, signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const signed = (what: string, other: Uint8Array): Forgery =>
    bearer(what, `${head}.${body}.${Buffer.from(other).toString('base64url')}`)
  const [r, s] = [numberAt(bytes, 0), numberAt(bytes, 32)]
  const pairs: Readonly<Record<string, readonly [bigint, bigint]>> = {
    'r and s zero': [0n, 0n],
    'r zero': [0n, s],
    's zero': [r, 0n],
    'r and s the order': [ORDER, ORDER],
    's the order': [r, ORDER],
    'r and s one': [1n, 1n],
    'r beyond the order': [r + ORDER < 2n ** 256n ? r + ORDER : 2n ** 256n - 1n, s],
    's beyond the order': [r, s + ORDER < 2n ** 256n ? s + ORDER : 2n ** 256n - 1n],
    'all bits': [2n ** 256n - 1n, 2n ** 256n - 1n],
    's and r': [s, r],
    'minus r': [ORDER - r, s],
    'one more': [r, s + 1n],
  }
  return [
    ...Object.entries(pairs).map(([what, [one, other]]) =>
      bearer(`a signature of ${what}`, `${head}.${body}.${joinNumbers(one, other)}`),
    ),
    ...[0, 1, 31, 32, 33, 62, 63].map((length) => signed(`a signature of ${length} bytes`, bytes.subarray(0, length))),
    ...[1, 2, 8, 64].map((length) =>
      signed(`a signature with ${length} bytes more`, Buffer.concat([bytes, randomBytes(length)])),
    ),
    ...[1, 32].map((length) => signed(`a signature behind ${length} zero bytes`, Buffer.concat([Buffer.alloc(length), bytes]))),
    signed('a signature in DER', derOf(r, s)),
    signed('a signature of nobody in DER', derOf(0n, 0n)),
    ...Array.from({ length: 64 }, (_, at) => {
      const bent = Buffer.from(bytes)
      bent[at] = (bent[at] ?? 0) ^ (1 << (at & 7))
      return signed(`a signature with a bit of byte ${at} turned`, bent)
    }),
  ]
}

/** Other texts for the same bytes: a token has one. */
function spellings({ token }: ForgeParts): readonly Forgery[] {
  const [head = '', body = '', signature = ''] = token.split('.')
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(signature.at(-1) ?? 'A')
  const stray = [1, 2, 3].map((bits) => `${head}.${body}.${signature.slice(0, -1)}${alphabet[last ^ bits]}`)
  return [
    ...stray.map((text, at) => bearer(`stray bits ${at + 1} in the last character`, text)),
    bearer('padding', `${token}=`),
    bearer('more padding', `${token}==`),
    bearer('padding of the header', `${head}=.${body}.${signature}`),
    bearer('padding of the claims', `${head}.${body}==.${signature}`),
    bearer('base64 of the common alphabet', `${head}.${body}.${Buffer.from(signature, 'base64url').toString('base64')}`),
    bearer('percent signs', encodeURIComponent(`${token}=`)),
    bearer('an encoded dot', token.replace('.', '%2e')),
    bearer('a space inside', token.replace('.', ' .')),
    bearer('a tab inside', token.replace('.', '\t.')),
    bearer('a space behind', `${token} x`),
    bearer('a comma behind', `${token},`),
    bearer('quotes', `"${token}"`),
    bearer('another case', token.toUpperCase()),
    bearer('a character beyond ASCII', `${token}\u00e9`),
    bearer('8,193 characters', `${token}${'A'.repeat(8_193 - token.length)}`),
    bearer('12,000 characters', `${token}${'A'.repeat(12_000 - token.length)}`),
    bearer('12,000 characters before it', `${'A'.repeat(12_000 - token.length)}${token}`),
  ]
}

function structures(parts: ForgeParts): readonly Forgery[] {
  const { token, key, claims } = parts
  const [head = '', body = '', signature = ''] = token.split('.')
  const flattened = { payload: body, protected: head, signature }
  return [
    bearer('one part', head),
    bearer('two parts', `${head}.${body}`),
    bearer('two parts and a dot', `${head}.${body}.`),
    bearer('no header', `.${body}.${signature}`),
    bearer('no claims', `${head}..${signature}`),
    bearer('four parts', `${token}.${signature}`),
    bearer('a dot behind', `${token}.`),
    bearer('a dot before', `.${token}`),
    bearer(
      'five parts, as a JWE has',
      `${toJson({ alg: 'dir', enc: 'A256GCM' })}..${base64url('nonce')}.${body}.${base64url('tag')}`,
    ),
    bearer('five parts of ours', `${head}.${body}.${signature}.${body}.${signature}`),
    bearer('JSON serialisation', JSON.stringify(flattened)),
    bearer('JSON serialisation, encoded', toJson(flattened)),
    bearer('general JSON serialisation', JSON.stringify({ payload: body, signatures: [{ protected: head, signature }] })),
    bearer('a token within a token', forge(key, header(parts), token)),
    bearer('a token within a token, said so', forge(key, header(parts, { cty: 'JWT' }), token)),
    bearer('claims that are a list', forge(key, header(parts), [claims])),
    bearer('claims that are text', forge(key, header(parts), '"claims"')),
    bearer('claims that are null', forge(key, header(parts), 'null')),
    bearer('claims that are a number', forge(key, header(parts), '1')),
    bearer('claims that are empty', forge(key, header(parts), {})),
    bearer('claims that are no JSON', forge(key, header(parts), '{')),
    bearer('claims that nest', forge(key, header(parts), `${'['.repeat(2_000)}${']'.repeat(2_000)}`)),
    bearer('a header that is a list', forge(key, [header(parts)], claims)),
    bearer('a header that is null', forge(key, 'null', claims)),
    bearer('a header that is empty', forge(key, {}, claims)),
    bearer('a header in the prototype', forge(key, `{"__proto__":${JSON.stringify(header(parts))}}`, claims)),
    bearer('a header with alg twice', forge(key, JSON.stringify(header(parts)).replace(/}$/, ',"alg":"none"}'), claims)),
    bearer('a header behind a byte order mark', forge(key, `\ufeff${JSON.stringify(header(parts))}`, claims)),
    bearer('the claims of another token', `${head}.${toJson({ ...claims, jti: 'another' })}.${signature}`),
    bearer('the header of another token', `${toJson(header(parts, { x: 1 }))}.${body}.${signature}`),
  ]
}

function authorizations({ token, claims }: ForgeParts): readonly Forgery[] {
  const credentials = Buffer.from(`${claims['sub']}:${token}`).toString('base64')
  return [
    '',
    'Bearer',
    'Bearer ',
    token,
    `Bearer Bearer ${token}`,
    `Bearer: ${token}`,
    `Bearer  ${token}`,
    `Bearer\t${token}`,
    `Bearer=${token}`,
    `Bearer ${token} ${token}`,
    `Bearer ${token},${token}`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer token="${token}"`,
    `Token ${token}`,
    `JWT ${token}`,
    `DPoP ${token}`,
    `Basic ${token}`,
    `Basic ${credentials}`,
    `Digest ${token}`,
    `x Bearer ${token}`,
    `Bearer null`,
    `Bearer undefined`,
    `Bearer [object Object]`,
  ].map((authorization) => ({ what: `Authorization: ${authorization.slice(0, 20)}`, authorization }))
}

function curve(namedCurve: string): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey
}

function numberAt(bytes: Buffer, at: number): bigint {
  return BigInt(`0x${bytes.subarray(at, at + 32).toString('hex')}`)
}

function joinNumbers(r: bigint, s: bigint): string {
  const hex = (value: bigint): string => value.toString(16).padStart(64, '0')
  return Buffer.from(hex(r) + hex(s), 'hex').toString('base64url')
}

function derOf(r: bigint, s: bigint): Buffer {
  const integer = (value: bigint): Buffer => {
    const hex = value.toString(16)
    const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
    const signed = ((bytes[0] ?? 0) & 0x80) === 0 ? bytes : Buffer.concat([Buffer.from([0]), bytes])
    return Buffer.concat([Buffer.from([2, signed.length]), signed])
  }
  const body = Buffer.concat([integer(r), integer(s)])
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}
