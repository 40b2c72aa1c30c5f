/** Who is believed: the issuer's public keys from a file, or in development a key of this folder's own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createDevelopmentSigner,
  createTokenVerifier,
  type DevelopmentSigner,
  type JwkSet,
  type TokenVerifier,
} from '../auth/index.ts'
import { encodeTypeId, uuidGenerator } from '../kernel/index.ts'
import { SYSTEM_CLOCK, SYSTEM_RANDOMNESS } from './clock.ts'
import { openDataFolder } from './database.ts'
import type { App } from './declare.ts'
import type { Identity } from './identity/index.ts'
import { type Settings, SettingsError } from './settings.ts'

export type Mode = 'development' | 'production'

/** Names the development issuer; nothing answers there. */
const DEVELOPMENT_ISSUER = 'urn:plinth:development'

/** Whether the service signs people in by itself: it keeps accounts, and no other issuer is named. */
export function hasOwnIdentity({ domain }: App, { tokenIssuer, tokenJwksFile }: Settings): boolean {
  return domain.accounts !== undefined && tokenIssuer === undefined && tokenJwksFile === undefined
}

/** @param identity the service's own, if it has one */
export function createVerifier(app: App, settings: Settings, mode: Mode, identity: Identity | undefined): TokenVerifier {
  const audience = settings.tokenAudience ?? app.domain.name
  const { tokenIssuer, tokenJwksFile } = settings
  if (tokenIssuer !== undefined && tokenJwksFile !== undefined) {
    const issuers = [{ issuer: tokenIssuer, keys: readKeys(tokenJwksFile) }]
    return createTokenVerifier({ issuers, audience, clock: SYSTEM_CLOCK })
  }
  if (tokenIssuer !== undefined || tokenJwksFile !== undefined || (mode === 'production' && identity === undefined)) {
    throw new SettingsError(
      'Cannot verify access tokens: TOKEN_ISSUER and TOKEN_JWKS_FILE are not both set, expected the name and the public keys of your issuer',
    )
  }
  const own = identity === undefined ? [] : [identity.trust]
  const development =
    mode === 'development' ? [{ issuer: DEVELOPMENT_ISSUER, keys: developmentSigner(app, settings).publicJwks() }] : []
  const verifier = createTokenVerifier({ issuers: [...own, ...development], audience, clock: SYSTEM_CLOCK })
  identity?.onKeys((keys) => verifier.replaceKeys(identity.trust.issuer, keys))
  return verifier
}

/** Signs with the key in the application's `.plinth/`. A service in production does not believe that key. */
function developmentSigner(app: App, settings: Settings): DevelopmentSigner {
  const keyFile = join(openDataFolder(app), 'development-key.json')
  return createDevelopmentSigner({
    keyFile,
    issuer: DEVELOPMENT_ISSUER,
    audience: settings.tokenAudience ?? app.domain.name,
    clock: SYSTEM_CLOCK,
  })
}

/**
 * Makes a token for development: of one of the application's actors, or of somebody new with the role.
 * @throws for a role that the domain does not declare
 */
export function mintDevelopmentToken(app: App, settings: Settings, role: string, subject = app.actors?.[role]): string {
  const permissions = app.domain.roles[role]
  if (permissions === undefined)
    throw new SettingsError(
      `Cannot make a token for role "${role}": the domain has none of this name, expected one of ${Object.keys(app.domain.roles).join(', ')}`,
    )
  const anybody = encodeTypeId('usr', uuidGenerator(SYSTEM_CLOCK, SYSTEM_RANDOMNESS)())
  return developmentSigner(app, settings).mintToken({ subject: subject ?? anybody, roles: [role], permissions })
}

function readKeys(file: string): JwkSet {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JwkSet
  } catch (error) {
    throw new SettingsError(`Cannot read TOKEN_JWKS_FILE "${file}": ${(error as Error).message}, expected a JSON Web Key Set`, {
      cause: error,
    })
  }
}
