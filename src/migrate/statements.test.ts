import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitStatements } from './statements.ts'

function texts(sql: string): string[] {
  return splitStatements(sql).map(({ text }) => text)
}

describe('splitStatements()', () => {
  it('ends a statement at each semicolon and drops what is blank', () => {
    expect(texts('SELECT 1;\n\n SELECT 2 ;; -- the end\n')).toEqual(['SELECT 1', 'SELECT 2'])
  })

  it('keeps the last statement when no semicolon follows', () => {
    expect(texts('SELECT 1; SELECT 2')).toEqual(['SELECT 1', 'SELECT 2'])
  })

  it.each([
    ['a string', "SELECT 'a;b'"],
    ['a doubled quote in a string', "SELECT 'it''s; fine'"],
    ['a backslash at the end of a plain string', String.raw`SELECT 'a\', ';'`],
    ['an escaped quote in an E string', String.raw`SELECT E'it\'s; fine'`],
    ['a quoted name', 'SELECT 1 AS "a;""b"'],
    ['an untagged dollar quote', 'DO $$ BEGIN NULL; END $$'],
    ['a tagged dollar quote around another', 'DO $a$ BEGIN EXECUTE $$ SELECT 1; $$; END $a$'],
    ['a line comment', 'SELECT 1 -- not; here\n + 2'],
    ['a nested block comment', 'SELECT /* a; /* b; */ c; */ 1'],
    ['parentheses', 'CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)'],
    ['BEGIN ATOMIC', 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END'],
    ['a name with dollars', 'SELECT a$b$ FROM t'],
  ])('keeps a statement whole with %s', (_, statement) => {
    expect(texts(`${statement}; SELECT 'after'`)).toEqual([statement, "SELECT 'after'"])
  })

  it.each([["SELECT 'open; SELECT 1"], ['SELECT "open; SELECT 1'], ['DO $$ open; SELECT 1'], ['SELECT 1 /* open; */ /* ; ']])(
    'leaves %s, which never closes, in one piece for the server to refuse',
    (sql) => {
      expect(texts(sql)).toHaveLength(1)
    },
  )

  it('says on which line a statement begins, after its comments', () => {
    const lines = splitStatements("-- first\nSELECT 'a\nb';\n\n/* second\n*/ SELECT 2;").map(({ line }) => line)

    expect(lines).toEqual([2, 6])
  })

  it('bares a statement of comments and of what strings hold', () => {
    const [statement] = splitStatements("CREATE  /* x */ INDEX\n-- y\n i ON t (a) WHERE b = 'CONCURRENTLY'")

    expect(statement?.bare).toBe("CREATE INDEX i ON t (a) WHERE b = ''")
  })

  it('finds every statement again, whatever its quotes hold', () => {
    const held = fc.string({ unit: fc.constantFrom(';', "'", '"', '$', '-', '/', '*', '(', ')', '\\', '\n', 'a', ' ') })
    const statement = fc.oneof(
      held.map((text) => `SELECT '${text.replaceAll("'", "''")}'`),
      held.map((text) => `SELECT 1 AS "${text.replaceAll('"', '""')}"`),
      held.map((text) => `SELECT $tag$${text}$tag$`),
      held.map((text) => `SELECT /* ${text.replaceAll(/[/*]/g, '')} */ 1`),
      held.map((text) => `SELECT -- ${text.replaceAll('\n', '')}\n 1`),
    )

    fc.assert(
      fc.property(fc.array(statement), (list) => {
        expect(texts(list.join(';\n'))).toEqual(list)
      }),
      { numRuns: 1_000 },
    )
  })
})
