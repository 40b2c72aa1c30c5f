export { readBearer } from './bearer.ts'
export {
  createDevelopmentSigner,
  type DevelopmentSigner,
  type DevelopmentSignerOptions,
  type TokenOrder,
} from './development-signer.ts'
export type { JwkSet } from './keys.ts'
export { createTokenVerifier, type TokenVerifier, type TokenVerifierOptions } from './token-verifier.ts'
