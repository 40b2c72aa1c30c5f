/** Says on a page what went wrong, whoever found it: the server before the handler ran, the handler, or the library. */
import { JSON_HEADERS, type RenderFailure } from '../http/index.ts'
import type { PlinthError } from '../kernel/index.ts'
import { FAILURE_PAGE } from './answer.ts'
import type { PageFrame } from './pages/layout.ts'
import { renderErrorPage } from './pages/notices.ts'
import { sayFault } from './sign-in-steps.ts'
import { StepExpired } from './step.ts'
import { sayWait } from './words.ts'

export interface ErrorWords {
  readonly title: string
  readonly text: string
}

/** @param invalid what is said of a request that cannot be read. Default: that the app made a mistake. */
export function pageFailures(frame: PageFrame, invalid: ErrorWords = sayError('invalid_request')): RenderFailure {
  return (error, requestId) => {
    const code = nameOf(error)
    const { title, text } = code === 'invalid_request' ? invalid : sayError(code)
    const wait = error.retryAfterS === undefined ? '' : ` The wait is ${sayWait(error.retryAfterS)}.`
    return { headers: FAILURE_PAGE, body: renderErrorPage(frame, { title, text: text + wait, code, requestId }) }
  }
}

/** What the script of a page puts on it when it is refused: a sentence for whoever reads the page. */
export const renderScriptFailure: RenderFailure = (error) => {
  const message = error.code === 'AUTH_TICKET_INVALID' ? sayFault(error) : sayError(nameOf(error)).text
  return { headers: JSON_HEADERS, body: JSON.stringify({ message }) }
}

/** How a page names an error of ours. */
function nameOf(error: PlinthError): string {
  if (error instanceof StepExpired) return 'step_expired'
  if (error.code === 'AUTH_CROSS_SITE') return 'cross_site'
  if (error.code === 'RATE_LIMIT_SIGN_IN') return 'too_many_codes'
  if (error.status === 429) return 'too_many_requests'
  return error.status >= 500 ? 'server_error' : 'invalid_request'
}

/** What the person who sees the page can do: mostly it is the client that has to be mended. */
export function sayError(error: string): ErrorWords {
  switch (error) {
    case 'invalid_redirect_uri':
    case 'redirect_uri_mismatch':
      return {
        title: 'This link cannot be trusted',
        text: 'The app asks to send you to an address that it never registered. For your safety nothing was sent there.',
      }
    case 'invalid_client':
      return { title: 'Unknown app', text: 'The app that sent you here is not known, or may no longer be used.' }
    case 'step_expired':
      return {
        title: 'This page has expired',
        text: 'It was left open too long, or belongs to another browser. Go back to the app and begin again.',
      }
    case 'cross_site':
      return { title: 'This did not come from here', text: 'Another site tried to act for you. Nothing was done.' }
    case 'too_many_codes':
      return { title: 'Too many codes', text: 'Wrong codes were typed too often. Wait a while, then try again.' }
    case 'too_many_requests':
      return {
        title: 'Too many requests',
        text: 'More was asked from your network than we answer. Wait a while, then try again.',
      }
    case 'server_error':
    case 'temporarily_unavailable':
      return { title: 'Something went wrong', text: 'It is our fault. Please try again in a moment.' }
    default:
      return { title: 'The app asked wrongly', text: 'The app that sent you here made a mistake. Only its makers can mend it.' }
  }
}
