/**
 * Cursors: where a page begins, sealed.
 *
 * A cursor is base64url of a JSON array, `[backward, …sort values]`, followed by a seal over it and over the list that it belongs to: the
 * resource, the parent, the sort, the filters. Invariant: a position is only ever used in the list that made it. The failure it
 * prevents: a cursor altered or carried to another list asks the database for values that no check has seen.
 */
import { PlinthError } from '../kernel/index.ts'
import type { ListPlan, PositionPlan } from './plan.ts'

/** Makes a seal of text with the service's secret: fixed length, URL-safe, not to be made without the secret. */
export type Seal = (text: string) => string

/** Six sort keys of 500 characters, in base64, with room: a longer one is not ours. */
const CURSOR_LENGTH_MAX = 8_192

/** What the position belongs to. Limit and fields may change from page to page. */
function listIdentity(plan: Omit<ListPlan, 'position'>): string {
  const sort = plan.sort.map(({ field, isDescending }) => `${isDescending ? '-' : ''}${field.name}`)
  const filters = plan.filters.map(({ field, operator, value }) => [field.name, operator, value])
  return JSON.stringify([plan.resource.name, plan.parent?.by.name, plan.parent?.id, sort, filters, plan.search, plan.includesDeleted])
}

/** @param values the sort values of the record next to which the page begins, as text */
export function renderCursor(plan: Omit<ListPlan, 'position'>, values: readonly (string | null)[], isBackward: boolean, seal: Seal): string {
  const payload = JSON.stringify([isBackward ? 1 : 0, ...values])
  return `${toBase64Url(payload)}.${seal(listIdentity(plan) + payload)}`
}

/** @throws `VALIDATION_CURSOR` for anything that `renderCursor` did not make for this very list */
export function readCursor(plan: Omit<ListPlan, 'position'>, text: string, seal: Seal): PositionPlan {
  const dot = text.lastIndexOf('.')
  const payload = text.length <= CURSOR_LENGTH_MAX && dot > 0 ? fromBase64Url(text.slice(0, dot)) : undefined
  if (payload === undefined || !isSame(seal(listIdentity(plan) + payload), text.slice(dot + 1))) {
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
    const message = `Cannot read cursor ${JSON.stringify(shown)}: its seal does not match, expected a cursor that this list returned`
    throw new PlinthError('VALIDATION_CURSOR', message, { details: [{ field: 'cursor', code: 'cursor', message }] })
  }
  // The seal says that these are our own values.
  const [direction, ...values] = JSON.parse(payload) as [number, ...(string | null)[]]
  return { values, isBackward: direction === 1 }
}

function toBase64Url(text: string): string {
  const bytes = new TextEncoder().encode(text)
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function fromBase64Url(text: string): string | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return undefined
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)))
  } catch {
    // Not base64 or not UTF-8: not a cursor of ours.
    return undefined
  }
}

/** Compares in time that does not tell how much was right. */
function isSame(left: string, right: string): boolean {
  if (left.length !== right.length) return false
  let difference = 0
  for (let at = 0; at < left.length; at++) difference |= left.charCodeAt(at) ^ right.charCodeAt(at)
  return difference === 0
}
