/** The text of a tree: what needs no store is printed here, and sealed cursors are put where the store has marked their places. */
import type { ListCursors } from './cursor.ts'
import { CURSOR_MARK, type TreePlan } from './tree-plan.ts'

/** The answer of a tree of which nothing is left to read; undefined for any other. */
export function printConstants({ roots, aliases }: TreePlan): string | undefined {
  const values: string[] = []
  for (const root of roots) {
    if (root.kind !== 'constant') return undefined
    const key = typeof root.key === 'number' ? aliases[root.key] : root.key
    values.push(`${JSON.stringify(key)}:${JSON.stringify(root.value)}`)
  }
  return `{${values.join(',')}}`
}

/** Knows the marks; the rest of the text is passed on unread. */
export function printCursors(printed: string, cursors: ReadonlyMap<number, ListCursors>): string {
  if (!printed.includes(CURSOR_MARK)) return printed
  const pieces = printed.split(CURSOR_MARK)
  // Marks come in pairs: every second piece stands between two of them.
  for (let at = 1; at < pieces.length; at += 2) pieces[at] = printCursor(pieces[at] ?? '', cursors)
  return pieces.join('')
}

function printCursor(place: string, cursors: ReadonlyMap<number, ListCursors>): string {
  const end = place.indexOf('[')
  const list = cursors.get(Number(place.slice(0, end)))
  if (list === undefined) throw new TypeError(`Cannot print a cursor: there is no page ${JSON.stringify(place.slice(0, end))}`)
  // Printed by the store a moment ago; a cursor holds no character that JSON escapes.
  return `"${list.render(JSON.parse(place.slice(end)) as (string | null)[], false)}"`
}
