/** The reference service believing an issuer of the test's own, so that a test says how long a token lasts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import app from '../../examples/blog/app.ts'
import { createDevelopmentSigner } from '../../src/auth/index.ts'
import { type TestService, testService } from '../../src/testing/index.ts'

export interface ForeignIssuer extends AsyncDisposable {
  readonly service: TestService
  readonly signer: ReturnType<typeof createDevelopmentSigner>
}

export async function foreignIssuer(): Promise<ForeignIssuer> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-issuer-'))
  const issuer = 'https://id.example.com'
  const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }
  const signer = createDevelopmentSigner({ keyFile: join(folder, 'key.json'), issuer, audience: 'blog', clock })
  const file = join(folder, 'jwks.json')
  writeFileSync(file, JSON.stringify(signer.publicJwks()))
  const service = await testService({ app, environment: { TOKEN_ISSUER: issuer, TOKEN_JWKS_FILE: file } })
  return {
    service,
    signer,
    async [Symbol.asyncDispose]() {
      await service.stop()
      rmSync(folder, { recursive: true })
    },
  }
}
