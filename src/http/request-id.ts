/** The name of a request in the answer and in the log: the caller's own if it is harmless, else a new one. */
import { randomBytes } from 'node:crypto'

/** No character that would need escaping in JSON, in a header or in a shell. */
const FORM = /^[A-Za-z0-9._-]{1,64}$/

/** Makes a reader of `X-Request-Id`: 48 random bits name the process, a counter the request, so that none comes twice. */
export function requestIdReader(): (header: string | undefined) => string {
  const prefix = `req_${randomBytes(6).toString('hex')}`
  let counter = 0
  return (header) => {
    if (header !== undefined && FORM.test(header)) return header
    counter += 1
    return `${prefix}${counter.toString(36).padStart(6, '0')}`
  }
}
