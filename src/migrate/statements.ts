/**
 * Splits SQL text into statements, as psql does, without a grammar.
 *
 * Invariant: a semicolon ends a statement only outside quotes ('…', E'…', "…", $tag$…$tag$), comments (-- and nested block
 * comments), parentheses and BEGIN ATOMIC … END. The failure it prevents: half a function body sent as a statement.
 * Text that never closes what it opened becomes one statement, so that the server names the mistake. Assumes
 * `standard_conforming_strings`, which every run sets. @see https://www.postgresql.org/docs/18/sql-syntax-lexical.html
 */

export interface Statement {
  /** As written, without the semicolon. */
  readonly text: string
  /** Without comments, with '' for every string, one space between words: what a pattern may be matched against. */
  readonly bare: string
  /** Line of its first word in the file, from 1. */
  readonly line: number
}

/** In this order: what opens first wins. A word takes its digits and dollars, so that `a$b$` opens no quote. */
const TOKEN = new RegExp(
  [
    String.raw`(?<comment>--[^\n]*)`,
    String.raw`(?<block>\/\*)`,
    String.raw`(?<string>[eE]'[^'\\]*(?:(?:''|\\[^])[^'\\]*)*'|'[^']*(?:''[^']*)*')`,
    '(?<quoted>"[^"]*(?:""[^"]*)*")',
    String.raw`(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)`,
    String.raw`(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)`,
    String.raw`(?<space>\s+)`,
    '(?<other>[^])',
  ].join('|'),
  'y',
)

export function splitStatements(sql: string): Statement[] {
  const statements: Statement[] = []
  const token = new RegExp(TOKEN)
  let at = 0
  let line = 1
  let current = emptyStatement()

  const close = (end: number): void => {
    const bare = current.bare.trim()
    if (bare !== '') statements.push({ text: sql.slice(current.start, end).trim(), bare, line: current.line })
    current = emptyStatement()
  }

  while (at < sql.length) {
    token.lastIndex = at
    const groups: Record<string, string | undefined> = token.exec(sql)?.groups ?? {}
    const end = endOfToken(sql, at, groups)
    const isBlank = groups['comment'] !== undefined || groups['block'] !== undefined || groups['space'] !== undefined
    if (groups['other'] === ';' && current.parentheses === 0 && current.atomic === 0) {
      close(at)
    } else if (isBlank) {
      if (!current.bare.endsWith(' ')) current.bare += ' '
    } else {
      if (current.start < 0) {
        current.start = at
        current.line = line
      }
      noteNesting(current, groups)
      current.bare += groups['string'] !== undefined || groups['dollar'] !== undefined ? "''" : sql.slice(at, end)
    }
    line += sql.slice(at, end).split('\n').length - 1
    at = end
  }
  close(sql.length)
  return statements
}

interface OpenStatement {
  start: number
  line: number
  bare: string
  parentheses: number
  /** Depth of BEGIN ATOMIC and the CASEs in it: each is closed by END. */
  atomic: number
  lastWord: string
}

function emptyStatement(): OpenStatement {
  return { start: -1, line: 0, bare: '', parentheses: 0, atomic: 0, lastWord: '' }
}

function noteNesting(current: OpenStatement, groups: Record<string, string | undefined>): void {
  if (groups['other'] === '(') current.parentheses += 1
  if (groups['other'] === ')') current.parentheses = Math.max(0, current.parentheses - 1)
  const word = groups['word']?.toUpperCase() ?? ''
  if (word === 'ATOMIC' && current.lastWord === 'BEGIN') current.atomic = 1
  else if (current.atomic > 0 && word === 'CASE') current.atomic += 1
  else if (current.atomic > 0 && word === 'END') current.atomic -= 1
  current.lastWord = word
}

function endOfToken(sql: string, at: number, groups: Record<string, string | undefined>): number {
  if (groups['block'] !== undefined) return endOfBlockComment(sql, at)
  if (groups['dollar'] !== undefined) {
    const closing = sql.indexOf(groups['dollar'], at + groups['dollar'].length)
    return closing < 0 ? sql.length : closing + groups['dollar'].length
  }
  // A quote that the patterns above did not take is one that never closes.
  if (groups['other'] === "'" || groups['other'] === '"') return sql.length
  const text = Object.values(groups).find((value) => value !== undefined)
  return at + (text?.length ?? 1)
}

function endOfBlockComment(sql: string, at: number): number {
  const edge = /\/\*|\*\//g
  edge.lastIndex = at
  let depth = 0
  for (let match = edge.exec(sql); match !== null; match = edge.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return edge.lastIndex
  }
  return sql.length
}
