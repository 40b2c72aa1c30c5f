/**
 * Reads `If-Match` and `If-None-Match`.
 *
 * A tag is `"<version>"`, or `"<version>-<digest>"` where the answer held a part of the fields. `If-None-Match` compares whole
 * tags, weakly: it asks whether the very answer is known. `If-Match` compares versions, strongly: it asks whether the record has
 * changed, and a change of any field is one, whatever part of it the caller has seen. @see
 * https://www.rfc-editor.org/rfc/rfc9110#section-13.1
 */

import type { HttpRequest } from '../http/index.ts'
import { invalid } from '../kernel/index.ts'

/** The versions that may be overwritten; null: whichever it is. */
export type ExpectedVersions = readonly number[] | null

interface EntityTag {
  readonly isWeak: boolean
  readonly opaque: string
}

const TAG = /[ \t]*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(,|$)/y
const OWN_TAG = /^([1-9][0-9]{0,9})(?:-[0-9a-f]{8})?$/
/** The column's type is `integer`. */
const VERSION_MAX = 2_147_483_647
/** No record has it, so a write that expects it is stale, or its record missing. */
export const NO_VERSION = 0

/** @throws `VALIDATION_FAILED` when the header is no list of entity tags */
export function readIfMatch(request: HttpRequest): ExpectedVersions {
  const text = request.header('if-match')
  if (text === undefined) return null
  const tags = readEntityTags('if-match', text)
  if (tags === '*') return null
  const versions = new Set<number>()
  for (const { isWeak, opaque } of tags) {
    const version = isWeak ? undefined : OWN_TAG.exec(opaque)?.[1]
    if (version !== undefined && Number(version) <= VERSION_MAX) versions.add(Number(version))
  }
  return versions.size === 0 ? [NO_VERSION] : [...versions]
}

/** Whether the caller has this very answer already. */
export function readIfNoneMatch(request: HttpRequest, etag: string): boolean {
  const text = request.header('if-none-match')
  if (text === undefined) return false
  if (text === etag) return true
  const tags = readEntityTags('if-none-match', text)
  return tags === '*' || tags.some(({ opaque }) => `"${opaque}"` === etag)
}

function readEntityTags(header: string, text: string): '*' | readonly EntityTag[] {
  if (text.trim() === '*') return '*'
  const tags: EntityTag[] = []
  TAG.lastIndex = 0
  for (;;) {
    const parts = TAG.exec(text)
    if (parts === null) break
    if (parts[2] !== undefined) tags.push({ isWeak: parts[1] !== undefined, opaque: parts[2] })
    if (parts[3] !== ',') {
      if (tags.length === 0) break
      return tags
    }
  }
  throw invalid([
    {
      field: header,
      code: 'format',
      message: `Cannot read ${header}: it is no list of entity tags, expected the ETag of an answer, such as "3"`,
    },
  ])
}
