/** Puts sealed cursors where the store has marked their places. Knows the marks; the rest of the text is passed on unread. */
import type { ListCursors } from './cursor.ts'
import { CURSOR_MARK } from './tree-plan.ts'

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
