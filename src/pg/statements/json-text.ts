/**
 * JSON that PostgreSQL puts together as text: what is known when the statement is made stands between what its rows hold.
 *
 * Invariant: no piece of SQL is ever NULL, since NULL swallows all text that it is joined to.
 */
import type { TreeSpelling } from '../../engine/index.ts'
import { choicesOf, type FieldModel } from '../../model/index.ts'
import { literal } from '../../sql/index.ts'

/** `text` is known now; `sql` is an expression of type text. */
export type Piece = { readonly text: string } | { readonly sql: string }

export function known(text: string): Piece {
  return { text }
}

/** `[{text: '{"a":'}, {sql: 't."a"::text'}]` as one expression. */
export function joinPieces(pieces: readonly Piece[]): string {
  const operands: string[] = []
  let text = ''
  for (const piece of pieces) {
    if ('text' in piece) {
      text += piece.text
      continue
    }
    if (text !== '') operands.push(literal(text))
    text = ''
    operands.push(piece.sql)
  }
  if (text !== '' || operands.length === 0) operands.push(literal(text))
  return joinOperands(operands)
}

/** By halves: a chain of a thousand would nest a thousand deep in the parser, and copy its first part a thousand times. */
function joinOperands(operands: readonly string[]): string {
  if (operands.length <= 2) return operands.length === 1 ? `${operands[0]}` : `(${operands.join(' || ')})`
  const middle = operands.length >> 1
  return `(${joinOperands(operands.slice(0, middle))} || ${joinOperands(operands.slice(middle))})`
}

/** `{"a":1,"b":2}` out of keys, each with its colon, and values. */
export function objectPieces(entries: readonly { readonly key: Piece; readonly value: readonly Piece[] }[]): readonly Piece[] {
  const inner = entries.flatMap(({ key, value }, at) => [...(at === 0 ? [] : [known(',')]), key, ...value])
  return [known('{'), ...inner, known('}')]
}

/** The JSON of a list of texts that an aggregate has joined by commas. */
export function listPieces(joined: string): readonly Piece[] {
  return [known('['), { sql: `coalesce(${joined}, '')` }, known(']')]
}

/** What is printed the same as text and as JSON: dearer functions are for what has to be escaped. */
const PLAIN_TYPES: ReadonlySet<string> = new Set(['integer', 'bigint', 'boolean'])

/** A field's value as JSON. @param column the SQL that reads it */
export function valuePieces(field: FieldModel, column: string, spelling: TreeSpelling): readonly Piece[] {
  const { kind } = field
  const words = choicesOf(kind)
  if (kind.idPrefix !== undefined) {
    const id = [known(`"${spelling.idHead(kind.idPrefix)}`), { sql: `encode(uuid_send(${column}), 'base64')` }, known('"')]
    return field.rules.isNullable ? [{ sql: orNull(joinPieces(id)) }] : id
  }
  if (words !== undefined && kind.sqlType.endsWith('[]')) {
    const item = printChoice(words, 'w', spelling)
    const items = joinPieces(
      listPieces(`(SELECT string_agg(${item}, ',' ORDER BY n) FROM unnest(${column}) WITH ORDINALITY AS q(w, n))`),
    )
    return [{ sql: `CASE WHEN ${column} IS NULL THEN 'null' ELSE ${items} END` }]
  }
  if (words !== undefined) return [{ sql: printChoice(words, column, spelling) }]
  if (PLAIN_TYPES.has(kind.sqlType)) return [{ sql: orNull(`${column}::text`) }]
  return [{ sql: orNull(`to_json(${kind.sqlJson?.(column) ?? column})::text`) }]
}

/** Null for a word that the declaration no longer has: its surface could not spell it. */
function printChoice(words: readonly string[], column: string, spelling: TreeSpelling): string {
  const cases = words.map((word) => `WHEN ${literal(word)} THEN ${literal(JSON.stringify(spelling.choice(word)))}`)
  return `CASE ${column} ${cases.join(' ')} ELSE 'null' END`
}

function orNull(text: string): string {
  return `coalesce(${text}, 'null')`
}
