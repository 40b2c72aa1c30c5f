/** Finds the name that was probably meant, for the hint in an error. */

/** More than this many wrong characters is another word. */
const DISTANCE_MAX = 3
/** Nobody mistypes a name of this length; comparing costs the product of both lengths. */
const LENGTH_MAX = 64

/** The known name nearest to what was written; undefined when none is near. */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  if (written.length > LENGTH_MAX) return undefined
  let nearest: string | undefined
  let least = Math.min(DISTANCE_MAX, Math.floor(written.length / 2)) + 1
  for (const name of known) {
    const distance = editDistance(written, name)
    if (distance < least) {
      least = distance
      nearest = name
    }
  }
  return nearest
}

/** `, did you mean "status"?`, or nothing. */
export function renderHint(written: string, known: readonly string[]): string {
  const nearest = nearestName(written, known)
  return nearest === undefined ? '' : `, did you mean ${JSON.stringify(nearest)}?`
}

/** Levenshtein's distance, one row at a time. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, at) => at)
  for (let at = 1; at <= left.length; at++) {
    const next = [at]
    for (let to = 1; to <= right.length; to++) {
      const replaced = (row[to - 1] ?? 0) + (left[at - 1] === right[to - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[right.length] ?? 0
}
