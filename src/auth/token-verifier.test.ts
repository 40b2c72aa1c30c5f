// Proves JWT-01.
import { createHmac, createPublicKey, createSign, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { NOBODY } from '../model/index.ts'
import { readClaims } from './claims.ts'
import { createTokenVerifier, type JwkSet, readBearer } from './index.ts'

const NOW_MS = 1_795_380_000_000
const NOW_S = NOW_MS / 1_000
const clock = { nowMs: NOW_MS, now: () => clock.nowMs }
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const strange = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keys: JwkSet = {
  keys: [
    { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec-1' },
    { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa-1' },
  ],
}
const issuers = [{ issuer: 'https://id.example', keys }]
const verifier = createTokenVerifier({ issuers, audience: 'blog', clock })

const CLAIMS = {
  iss: 'https://id.example',
  aud: 'blog',
  sub: 'usr_01h455vb4pex5vsknk084sn02q',
  roles: ['editor'],
  permissions: ['posts:read', 'posts:write'],
  iat: NOW_S,
  nbf: NOW_S,
  exp: NOW_S + 600,
  jti: 'a-1',
}
const HEADER = { alg: 'ES256', typ: 'at+jwt', kid: 'ec-1' }

function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/** Signs anything, however wrong. */
function mint(claims: unknown = CLAIMS, header: unknown = HEADER, key: KeyObject = ec.privateKey): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function codeOf(token: string): string {
  try {
    return verifier.verify(token) instanceof Promise ? 'to be asked' : 'accepted'
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('a good token', () => {
  test('names the actor, with the id as the database has it', () => {
    expect(verifier.verify(mint())).toEqual({
      kind: 'user',
      id: '01890a5d-ac96-774b-bcce-b302099a8057',
      subject: 'usr_01h455vb4pex5vsknk084sn02q',
      roles: ['editor'],
      permissions: ['posts:read', 'posts:write'],
    })
  })

  test.each([
    ['ES256', 'ec-1', ec.privateKey],
    ['RS256', 'rsa-1', rsa.privateKey],
  ])('of another implementation, signed with %s, is accepted', async (alg, kid, key) => {
    const token = await new SignJWT(CLAIMS).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(key)

    expect(codeOf(token)).toBe('accepted')
  })

  test('is verified once and gives the same actor each time', () => {
    const token = mint({ ...CLAIMS, jti: 'same' })

    expect(verifier.verify(token)).toBe(verifier.authenticate(`Bearer ${token}`))
  })

  test('of a service without an account has no id', () => {
    const actor = verifier.verify(mint({ ...CLAIMS, sub: 'billing', client_id: 'billing' }))

    expect(actor).toMatchObject({ kind: 'service', id: null, subject: 'billing' })
  })

  test('is refused from the second when it ends, also when it is remembered', async () => {
    const token = mint({ ...CLAIMS, jti: 'ends' })
    await verifier.verify(token)

    clock.nowMs = NOW_MS + 604_999
    expect(codeOf(token)).toBe('accepted')
    clock.nowMs = NOW_MS + 605_000
    expect(codeOf(token)).toBe('AUTH_TOKEN_EXPIRED')
    clock.nowMs = NOW_MS
  })

  test('is refused once it is revoked, also when it is remembered', async () => {
    const revoked = new Set<string>()
    const strict = createTokenVerifier({
      issuers,
      audience: 'blog',
      clock,
      isRevoked: (jti) => revoked.has(jti),
    })
    const token = mint()
    await strict.verify(token)

    revoked.add('a-1')

    expect(() => strict.verify(token)).toThrow('revoked')
  })

  test('is refused when its key is taken away', async () => {
    const rotating = createTokenVerifier({ issuers, audience: 'blog', clock })
    const token = mint()
    await rotating.verify(token)

    rotating.replaceKeys('https://id.example', { keys: [{ ...strange.publicKey.export({ format: 'jwk' }), kid: 'ec-2' }] })

    expect(() => rotating.verify(token)).toThrow('not valid')
  })

  test('stays known while other tokens come and go, and a token with the same end is another token', async () => {
    const small = createTokenVerifier({ issuers, audience: 'blog', clock, cacheMax: 4 })
    for (let index = 0; index < 20; index++) await small.verify(mint({ ...CLAIMS, jti: `t-${index}` }))
    const token = mint()
    await small.verify(token)

    const forged = `${encode({ ...HEADER, x: 1 })}.${encode({ ...CLAIMS, roles: ['admin'] })}.${token.split('.')[2]}`

    expect(() => small.verify(forged)).toThrow('not valid')
    expect(small.verify(token)).toMatchObject({ roles: ['editor'] })
  })
})

describe('an attack is refused:', () => {
  const parts = mint().split('.')
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const hmac = (secret: string | Buffer, kid: string, alg = 'HS256'): string => {
    const input = `${encode({ alg, typ: 'at+jwt', kid })}.${encode(CLAIMS)}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const ecJwk = JSON.stringify(keys.keys[0])
  const derSignature = (): string => {
    const input = `${parts[0]}.${parts[1]}`
    return `${input}.${createSign('sha256').update(input).sign(ec.privateKey).toString('base64url')}`
  }
  const embedded = strange.publicKey.export({ format: 'jwk' })
  const withSignature = (bytes: Buffer): string => `${parts[0]}.${parts[1]}.${bytes.toString('base64url')}`
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')

  test.each([
    ...['none', 'None', 'NONE', 'nOnE', ''].map((alg) => [
      `alg "${alg}" without signature`,
      `${encode({ ...HEADER, alg })}.${parts[1]}.`,
    ]),
    ...['none', 'None'].map((alg) => [`alg "${alg}" with a signature`, mint(CLAIMS, { ...HEADER, alg })]),
    ...['es256', 'ES384', 'ES256K', 'ES512', 'PS256', 'EdDSA', 'RS256', 'HS256'].map((alg) => [
      `alg "${alg}" on an EC key`,
      mint(CLAIMS, { ...HEADER, alg }),
    ]),
    ['HS256 with the RSA key as PEM', hmac(pem, 'rsa-1')],
    ['HS256 with the PEM trimmed', hmac(pem.trim(), 'rsa-1')],
    ['HS256 with the PEM behind a space', hmac(` ${pem}`, 'rsa-1')],
    ['HS256 with the PEM, called RS256', hmac(pem, 'rsa-1', 'RS256')],
    ['HS256 with the RSA key as DER', hmac(rsa.publicKey.export({ type: 'spki', format: 'der' }), 'rsa-1')],
    ['HS256 with the JWK', hmac(ecJwk, 'ec-1')],
    ['HS256 with an empty key', hmac('', 'ec-1')],
    ...[
      '../../dev/null',
      '/dev/null',
      "' UNION SELECT 'key",
      'http://evil.example/jwks',
      'ec-1\0',
      'EC-1',
      ' ec-1',
      '__proto__',
      'constructor',
      '',
      'ec-1,rsa-1',
    ].map((kid) => [`kid ${JSON.stringify(kid)}`, mint(CLAIMS, { ...HEADER, kid })]),
    ['kid missing', mint(CLAIMS, { alg: 'ES256', typ: 'at+jwt' })],
    ['kid that is a list', mint(CLAIMS, { ...HEADER, kid: ['ec-1'] })],
    ['kid of another key', mint(CLAIMS, { ...HEADER, kid: 'rsa-1' })],
    ['key of a stranger', mint(CLAIMS, HEADER, strange.privateKey)],
    ['key in the header', mint(CLAIMS, { ...HEADER, jwk: embedded }, strange.privateKey)],
    ['key in the header beside a good signature', mint(CLAIMS, { ...HEADER, jwk: embedded })],
    ...['jku', 'x5u'].map((name) => [`${name} in the header`, mint(CLAIMS, { ...HEADER, [name]: 'https://evil.example/keys' })]),
    ['x5c in the header', mint(CLAIMS, { ...HEADER, x5c: ['MIIB'] })],
    ['crit', mint(CLAIMS, { ...HEADER, crit: ['exp'] })],
    ['empty crit', mint(CLAIMS, { ...HEADER, crit: [] })],
    ['b64 false', mint(CLAIMS, { ...HEADER, b64: false })],
    ['zip', mint(CLAIMS, { ...HEADER, zip: 'DEF' })],
    ['nested token', mint(CLAIMS, { ...HEADER, cty: 'JWT' })],
    ['signature of zeros', withSignature(Buffer.alloc(64))],
    ['signature r=0', withSignature(Buffer.concat([Buffer.alloc(32), Buffer.alloc(32, 1)]))],
    ['signature s=0', withSignature(Buffer.concat([Buffer.alloc(32, 1), Buffer.alloc(32)]))],
    ['signature of the order of the curve', withSignature(Buffer.concat([order, order]))],
    ['signature as DER', derSignature()],
    ['signature with a byte more', withSignature(Buffer.concat([Buffer.from(parts[2] ?? '', 'base64url'), Buffer.alloc(1)]))],
    ['signature missing', `${parts[0]}.${parts[1]}.`],
    ['two parts', `${parts[0]}.${parts[1]}`],
    ['four parts', `${mint()}.x`],
    ['empty', ''],
    ['dots', '..'],
    ['space in front', ` ${mint()}`],
    ['line feed behind', `${mint()}\n`],
    ['padding', `${mint()}==`],
    ['standard alphabet', `${mint()}+/`],
    ['header that is no object', `${encode('[]')}.${parts[1]}.${parts[2]}`],
    ['header that is no JSON', `${encode('{')}.${parts[1]}.${parts[2]}`],
    ['claims that are a list', mint([])],
    ['claims that are null', mint(null)],
    ['other issuer', mint({ ...CLAIMS, iss: 'https://id.example.evil' })],
    ['issuer with a slash', mint({ ...CLAIMS, iss: 'https://id.example/' })],
    ['issuer as list', mint({ ...CLAIMS, iss: ['https://id.example'] })],
    ['other audience', mint({ ...CLAIMS, aud: 'shop' })],
    ['audience with a suffix', mint({ ...CLAIMS, aud: 'blog2' })],
    ['audience as object', mint({ ...CLAIMS, aud: { blog: true } })],
    ['not yet valid', mint({ ...CLAIMS, nbf: NOW_S + 60 })],
    ['issued in the future', mint({ ...CLAIMS, iat: NOW_S + 60 })],
    ['lives an hour', mint({ ...CLAIMS, exp: NOW_S + 3_600 })],
    ['ends before it begins', mint({ ...CLAIMS, exp: NOW_S, iat: NOW_S + 1 })],
    ['exp as text', mint({ ...CLAIMS, exp: String(NOW_S + 600) })],
    ['exp past all numbers', mint(JSON.stringify(CLAIMS).replace(`"exp":${NOW_S + 600}`, '"exp":1e999'))],
    ['negative iat', mint({ ...CLAIMS, iat: -1 })],
    ...Object.keys(CLAIMS).map((name) => [`no ${name}`, mint({ ...CLAIMS, [name]: undefined })]),
    ['empty jti', mint({ ...CLAIMS, jti: '' })],
    ['sub as number', mint({ ...CLAIMS, sub: 7 })],
    ['long sub', mint({ ...CLAIMS, sub: 'a'.repeat(256) })],
    ['roles as text', mint({ ...CLAIMS, roles: 'admin' })],
    ['roles with an object', mint({ ...CLAIMS, roles: [{ toString: 'admin' }] })],
    ['too many roles', mint({ ...CLAIMS, roles: Array.from({ length: 33 }, (_, index) => `r${index}`) })],
    ['permissions with a space', mint({ ...CLAIMS, permissions: ['posts:read posts:write'] })],
    ['no typ', mint(CLAIMS, { alg: 'ES256', kid: 'ec-1' })],
    ...['logout+jwt', 'secevent+jwt', 'dpop+jwt', 'refresh+jwt'].map((typ) => [`typ ${typ}`, mint(CLAIMS, { ...HEADER, typ })]),
    ...['nonce', 'at_hash', 'c_hash', 'events'].map((name) => [
      `an id token by its ${name}`,
      mint({ ...CLAIMS, [name]: 'x' }, { ...HEADER, typ: 'JWT' }),
    ]),
    ['token_use id', mint({ ...CLAIMS, token_use: 'id' }, { ...HEADER, typ: 'JWT' })],
    ['longer than 8 KiB', mint({ ...CLAIMS, filler: 'x'.repeat(9_000) })],
  ])('%s', (_, token = '') => {
    expect(codeOf(token)).toBe('AUTH_TOKEN_INVALID')
  })

  test('expired is told apart from invalid', () => {
    expect(codeOf(mint({ ...CLAIMS, iat: NOW_S - 700, nbf: NOW_S - 700, exp: NOW_S - 100 }))).toBe('AUTH_TOKEN_EXPIRED')
  })

  test('none of 2,000 mutations of a good token is accepted', () => {
    const token = mint()
    const mutation = fc.tuple(
      fc.nat(token.length - 1),
      fc.constantFrom('replace', 'insert', 'delete', 'swap', 'cut'),
      fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 3 }),
    )

    fc.assert(
      fc.property(mutation, ([at, kind, text]) => {
        const mutated = {
          replace: token.slice(0, at) + text + token.slice(at + text.length),
          insert: token.slice(0, at) + text + token.slice(at),
          delete: token.slice(0, at) + token.slice(at + text.length),
          swap: token.slice(0, at) + (token[at + 1] ?? 'x') + (token[at] ?? '') + token.slice(at + 2),
          cut: token.slice(0, at),
        }[kind]
        return mutated === token || codeOf(mutated ?? '') === 'AUTH_TOKEN_INVALID'
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a key set is refused', () => {
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
  const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'jwk' })
  const good = createPublicKey(ec.privateKey).export({ format: 'jwk' })

  test.each([
    ['without keys', [], 'empty'],
    ['with a secret', [{ kty: 'oct', k: 'c2VjcmV0', kid: 'a' }], 'expected "EC" or "RSA"'],
    ['with a private key', [{ ...ec.privateKey.export({ format: 'jwk' }), kid: 'a' }], 'it is private'],
    ['with another curve', [{ ...p384, kid: 'a' }], 'expected P-256'],
    ['with a short RSA key', [{ ...weak, kid: 'a' }], 'expected 2048'],
    ['with a key without kid', [good], 'without `kid`'],
    [
      'with one kid twice',
      [
        { ...good, kid: 'a' },
        { ...good, kid: 'a' },
      ],
      'another key',
    ],
    ['with a key for encryption', [{ ...good, kid: 'a', use: 'enc' }], 'expected "sig"'],
    ['with another algorithm', [{ ...good, kid: 'a', alg: 'HS256' }], 'expected "ES256"'],
  ])('%s', (_, set, sentence) => {
    expect(() =>
      createTokenVerifier({ issuers: [{ issuer: 'a', keys: { keys: set as JwkSet['keys'] } }], audience: 'b', clock }),
    ).toThrow(sentence)
  })
})

describe('of several issuers', () => {
  const partner: JwkSet = { keys: [{ ...strange.publicKey.export({ format: 'jwk' }), kid: 'partner-1' }] }
  const both = [...issuers, { issuer: 'https://partner.example', keys: partner }]
  const ofPartner = { ...HEADER, kid: 'partner-1' }

  test('each is believed with its own keys', () => {
    const several = createTokenVerifier({ issuers: both, audience: 'blog', clock })

    expect(several.verify(mint())).toMatchObject({ subject: CLAIMS.sub })
    expect(several.verify(mint({ ...CLAIMS, iss: 'https://partner.example' }, ofPartner, strange.privateKey))).toMatchObject({
      subject: CLAIMS.sub,
    })
  })

  test('a key of one never vouches for the other', () => {
    const several = createTokenVerifier({ issuers: both, audience: 'blog', clock })

    expect(() => several.verify(mint(CLAIMS, ofPartner, strange.privateKey))).toThrow('another issuer')
    expect(() => several.verify(mint({ ...CLAIMS, iss: 'https://partner.example' }))).toThrow('another issuer')
  })

  test('two with a key of one name are refused at start, and when keys are replaced', () => {
    const clash = { keys: [{ ...strange.publicKey.export({ format: 'jwk' }), kid: 'ec-1' }] }
    const several = createTokenVerifier({ issuers: both, audience: 'blog', clock })

    expect(() => createTokenVerifier({ issuers: [...issuers, { issuer: 'b', keys: clash }], audience: 'blog', clock })).toThrow(
      'Cannot trust both "https://id.example" and "b"',
    )
    expect(() => several.replaceKeys('https://partner.example', clash)).toThrow('Cannot trust both')
    expect(several.verify(mint())).toMatchObject({ subject: CLAIMS.sub })
  })

  test('one name twice, and keys of a stranger, are refused', () => {
    expect(() => createTokenVerifier({ issuers: [...issuers, ...issuers], audience: 'blog', clock })).toThrow('twice')
    expect(() => verifier.replaceKeys('https://stranger.example', keys)).toThrow('nobody of this name is trusted')
  })

  test('a new key of one leaves the remembered tokens of all others known', () => {
    const several = createTokenVerifier({ issuers: both, audience: 'blog', clock })
    const token = mint()
    const actor = several.verify(token)

    several.replaceKeys('https://partner.example', partner)

    expect(several.verify(token)).toBe(actor)
  })
})

describe('a key that is not known yet', () => {
  test('is looked for once, and its token is good when it is found', async () => {
    const asked: string[] = []
    const learning = createTokenVerifier({
      issuers: [
        {
          issuer: 'https://id.example',
          keys,
          async learnKey(kid) {
            asked.push(kid)
            learning.replaceKeys('https://id.example', {
              keys: [...keys.keys, { ...strange.publicKey.export({ format: 'jwk' }), kid: 'ec-2' }],
            })
          },
        },
      ],
      audience: 'blog',
      clock,
    })

    await expect(learning.verify(mint(CLAIMS, { ...HEADER, kid: 'ec-2' }, strange.privateKey))).resolves.toMatchObject({
      subject: CLAIMS.sub,
    })
    await expect(learning.verify(mint(CLAIMS, { ...HEADER, kid: 'ec-3' }))).rejects.toThrow('not valid')
    expect(() => learning.verify(mint(CLAIMS, HEADER, strange.privateKey))).toThrow('not valid')
    expect(asked).toEqual(['ec-2', 'ec-3'])
  })
})

describe('the sign-in behind a token', () => {
  test('is told with the actor', () => {
    const token = mint({ ...CLAIMS, sid: 's-1', client_id: 'app', device: 'native', auth_time: NOW_S - 60, mfa_at: NOW_S - 30 })

    expect(verifier.verify(token)).toMatchObject({
      kind: 'user',
      session: {
        id: 's-1',
        clientId: 'app',
        device: 'native',
        authenticatedAtMs: NOW_MS - 60_000,
        secondFactorAtMs: NOW_MS - 30_000,
      },
    })
  })

  test('is left out where another issuer means something else by a claim of ours', () => {
    expect(verifier.verify(mint({ ...CLAIMS, device: { id: 1 }, mfa_at: 'now' }))).toMatchObject({
      session: { id: null, clientId: null, device: null, authenticatedAtMs: null, secondFactorAtMs: null },
    })
    expect(verifier.verify(mint({ ...CLAIMS, mfa_at: NOW_S + 3_600 }))).toMatchObject({ session: { secondFactorAtMs: null } })
  })

  test.each([
    ['sid', 7],
    ['sid', ''],
    ['client_id', ['app']],
    ['amr', 'pwd'],
    ['amr', [1]],
    ['amr', Array.from({ length: 17 }, () => 'pwd')],
    ['auth_time', String(NOW_S)],
    ['auth_time', -1],
    ['auth_time', NOW_S + 3_600],
  ])('is refused with the token where its claim %s is %j', (claim, value) => {
    expect(() => verifier.verify(mint({ ...CLAIMS, [claim]: value }))).toThrow(`its claim "${claim}" is not`)
  })

  test.each([
    ['device', 'telephone'],
    ['device', { id: 1 }],
    ['mfa_at', 'now'],
    ['mfa_at', NOW_S + 3_600],
  ])('is refused with a token of our own where its claim %s is %j', (claim, value) => {
    const rules = { issuer: CLAIMS.iss, audience: CLAIMS.aud, leewayS: 30, isOwnType: true }
    const read = (claims: Readonly<Record<string, unknown>>) =>
      readClaims({ type: 'at+jwt', issuer: CLAIMS.iss, kid: 'ec-1', claims }, rules, NOW_S)

    expect(() => read({ ...CLAIMS, [claim]: value })).toThrow(`its claim "${claim}" is not`)
    expect(read({ ...CLAIMS, device: 'native', mfa_at: NOW_S - 30 }).actor.session).toMatchObject({
      device: 'native',
      secondFactorAtMs: NOW_MS - 30_000,
    })
  })

  test('of a service is a service, and on a service where the token names no device', () => {
    expect(verifier.verify(mint({ ...CLAIMS, client_id: CLAIMS.sub }))).toMatchObject({
      kind: 'service',
      session: { device: 'service', clientId: CLAIMS.sub },
    })
  })
})

describe('the Authorization header', () => {
  test('without one nobody asks', () => {
    expect(verifier.authenticate(undefined)).toBe(NOBODY)
  })

  test('the scheme has no case', () => {
    expect(readBearer('bEaReR abc.def')).toBe('abc.def')
  })

  test.each([
    [''],
    ['Bearer'],
    ['Bearer '],
    ['Bearer  abc'],
    ['Bearer abc '],
    ['Bearer abc def'],
    ['Bearer abc,Bearer def'],
    [' Bearer abc'],
    ['Basic abc'],
    ['Bearer\tabc'],
    ['abc'],
    ['Bearer a\nb'],
  ])('%j is refused', (header) => {
    expect(() => verifier.authenticate(header)).toThrow('Bearer <access token>')
  })
})
