/** Sends the answers of the authorization server: JSON for machines as RFC 6749 has it, pages for people, nothing cached. */
import { type FailureAnswer, formTargets, type HttpReply, headerBlock, JSON_HEADERS, pageHeaders } from '../http/index.ts'
import type { PlinthError } from '../kernel/index.ts'
import type { ProviderAnswer } from './run-provider.ts'

/** The address of a step must not reach the client; with `no-referrer` browsers would hide the origin of forms from us too. */
const MORE = { 'referrer-policy': 'same-origin', vary: 'cookie' }
const PAGE = pageHeaders({ forms: 'open', hasScripts: false, more: MORE })
const SCRIPT_PAGE = pageHeaders({ forms: 'open', more: MORE })
/** For a page that says what went wrong. */
export const FAILURE_PAGE = pageHeaders({ hasScripts: false, more: MORE })
const REDIRECT = headerBlock({ 'referrer-policy': 'no-referrer' })
const NO_HEADERS: readonly string[] = []

/** A page on its way to a browser. */
export interface PageAnswer {
  readonly status: number
  readonly page: string
  /** Where its forms may lead in the end, besides this origin. Default nowhere; null where it is not known. */
  readonly targets?: readonly string[] | null
  readonly retryAfterS?: number | undefined
  /** Whether scripts of this service run on it. Default false. */
  readonly hasScripts?: boolean
}

/** Pages cannot be framed, run nothing, or where they need it files of this service, and send their forms where they should go. */
export function sendPage(reply: HttpReply, answer: PageAnswer, extra = NO_HEADERS): void {
  const { status, page, targets = [], retryAfterS, hasScripts = false } = answer
  // A browser that is given two policies holds to both.
  const policy = targets === null ? [] : ['content-security-policy', formTargets(targets)]
  const wait = retryAfterS === undefined ? [] : ['retry-after', String(Math.ceil(retryAfterS))]
  reply.send(status, hasScripts ? SCRIPT_PAGE : PAGE, page, [...policy, ...wait, ...extra])
}

/** 303, so that a form with a password in it is never posted on (RFC 9700, 4.12). */
export function sendRedirect(reply: HttpReply, location: string, extra = NO_HEADERS): void {
  reply.send(303, REDIRECT, undefined, ['location', location, ...extra])
}

/** Sends what the library answered. @param targets where forms of a page may lead */
export function sendAnswer(reply: HttpReply, answer: ProviderAnswer, targets: readonly string[] | null = []): void {
  const { status, type = '', location, cookies, challenge } = answer
  const extra = cookies.flatMap((cookie) => ['set-cookie', cookie])
  if (challenge !== undefined) extra.push('www-authenticate', challenge)
  const body = answer.body?.toString() ?? ''
  if (location !== undefined) sendRedirect(reply, location, extra)
  else if (type.startsWith('text/html')) sendPage(reply, { status, page: body, targets }, extra)
  else reply.send(status, JSON_HEADERS, body, extra)
}

/** An error of ours, in the words of RFC 6749. */
export function renderMachineFailure(error: PlinthError): FailureAnswer {
  const code =
    error.status === 500
      ? 'server_error'
      : error.status > 500 || error.isRetryable
        ? 'temporarily_unavailable'
        : 'invalid_request'
  const text = error.status === 500 ? 'Something went wrong on our side' : error.message
  return { headers: JSON_HEADERS, body: JSON.stringify({ error: code, error_description: text }) }
}
