/** Prints entity tags: the version of the record, and where the answer holds a part of its fields, which part. */
import { createHash } from 'node:crypto'
import type { FieldSet } from '../engine/index.ts'

/** Digests are few, as sets of fields are; past this number all are forgotten and made anew. */
const DIGESTS_MAX = 1_000
const digests = new Map<string, string>()

/** @param full the set that holds all that the resource shows to anybody */
export function renderEtag(version: number, fields: FieldSet, full: FieldSet): string {
  return fields === full ? `"${version}"` : `"${version}-${digestOf(fields.key)}"`
}

function digestOf(key: string): string {
  const known = digests.get(key)
  if (known !== undefined) return known
  if (digests.size >= DIGESTS_MAX) digests.clear()
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 8)
  digests.set(key, digest)
  return digest
}
