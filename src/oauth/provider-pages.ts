/** Chooses the page for each thing that the library wants to show. */
import type { KoaContextWithOIDC } from 'oidc-provider'
import { ENDPOINTS } from './configuration.ts'
import { sayError } from './page-failures.ts'
import { renderConfirmCode, renderDeviceDenied, renderDeviceDone, renderEnterCode } from './pages/device.ts'
import type { PageFrame } from './pages/layout.ts'
import { renderContinue, renderErrorPage, renderSignedOut, renderSignOut } from './pages/notices.ts'
import type { ProviderPages } from './provider-parts.ts'
import type { ProviderRequest } from './run-provider.ts'

const CONFIRM_SIGN_OUT = `${ENDPOINTS.end_session}/confirm`

export function createProviderPages(frame: PageFrame): ProviderPages {
  return {
    error: (ctx, { error, error_description: description }, fault) =>
      renderErrorPage(frame, {
        ...sayError(fault.name === 'SessionNotFound' ? 'step_expired' : error),
        code: error,
        description,
        requestId: requestOf(ctx).requestId,
      }),
    enterCode(ctx, fault) {
      if (fault?.name === 'AbortedError') return renderDeviceDenied(frame)
      return renderEnterCode(frame, {
        action: ENDPOINTS.code_verification,
        xsrf: xsrfOf(ctx),
        userCode: requestOf(ctx).notes.userCode,
        fault: fault === undefined ? undefined : sayCodeFault(fault),
      })
    },
    confirmCode: (ctx, clientName, userCode) =>
      renderConfirmCode(frame, { action: ENDPOINTS.code_verification, xsrf: xsrfOf(ctx), userCode, clientName }),
    deviceDone: (_, clientName) => renderDeviceDone(frame, clientName),
    signOut: (ctx) => renderSignOut(frame, { action: CONFIRM_SIGN_OUT, xsrf: xsrfOf(ctx) }),
    signedOut: (ctx) =>
      renderSignedOut(frame, ctx.cookies.get(ctx.oidc.provider.cookieName('session'), { signed: false }) === undefined),
    goOn: (ctx) =>
      ctx.oidc.route === 'end_session'
        ? renderContinue(
            frame,
            { action: CONFIRM_SIGN_OUT, xsrf: xsrfOf(ctx) },
            'You are not signed in',
            'There is no session in this browser to end.',
          )
        : renderContinue(
            frame,
            { action: CONFIRM_SIGN_OUT, xsrf: xsrfOf(ctx) },
            'Change of account',
            'Somebody else was signed in to this browser. They are signed out when you go on.',
          ),
  }
}

function xsrfOf(ctx: KoaContextWithOIDC): string {
  const secret = ctx.oidc.session?.state?.['secret']
  return typeof secret === 'string' ? secret : ''
}

function requestOf(ctx: KoaContextWithOIDC): ProviderRequest {
  return ctx.req as unknown as ProviderRequest
}

function sayCodeFault({ name }: Error): string {
  switch (name) {
    case 'NoCodeError':
      return 'Type the code first.'
    case 'NotFoundError':
      return 'There is no such code. Compare it with your device, letter by letter.'
    case 'ExpiredError':
      return 'This code is too old. Ask your device for a new one.'
    case 'AlreadyUsedError':
      return 'This code was used already. Ask your device for a new one.'
    default:
      return 'Something went wrong with this code. Please try again.'
  }
}
