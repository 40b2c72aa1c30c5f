/** Opens a session for whoever has shown who they are, by whatever means, and hands its tokens out as they were asked for. */
import { type HttpRequest, refuseCrossSite, renderCookie } from '../../http/index.ts'
import { choice } from '../../model/index.ts'
import type { IdentityScope } from '../ports.ts'
import type { Sessions, SessionTokens } from '../sessions/sessions.ts'
import type { SignedIn, SignIn } from '../sessions/sign-in.ts'
import type { IdentityAnswer } from './route.ts'

export interface OpenSessionParts {
  readonly scope: Pick<IdentityScope, 'issuer'>
  readonly signIn: Pick<SignIn, 'rememberDevice'>
  readonly sessions: Pick<Sessions, 'open' | 'endByToken'>
}

/** The prefix makes browsers refuse it from a subdomain, without TLS, or for a part of the site. */
export const REFRESH_COOKIE = '__Host-plinth-refresh'

/** How the refresh token travels: `cookie`, out of reach of scripts, or `body`, for programs that are no browser. */
export const DELIVERY = choice(['cookie', 'body'])
  .default('cookie')
  .describe(
    '`cookie`: the refresh token is set as a cookie that scripts cannot read. `body`: it stands in the answer, for native clients.',
  )

/** Opens a session here; the browser is known from now on, and the session whose cookie it had ends. */
export async function openSession(
  { scope, signIn, sessions }: OpenSessionParts,
  request: HttpRequest,
  signedIn: SignedIn,
  delivery: unknown,
): Promise<IdentityAnswer> {
  const tokens = await sessions.open(signedIn, {
    device: delivery === 'body' ? 'native' : 'browser',
    userAgent: request.header('user-agent') ?? null,
    address: request.address,
    requestId: request.requestId,
  })
  // The cookie is about to be replaced: nobody could use or end the session that it belongs to.
  const former = delivery === 'body' ? undefined : request.cookies.get(REFRESH_COOKIE)
  if (former !== undefined && isOwnPage(request, scope.issuer)) await sessions.endByToken(former, request.requestId)
  return renderTokens(201, tokens, delivery, [signIn.rememberDevice(signedIn.account)])
}

/** @param cookies to set besides */
export function renderTokens(
  status: number,
  tokens: SessionTokens,
  delivery: unknown,
  cookies: readonly string[] = [],
): IdentityAnswer {
  const data = {
    status: 'signed_in',
    session_id: tokens.sessionId,
    access_token: tokens.accessToken,
    token_type: 'Bearer',
    expires_in: tokens.accessTokenExpiresInS,
    refresh_expires_in: tokens.refreshTokenExpiresInS,
  }
  const headers = cookies.flatMap((cookie) => ['set-cookie', cookie])
  if (delivery === 'body') return { status, data: { ...data, refresh_token: tokens.refreshToken }, headers }
  const cookie = renderCookie(REFRESH_COOKIE, tokens.refreshToken, { maxAgeS: tokens.refreshTokenExpiresInS })
  return { status, data, headers: ['set-cookie', cookie, ...headers] }
}

/** The refresh token of the cookie, for a request that a page of this very site made. */
export function readRefreshCookie(request: HttpRequest, origin: string): string | undefined {
  const token = request.cookies.get(REFRESH_COOKIE)
  if (token !== undefined) refuseCrossSite(request, origin)
  return token
}

function isOwnPage(request: HttpRequest, origin: string): boolean {
  try {
    refuseCrossSite(request, origin)
    return true
  } catch {
    return false
  }
}
