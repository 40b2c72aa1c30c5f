/**
 * Reads `Idempotency-Key`: under which name a request is to happen once, and what tells it from another request of the same name.
 *
 * A key belongs to its caller and its route. Callers who are not known cannot be told apart, so they cannot have keys: one would be given the
 * answer of another.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
import { createHash } from 'node:crypto'
import { invalid, PlinthError } from '../kernel/index.ts'
import type { HttpRequest } from './handle.ts'

/** Visible ASCII, as the draft's string without its quotes; a UUID is the usual choice. */
const KEY_FORM = /^[\x21-\x7e]{1,255}$/

/** What identifies a request that must have its effect once. */
export interface RequestKey {
  readonly key: string
  readonly actor: string
  readonly route: string
  /** A digest of what was asked, and of the caller's rights: what was answered to an admin is not given again to the same person as a viewer. */
  readonly fingerprint: string
}

/**
 * @param route what is asked for; a key is good for one
 * @param asked all else that the answer depends on, as JSON values: equal ones, whatever the order of their keys, are the same request
 * @returns undefined where the caller gave no key
 * @throws `VALIDATION_FAILED` for a key of another form, `AUTH_REQUIRED` for a key of nobody
 */
export function readOnceKey(
  request: Pick<HttpRequest, 'header' | 'actor'>,
  route: string,
  asked: readonly unknown[],
): RequestKey | undefined {
  const key = request.header('idempotency-key')
  if (key === undefined) return undefined
  if (!KEY_FORM.test(key)) {
    throw invalid([
      { field: 'idempotency-key', code: 'format', message: 'idempotency-key must be 1 to 255 visible ASCII characters' },
    ])
  }
  const { kind, subject, roles, permissions } = request.actor
  if (kind === 'nobody' || subject === null)
    throw new PlinthError('AUTH_REQUIRED', 'Sign in to use an Idempotency-Key: it belongs to its caller')
  const actor = `${kind}:${subject}`
  const rights = [roles.toSorted(), permissions.toSorted()]
  const text = JSON.stringify([route, actor, rights, asked.map(sortKeys)])
  return { key, actor, route, fingerprint: createHash('sha256').update(text).digest('hex') }
}

/** The same value with the keys of all objects in order: what JSON calls equal prints equal. The body's depth is bounded. */
function sortKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sortKeys)
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]))
}
