export { readBearer } from './bearer.ts'
export {
  createDevelopmentSigner,
  type DevelopmentSigner,
  type DevelopmentSignerOptions,
  type TokenOrder,
} from './development-signer.ts'
export {
  IDENTITY_RESOURCES,
  type IdentityEntry,
  type IdentityResource,
  journalIdentity,
} from './journal-identity.ts'
export { type KeyView, listKeys, type Rotation, rotateKeys } from './keys/key-table.ts'
export { mountJwks } from './keys/mount-jwks.ts'
export { SigningKeys } from './keys/signing-keys.ts'
export { type MintedSession, type MintedToken, type MintOrder, TokenMinter, type TokenMinterParts } from './keys/token-minter.ts'
export type { JwkSet } from './keys.ts'
export { RevokedTokens, type RevokedTokensParts } from './standing/revoked-tokens.ts'
export { type StandingEntry, Standings, type StandingsOptions } from './standing/standings.ts'
export { sweepIdentity } from './sweep-identity.ts'
export {
  createTokenVerifier,
  type TokenKeeper,
  type TokenVerifier,
  type TokenVerifierOptions,
  type TrustedIssuer,
} from './token-verifier.ts'
