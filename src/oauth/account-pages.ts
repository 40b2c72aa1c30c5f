/**
 * Serves the pages that letters lead to. Showing a page changes nothing, so whoever opens links before their reader does (scanners of mail,
 * previews) takes nothing away; a secret serves when its form is sent.
 */
import type { PasswordChanges, Registration } from '../auth/index.ts'
import { type HttpReply, type HttpRequest, type HttpServer, type Pairs, refuseCrossSite } from '../http/index.ts'
import { type PlinthError, toPlinthError } from '../kernel/index.ts'
import type { Domain } from '../model/index.ts'
import type { Logger } from '../observe/index.ts'
import { readBytes, writePage } from './answer.ts'
import { sayWait } from './interactions.ts'
import { toTitle } from './mount.ts'
import {
  ACCOUNT_PATHS,
  renderAddressConfirmed,
  renderConfirmAddress,
  renderForgotPassword,
  renderLetterSent,
  renderLinkOver,
  renderNewPassword,
  renderPasswordSet,
} from './pages/account.ts'
import type { PageFrame } from './pages/layout.ts'
import { renderErrorPage } from './pages/notices.ts'
import { sayError } from './provider-pages.ts'
import { readForm } from './read-form.ts'

export interface AccountPagesOptions {
  readonly domain: Pick<Domain, 'name'>
  /** The public origin: only its own pages may send the forms. */
  readonly origin: string
  readonly registration: Pick<Registration, 'verify'>
  readonly passwordChanges: Pick<PasswordChanges, 'requestReset' | 'reset'>
  /** Whether a letter's secret still serves; takes nothing of it. */
  readonly isGood: (purpose: 'verify-email' | 'reset-password', secret: string) => Promise<boolean>
  readonly logger: Pick<Logger, 'error'>
  /** What people know the service by. Default: the name of the domain, as words. */
  readonly serviceName?: string
}

interface Page {
  readonly status: number
  readonly text: string
  readonly retryAfterS?: number | undefined
}

/** A password and a letter's secret, with room. */
const BODY_BYTES_MAX = 16_384

/**
 * Mounts `/auth/verify-email`, `/auth/forgot-password` and `/auth/reset-password`. Their style is served by `mountOAuth`.
 *
 * @example
 * mountAccountPages(server, { domain, origin: 'https://blog.example.com', registration, passwordChanges, isGood, logger })
 */
