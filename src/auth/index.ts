export { createAccountGuard } from './accounts/account-guard.ts'
export { type Account, Accounts } from './accounts/accounts.ts'
export { ClaimLetters, type ClaimLettersParts } from './accounts/claim-letters.ts'
export { Claims } from './accounts/claims.ts'
export { LetterSecrets } from './accounts/letter-secrets.ts'
export {
  addressChangedLetter,
  type Letter,
  type LetterScope,
  type Notice,
  noticeLetter,
  type SendLetter,
} from './accounts/letters.ts'
export { PasswordChanges } from './accounts/password-changes.ts'
export { Registration } from './accounts/registration.ts'
export { readBearer } from './bearer.ts'
export { LIFETIME_S_MAX as ACCESS_TOKEN_LIFETIME_S_MAX } from './claims.ts'
export {
  createDevelopmentSigner,
  type DevelopmentSigner,
  type DevelopmentSignerOptions,
  type TokenOrder,
} from './development-signer.ts'
export { type AppEnrolment, AuthenticatorApps, type AuthenticatorAppsParts } from './factors/authenticator-apps.ts'
export { type AddedPasskey, FactorChanges, type FactorChangesParts, type FactorOwner } from './factors/factor-changes.ts'
export { Factors, type FactorsParts, type FactorsView, type NotifyOwner } from './factors/factors.ts'
export { expectFreshProof, FRESH_S, type ShownAt } from './factors/fresh-proof.ts'
export { type PasskeyProof, Passkeys, type PasskeysParts, type PasskeyView } from './factors/passkeys.ts'
export { RecoveryCodes } from './factors/recovery-codes.ts'
export { type RelyingParty, relyingParty } from './factors/webauthn.ts'
export { type FailureKind, Failures } from './failures.ts'
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
export { OneTimeSecrets } from './one-time-secrets.ts'
export { type BreachedPasswords, type BreachedPasswordsOptions, createBreachedPasswords } from './passwords/breached-passwords.ts'
export {
  createPasswordHasher,
  type OwnPasswordHasher,
  type PasswordHasher,
  type PasswordHasherOptions,
  type PasswordVerdict,
} from './passwords/password-hasher.ts'
export {
  createPasswordPolicy,
  type PasswordContext,
  type PasswordPolicy,
  type PasswordPolicyOptions,
} from './passwords/password-policy.ts'
export type { IdentityScope, RunLater, SecurityEvent } from './ports.ts'
export { accountRoutes } from './routes/account-routes.ts'
export { adminRoutes, expectAccountManager } from './routes/admin-routes.ts'
export { describeIdentityRoutes } from './routes/describe.ts'
export { type FactorRoutesParts, factorRoutes } from './routes/factor-routes.ts'
export { type IdentityAnswer, type IdentityRoute, mountIdentityRoutes } from './routes/route.ts'
export { listSchema, objectSchema, TIME as TIME_SCHEMA } from './routes/schemas.ts'
export { sessionRoutes } from './routes/session-routes.ts'
export { tokenRoutes } from './routes/token-routes.ts'
export { DEVICE_COOKIE } from './sessions/known-devices.ts'
export { type SessionPlace, Sessions, type SessionTokens, type SessionView } from './sessions/sessions.ts'
export {
  type SecondFactorMethod,
  type SecondFactorProof,
  type SecondFactors,
  type SignedIn,
  SignIn,
  type SignInOutcome,
} from './sessions/sign-in.ts'
export { type SessionEnd, SignOut } from './sessions/sign-out.ts'
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
export { createVault, type Vault } from './vault.ts'
