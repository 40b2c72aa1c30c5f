/** What a decision may look at, besides the record. */
import type { Actor } from '../model/index.ts'

export interface PolicyInput {
  readonly actor: Actor
  /** The wall clock when the request began, milliseconds since 1970. */
  readonly nowMs: number
  /** The caller's network address as text; null where there is none. */
  readonly address: string | null
}

/** A record as conditions see it: values by the declared names of its fields, null or undefined where nothing is. */
export type PolicyRecord = Readonly<Record<string, unknown>>