export function mountAccountPages(server: HttpServer, options: AccountPagesOptions): void {
  const { domain, origin, registration, passwordChanges, isGood, logger } = options
  const frame: PageFrame = { serviceName: options.serviceName ?? toTitle(domain.name) }
  const confirm: LetterForm = {
    purpose: 'verify-email',
    render: (page) => renderConfirmAddress(frame, page),
    over: () => renderLinkOver(frame, 'confirm'),
    async send({ token = '', password = '' }, { signal }) {
      await registration.verify(token, password, signal)
      return renderAddressConfirmed(frame)
    },
  }
  const reset: LetterForm = {
    purpose: 'reset-password',
    render: (page) => renderNewPassword(frame, page),
    over: () => renderLinkOver(frame, 'reset'),
    async send({ token = '', password = '' }, { address, requestId, signal }) {
      await passwordChanges.reset(token, password, { address, requestId, signal })
      return renderPasswordSet(frame)
    },
  }

  const show =
    ({ purpose, render, over }: LetterForm) =>
    async (request: HttpRequest): Promise<Page> => {
      const token = request.query['token'] ?? ''
      return (await isGood(purpose, token)) ? { status: 200, text: render({ token }) } : { status: 400, text: over() }
    }
  const send =
    ({ render, over, send: run }: LetterForm) =>
    async (request: HttpRequest, form: Pairs): Promise<Page> => {
      try {
        return { status: 200, text: await run(form, request) }
      } catch (error) {
        const fault = toPlinthError(error)
        if (fault.code === 'AUTH_LINK_INVALID') return { status: fault.status, text: over() }
        if (fault.status >= 500 && fault.retryAfterS === undefined) throw error
        const { status, retryAfterS } = fault
        return { status, retryAfterS, text: render({ token: form['token'] ?? '', fault: sayFault(fault) }) }
      }
    }
  const forget = async (_: HttpRequest, { login = '' }: Pairs): Promise<Page> => {
    if (!/^[^\s@]+@[^\s@]+$/.test(login.trim()))
      return {
        status: 400,
        text: renderForgotPassword(frame, { login: login.slice(0, 320), fault: 'This is no e-mail address.' }),
      }
    passwordChanges.requestReset(login.trim())
    return { status: 200, text: renderLetterSent(frame) }
  }

  const fail = (request: HttpRequest, thrown: unknown): Page => {
    const error = toPlinthError(thrown)
    if (error.status === 500) logger.error('A page of the accounts failed', { request_id: request.requestId, error: thrown })
    const { code, title, text } = sayFailure(error)
    const wait = error.retryAfterS === undefined ? '' : ` The wait is ${sayWait(error.retryAfterS)}.`
    const page = renderErrorPage(frame, { title, text: text + wait, code, requestId: request.requestId })
    return { status: error.status, text: page, retryAfterS: error.retryAfterS }
  }
  const route = (
    method: 'GET' | 'POST',
    path: string,
    answer: (request: HttpRequest, form: Pairs) => Page | Promise<Page>,
  ): void =>
    server.route({
      method,
      path,
      operation: `auth.pages.${method === 'GET' ? 'show-' : ''}${path.slice('/auth/'.length)}`,
      surface: 'oauth',
      isPublic: true,
      ...(method === 'POST' && { body: 'raw', bodyBytesMax: BODY_BYTES_MAX, limit: 'sensitive' }),
      async handle(request: HttpRequest, reply: HttpReply): Promise<void> {
        const { request: raw, response } = reply.takeOver()
        let page: Page
        try {
          const bytes = method === 'POST' ? await readBytes(raw) : undefined
          if (bytes !== undefined) refuseCrossSite(request, origin)
          page = await answer(request, bytes === undefined ? {} : readForm(request.header('content-type'), bytes))
        } catch (error) {
          page = fail(request, error)
        }
        writePage(response, page.status, page.text, page)
      },
    })

  route('GET', ACCOUNT_PATHS.confirm, show(confirm))
  route('POST', ACCOUNT_PATHS.confirm, send(confirm))
  route('GET', ACCOUNT_PATHS.reset, show(reset))
  route('POST', ACCOUNT_PATHS.reset, send(reset))
  route('GET', ACCOUNT_PATHS.forgot, () => ({ status: 200, text: renderForgotPassword(frame, {}) }))
  route('POST', ACCOUNT_PATHS.forgot, forget)
}

/** A page with the secret of a letter in its form. */
interface LetterForm {
  readonly purpose: 'verify-email' | 'reset-password'
  readonly render: (page: { readonly token: string; readonly fault?: string }) => string
  /** The page for a secret that serves no more. */
  readonly over: () => string
  /** @throws what the person did wrong, or what is wrong with us */
  readonly send: (form: Pairs, request: Pick<HttpRequest, 'address' | 'requestId' | 'signal'>) => Promise<string>
}

/** What the person can do about it, beside the field. */
function sayFault({ code, message, details, retryAfterS }: PlinthError): string {
  switch (code) {
    case 'AUTH_CREDENTIALS_INVALID':
      return 'This is not the password that you registered with.'
    case 'VALIDATION_FAILED':
      return details.length === 0 ? `${message}.` : details.map((detail) => `${detail.message}.`).join(' ')
    default:
      return retryAfterS === undefined ? `${message}.` : `We are busy. Wait ${sayWait(retryAfterS)}, then try again.`
  }
}

function sayFailure({ code, status }: PlinthError): { readonly code: string; readonly title: string; readonly text: string } {
  if (code === 'AUTH_CROSS_SITE') return { code: 'cross_site', ...sayError('cross_site') }
  if (status >= 500) return { code: 'server_error', ...sayError('server_error') }
  const text = 'It is damaged or not ours. Open the link of the letter once more.'
  return { code: 'invalid_request', title: 'This form cannot be read', text }
}
