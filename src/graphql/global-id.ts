/**
 * Global ids: base64 of the prefix, underscores that fill it to a multiple of three bytes (at least one), and the 16 bytes of the key.
 *
 * Invariant: what stands in front of the key is whole groups of base64, so an id is a fixed text and the base64 of the key, which PostgreSQL prints
 * for little; and each record has one spelling. Inputs take the id of REST too (`post_01h…`), which never looks like base64.
 */
import type { TreeSpelling } from '../engine/index.ts'
import { decodeTypeId, type Uuid } from '../kernel/index.ts'
import { enumName } from './schema/field-types.ts'

/** What base64 makes of 16 bytes: 22 characters and two that fill up. */
const KEY_LENGTH = 24
/** Groups of base64 hold three bytes. */
const GROUP_BYTES = 3

const heads = new Map<string, string>()

/** The text that all global ids of a resource begin with. @param idPrefix of the declaration, so that there are few */
export function globalIdHead(idPrefix: string): string {
  const known = heads.get(idPrefix)
  if (known !== undefined) return known
  const length = Math.ceil((idPrefix.length + 1) / GROUP_BYTES) * GROUP_BYTES
  const head = btoa(idPrefix.padEnd(length, '_'))
  heads.set(idPrefix, head)
  return head
}

/** @example renderGlobalId('usr', '01890a5d-ac96-774b-bcce-b302099a8057') // 'dXNyX19fAYkKXayWd0u8zrMCCZqAVw==' */
export function renderGlobalId(idPrefix: string, id: Uuid): string {
  return globalIdHead(idPrefix) + Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64')
}

/** Reads a global id, or an id of REST, of the resource with this prefix; undefined for anything else. */
export function readGlobalId({ idPrefix }: { readonly idPrefix: string }, text: string): Uuid | undefined {
  const head = globalIdHead(idPrefix)
  if (text.length !== head.length + KEY_LENGTH || !text.startsWith(head)) return decodeTypeId(idPrefix, text)
  const key = text.slice(head.length)
  const bytes = Buffer.from(key, 'base64')
  // The decoder passes over what is no base64, and bits that nothing needs: only what it would print itself is an id.
  if (bytes.length !== 16 || bytes.toString('base64') !== key) return undefined
  const hex = bytes.toString('hex')
  // Made of 16 bytes, in the form that PostgreSQL prints.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as Uuid
}

/** How the answers of this surface spell ids and choices. */
export const GRAPHQL_SPELLING: TreeSpelling = { name: 'graphql', idHead: globalIdHead, choice: enumName }
