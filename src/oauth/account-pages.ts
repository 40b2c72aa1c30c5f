/**
 * Serves the pages that letters lead to. Showing a page changes nothing, so whoever opens links before their reader does (scanners of mail,
 * previews) takes nothing away; a secret serves when its form is sent.
 */
import type { PasswordChanges, Registration } from '../auth/index.ts'
import type { HttpRequest, HttpServer, Pairs } from '../http/index.ts'
import { type Clock, type PlinthError, toPlinthError } from '../kernel/index.ts'
import type { Domain } from '../model/index.ts'
import { type PageAnswer, sendPage } from './answer.ts'
import { pageFailures } from './page-failures.ts'
import {
  ACCOUNT_PATHS,
  type LetterPage,
  renderAddressConfirmed,
  renderConfirmAddress,
  renderForgotPassword,
  renderLetterSent,
  renderLinkOver,
  renderNewPassword,
  renderPasswordSet,
} from './pages/account.ts'
import type { PageFrame } from './pages/layout.ts'
import { readOwnForm } from './read-form.ts'
import { sayName, sayTerm, sayWait } from './words.ts'

export interface AccountPagesOptions {
  readonly domain: Pick<Domain, 'name'>
  /** The public origin: only its own pages may send the forms. */
  readonly origin: string
  readonly registration: Pick<Registration, 'verify'>
  readonly passwordChanges: Pick<PasswordChanges, 'requestReset' | 'reset'>
  readonly clock: Pick<Clock, 'now'>
  /** When a letter's secret ends; undefined where it serves no more. Takes nothing of it. */
  readonly endOf: (purpose: 'verify-email' | 'reset-password', secret: string) => Promise<Date | undefined>
  /** What people know the service by. Default: the name of the domain, as words. */
  readonly serviceName?: string
}

/** A password and a letter's secret, with room. */
const BODY_BYTES_MAX = 16_384
const DAMAGED = {
  title: 'This form cannot be read',
  text: 'It is damaged or not ours. Open the link of the letter once more.',
}

/**
 * Mounts `/auth/verify-email`, `/auth/forgot-password` and `/auth/reset-password`. Their style is served by `mountOAuth`.
 *
 * @example
 * mountAccountPages(server, { domain, origin: 'https://blog.example.com', registration, passwordChanges, clock, endOf })
 */
export function mountAccountPages(server: HttpServer, options: AccountPagesOptions): void {
  const { domain, origin, registration, passwordChanges, clock, endOf } = options
  const frame: PageFrame = { serviceName: options.serviceName ?? sayName(domain.name) }
  const confirm: LetterForm = {
    purpose: 'verify-email',
    render: (page) => renderConfirmAddress(frame, page),
    over: () => renderLinkOver(frame, 'confirm'),
    async send({ token = '', password = '' }, { requestId, signal }) {
      await registration.verify(token, password, { requestId, signal })
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

  /** How long a letter's link works from now on, as the letter itself was made; undefined where it does no more. */
  const termOf = async (purpose: LetterForm['purpose'], token: string): Promise<string | undefined> => {
    const end = await endOf(purpose, token)
    return end === undefined ? undefined : sayTerm((end.getTime() - clock.now()) / 1_000)
  }
  const show =
    ({ purpose, render, over }: LetterForm) =>
    async (request: HttpRequest): Promise<PageAnswer> => {
      const token = request.query['token'] ?? ''
      const term = await termOf(purpose, token)
      return term === undefined ? { status: 400, page: over() } : { status: 200, page: render({ token, term }) }
    }
  const send =
    ({ purpose, render, over, send: run }: LetterForm) =>
    async (request: HttpRequest, form: Pairs): Promise<PageAnswer> => {
      try {
        return { status: 200, page: await run(form, request) }
      } catch (error) {
        const fault = toPlinthError(error)
        if (fault.code === 'AUTH_LINK_INVALID') return { status: fault.status, page: over() }
        if (fault.status >= 500 && fault.retryAfterS === undefined) throw error
        const { status, retryAfterS } = fault
        const token = form['token'] ?? ''
        const term = await termOf(purpose, token)
        return { status, retryAfterS, page: render({ token, term, fault: sayFault(fault) }) }
      }
    }
  const forget = async (_: HttpRequest, { login = '' }: Pairs): Promise<PageAnswer> => {
    if (!/^[^\s@]+@[^\s@]+$/.test(login.trim()))
      return {
        status: 400,
        page: renderForgotPassword(frame, { login: login.slice(0, 320), fault: 'This is no e-mail address.' }),
      }
    passwordChanges.requestReset(login.trim())
    return { status: 200, page: renderLetterSent(frame) }
  }

  const renderFailure = pageFailures(frame, DAMAGED)
  const route = (
    method: 'GET' | 'POST',
    path: string,
    answer: (request: HttpRequest, form: Pairs) => PageAnswer | Promise<PageAnswer>,
  ): void =>
    server.route({
      method,
      path,
      operation: `auth.pages.${method === 'GET' ? 'show-' : ''}${path.slice('/auth/'.length)}`,
      surface: 'oauth',
      isPublic: true,
      renderFailure,
      ...(method === 'POST' && { body: 'form', bodyBytesMax: BODY_BYTES_MAX, limit: 'sensitive' }),
      handle: async (request, reply) => sendPage(reply, await answer(request, readOwnForm(request, origin))),
    })

  route('GET', ACCOUNT_PATHS.confirm, show(confirm))
  route('POST', ACCOUNT_PATHS.confirm, send(confirm))
  route('GET', ACCOUNT_PATHS.reset, show(reset))
  route('POST', ACCOUNT_PATHS.reset, send(reset))
  route('GET', ACCOUNT_PATHS.forgot, () => ({ status: 200, page: renderForgotPassword(frame, {}) }))
  route('POST', ACCOUNT_PATHS.forgot, forget)
}

/** A page with the secret of a letter in its form. */
interface LetterForm {
  readonly purpose: 'verify-email' | 'reset-password'
  readonly render: (page: LetterPage) => string
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
