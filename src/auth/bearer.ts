/** Reads the `Authorization` header. One scheme, one token, nothing around it. */
import { PlinthError } from '../kernel/index.ts'

const PREFIX = 'Bearer '
/** @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
const FORM = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i

/**
 * The token of the header; null where there is no header.
 *
 * @throws `AUTH_TOKEN_INVALID` for another scheme, an empty token, spaces or anything after it
 */
export function readBearer(header: string | undefined): string | null {
  if (header === undefined) return null
  const token = FORM.exec(header)?.[1]
  if (token === undefined)
    throw new PlinthError('AUTH_TOKEN_INVALID', 'Cannot read the header Authorization: expected "Bearer <access token>"')
  return token
}

/** The text behind `Bearer `, unchecked: good for looking up a token that was checked before, and for nothing else. */
export function sliceBearer(header: string): string | undefined {
  return header.startsWith(PREFIX) ? header.slice(PREFIX.length) : undefined
}
