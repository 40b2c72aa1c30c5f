/** The route that takes single access tokens back: their owner shows the token, whoever looks after accounts names its `jti`. */
import type { Engine } from '../../engine/index.ts'
import type { HttpRequest } from '../../http/index.ts'
import { invalid } from '../../kernel/index.ts'
import { text } from '../../model/index.ts'
import { LIFETIME_S_MAX } from '../claims.ts'
import type { IdentityScope } from '../ports.ts'
import type { RevokedTokens } from '../standing/revoked-tokens.ts'
import { expectAccountManager } from './admin-routes.ts'
import type { IdentityRoute } from './route.ts'

export interface TokenRoutesParts {
  readonly scope: Pick<IdentityScope, 'accounts' | 'clock' | 'report'>
  readonly engine: Engine
  readonly revoked: RevokedTokens
}

/** What this service has ever put into a token: a mistyped one must not look revoked. */
const JTI = text({ min: 16, max: 128, pattern: /[A-Za-z0-9_-]+/ })

export function tokenRoutes({ scope, engine, revoked }: TokenRoutesParts): readonly IdentityRoute[] {
  return [
    {
      method: 'POST',
      path: '/auth/token-revocations',
      operation: 'token-revocations.create',
      summary:
        'Take an access token back: the one that the request bears, or, for those who may update every account, any by its `jti`.',
      caller: 'account',
      limit: 'write',
      input: {
        jti: JTI.optional().describe('The `jti` of the token. Left out: the token of this request.'),
      },
      answers: { 204: { description: 'The token is refused from now on, everywhere within a second.', data: null } },
      errors: ['AUTH_FORBIDDEN', 'AUTH_STEP_UP_REQUIRED'],
      async handle(request, input) {
        const given = input['jti']
        const own = readOwnJti(request)
        if (typeof given === 'string' && given !== own) expectAccountManager(engine, scope, request)
        const jti = typeof given === 'string' ? given : own
        if (jti === undefined) throw invalid([{ field: 'jti', code: 'required', message: 'jti is required' }])
        // Nobody knows when the token of another ends; no token lives longer than this.
        const expiresAtMs = scope.clock.now() + LIFETIME_S_MAX * 1_000
        await revoked.revoke(jti, expiresAtMs, { actor: request.actor.subject, requestId: request.requestId })
        scope.report({ event: 'auth.token_revoked', subject: request.actor.subject, requestId: request.requestId })
        return { status: 204 }
      },
    },
  ]
}

/** The `jti` of the token that authenticated the request: its signature has been checked, so its claims can be read. */
function readOwnJti(request: HttpRequest): string | undefined {
  const claims = request.header('authorization')?.split('.')[1]
  if (claims === undefined) return undefined
  const { jti } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { readonly jti?: unknown }
  return typeof jti === 'string' ? jti : undefined
}
