export { type Identity, type IdentityOptions, openIdentity } from './open-identity.ts'
