/** The headers of an answer, checked and printed once at start. */
import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { Brand } from '../kernel/index.ts'

/** Made by `headerBlock` only, so that no answer goes out without the security headers. */
export type HeaderBlock = Brand<HeaderBlockParts, 'HeaderBlock'>

interface HeaderBlockParts {
  /** Names and values in turn. */
  readonly pairs: readonly string[]
  /** The same as it goes over the wire, each line with its end. */
  readonly text: string
}

/** SEC-05. A route can replace a value (a docs page its `content-security-policy`), and cannot leave one out. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  'strict-transport-security': 'max-age=31536000; includeSubDomains; preload',
  'content-security-policy': "default-src 'self'; script-src 'self'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
})

/** An answer depends on who asks, so a shared cache may keep it only where the route says so. */
const DEFAULT_HEADERS: Readonly<Record<string, string>> = { 'cache-control': 'no-store', vary: 'authorization, origin' }

/**
 * Makes a header block: the security headers, `cache-control: no-store`, `vary`, then what is given, which wins.
 *
 * @example
 * const page = headerBlock({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'public, max-age=60' })
 */
export function headerBlock(headers: Readonly<Record<string, string>> = {}): HeaderBlock {
  const merged: Record<string, string> = { ...SECURITY_HEADERS, ...DEFAULT_HEADERS }
  for (const [name, value] of Object.entries(headers)) merged[name.toLowerCase()] = value
  let text = ''
  for (const [name, value] of Object.entries(merged)) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    text += `${name}: ${value}\r\n`
  }
  return Object.freeze({ pairs: Object.freeze(Object.entries(merged).flat()), text }) as HeaderBlock
}

/** For an answer with no body. */
export const EMPTY_HEADERS = headerBlock()
export const JSON_HEADERS = headerBlock({ 'content-type': 'application/json; charset=utf-8' })
export const TEXT_HEADERS = headerBlock({ 'content-type': 'text/plain; charset=utf-8' })
export const HTML_HEADERS = headerBlock({ 'content-type': 'text/html; charset=utf-8' })
