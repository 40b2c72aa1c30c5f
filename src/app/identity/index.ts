export { type Identity, openIdentity } from './open-identity.ts'
