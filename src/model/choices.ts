/** The words of a choice, for those who spell them in another way. Knows where a schema holds them, not what they mean. */
import type { AnyKind, Json } from './kind.ts'

/**
 * The words that a field of this kind may hold, in the order of the declaration; of a list, those of its items. Undefined for any other kind.
 *
 * @example choicesOf(post.fieldsByName.get('status').kind) // ['draft', 'published', 'archived']
 */
export function choicesOf(kind: AnyKind): readonly string[] | undefined {
  const words = isJsonObject(kind.schema['items']) ? kind.schema['items']['enum'] : kind.schema['enum']
  // The schema of a `json` field is the service's own and may list anything.
  return kind.name !== 'json' && Array.isArray(words) ? words.map(String) : undefined
}

function isJsonObject(json: Json | undefined): json is { readonly [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
