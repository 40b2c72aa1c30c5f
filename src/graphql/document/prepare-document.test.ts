// Proves GQL-05.
import { getIntrospectionQuery } from 'graphql'
import { describe, expect, test } from 'vitest'
import blog from '../../../examples/blog/domain.ts'
import { deriveSchema } from '../schema/derive-schema.ts'
import { LIMITS_DEFAULT } from './limits.ts'
import { type DocumentRules, prepareDocument } from './prepare-document.ts'

const schema = deriveSchema(blog)
const RULES: DocumentRules = { limits: LIMITS_DEFAULT, weights: {}, isOpen: false }

/** What is wrong with a document, as sentences; none when nothing is. */
function findings(text: string, rules: Partial<DocumentRules> = {}): readonly string[] {
  const preparation = prepareDocument(schema, text, { ...RULES, ...rules })
  return preparation.kind === 'ready' ? [] : preparation.errors.map(({ error }) => `${error.code}: ${error.message}`)
}

function weightOf(text: string, variables: Readonly<Record<string, unknown>> = {}, rules: Partial<DocumentRules> = {}): number {
  const preparation = prepareDocument(schema, text, { ...RULES, ...rules })
  if (preparation.kind === 'refused') throw new Error(preparation.errors[0]?.error.message)
  const { prepared } = preparation
  const [operation] = prepared.operations
  if (operation === undefined) throw new Error('the document has no operation')
  return prepared.scales.weigh(operation.node, variables)
}

const nested = (levels: number): string =>
  `{ users { nodes { ${'posts { nodes { author { '.repeat(levels)} id ${'} } }'.repeat(levels)} } } }`

describe('depth', () => {
  test('counts fields that lead to another record or list, and no others', () => {
    expect(
      findings('{ users { edges { node { posts { edges { node { author { posts { nodes { author { id } } } } } } } } } } }'),
    ).toEqual([])
  })

  test('is refused beyond five steps', () => {
    expect(findings(nested(3))).toEqual([
      'VALIDATION_TOO_COMPLEX: The document has 7 steps from one record or list to the next, expected at most 5',
    ])
  })

  test('counts through fragments', () => {
    const text = `{ ...A } fragment A on Query { users { nodes { ...B } } } fragment B on User { posts { nodes { author { ...C } } } }
      fragment C on User { posts { nodes { author { posts { totalCount } } } } }`

    expect(findings(text)[0]).toContain('6 steps')
  })
})

describe('width', () => {
  const many = (count: number, write: (at: number) => string): string =>
    Array.from({ length: count }, (_, at) => write(at)).join(' ')

  test.each([
    ['hundreds of aliases', `{ users { nodes { ${many(480, (at) => `a${at}: id`)} } } }`, '480 fields under another name'],
    ['hundreds of roots', `{ ${many(240, (at) => `a${at}: users { totalCount }`)} }`, 'at the root'],
    ['more tokens than are read', `{ users { nodes { ${many(3_000, () => 'id')} } } }`, 'has more than 2000 tokens'],
    ['a field a thousand times', `{ users { nodes { ${many(1_900, () => 'id')} } } }`, 'has 1902 fields'],
    ['hundreds of directives', `{ users { nodes { id ${many(390, () => '@x')} } } }`, '390 directives'],
    [
      'many fragments',
      `{ ${many(60, (at) => `...F${at}`)} } ${many(60, (at) => `fragment F${at} on Query { __typename }`)}`,
      '60 fragments',
    ],
    ['many operations', many(20, (at) => `query Q${at} { __typename }`), '20 operations'],
    ['a megabyte', `{ users { nodes { id } } } #${'x'.repeat(1_000_000)}`, 'expected at most 65536'],
  ])('refuses %s', (_, text, sentence) => {
    const found = findings(text)

    expect(found.join('\n')).toContain(sentence)
    expect(found.every((one) => one.startsWith('VALIDATION_TOO_COMPLEX'))).toBe(true)
  })

  test('refuses fragments that double each other thirty times, at once', () => {
    const doubling = many(31, (at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`)
    const text = `{ ...F0 } ${doubling} fragment F31 on Query { __typename }`

    const began = performance.now()
    const found = findings(text)

    expect(found.join()).toContain('has more than a million fields')
    expect(performance.now() - began).toBeLessThan(50)
  })

  test('refuses fragments that spread each other in a circle', () => {
    expect(findings('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }')[0]).toBe(
      'VALIDATION_TOO_COMPLEX: The fragment "A" spreads itself',
    )
  })

  test.each([
    ['selections', `{${'a{'.repeat(990)}`],
    ['lists', `{ users(orderBy: ${'['.repeat(1_900)}`],
    ['objects', `{ users(filter: ${'{a:'.repeat(600)}`],
    ['closed lists', `{ users(orderBy: ${'['.repeat(900)}${']'.repeat(900)}) { totalCount } }`],
    ['closed selections', `{${'a{'.repeat(600)}b${'}'.repeat(600)}}`],
  ])('refuses deep %s without a crash', (_, text) => {
    expect(findings(text).length).toBeGreaterThan(0)
  })
})

test('what is measured as small is validated quickly: each rule takes all fields at most', () => {
  const worst = `{ users { nodes { ${'id '.repeat(490)} } } }`
  const spread = `{ ${'users { ...F } '.repeat(9)} } fragment F on UserConnection { nodes { ${'email '.repeat(50)} } }`

  for (const text of [worst, spread]) {
    prepareDocument(schema, text, RULES)
    const began = process.cpuUsage()
    prepareDocument(schema, text, RULES)
    const { user } = process.cpuUsage(began)
    expect(user / 1_000).toBeLessThan(150)
  }
})

describe('complexity', () => {
  test('counts records, lists multiplied', () => {
    // One list, twenty users, for each a list and ten posts.
    expect(weightOf('{ users(first: 20) { nodes { id posts(first: 10) { nodes { status } } } } }')).toBe(1 + 20 * (1 + 1 + 10))
  })

  test('takes ten where no size is given', () => {
    expect(weightOf('{ users { edges { node { id } } } }')).toBe(11)
  })

  test('takes variables with their values, and impossible ones as the most', () => {
    const text = 'query ($n: Int) { users(first: $n) { nodes { id } } }'

    expect(weightOf(text, { n: 50 })).toBe(51)
    expect(weightOf(text, { n: 1_000_000 })).toBe(101)
    expect(weightOf(text, { n: -1 })).toBe(101)
    expect(weightOf(text, {})).toBe(11)
  })

  test('counts a fragment wherever it is spread', () => {
    const text =
      '{ a: users(first: 2) { ...F } b: users(first: 3) { ...F } } fragment F on UserConnection { nodes { id } totalCount }'

    expect(weightOf(text)).toBe(1 + 2 + 1_000 + 1 + 3 + 1_000)
  })

  test('weighs long texts and the ids that are asked for', () => {
    expect(weightOf('{ posts(first: 2) { nodes { body } } }')).toBe(1 + 2 * (1 + 25))
    expect(weightOf('{ nodes(ids: ["a", "b", "c"]) { id } }')).toBe(3)
  })

  test('weighs a text under every name that it is asked by', () => {
    const names = Array.from({ length: 20 }, (_, at) => `t${at}: title`).join(' ')

    // Two hundred characters are a tenth of a record.
    expect(weightOf(`{ posts(first: 10) { nodes { ${names} } } }`)).toBe(1 + 10 * (1 + 20 / 10))
  })

  test('weighs counts by what they read: a part of an index, the whole of one, or texts', () => {
    expect(weightOf('{ users(first: 2) { nodes { posts(search: "engine") { totalCount } } } }')).toBe(1 + 2 * (1 + 1 + 10))
    expect(weightOf('{ posts { totalCount } }')).toBe(1 + 1_000)
    expect(weightOf('{ posts(search: "engine") { totalCount } }')).toBe(1 + 5_000)
    expect(weightOf('query ($s: String) { posts(search: $s) { totalCount } }', { s: 'engine' })).toBe(1 + 5_000)
    expect(weightOf('query ($s: String) { posts(search: $s) { totalCount } }', { s: null })).toBe(1 + 1_000)
  })

  test('takes declared weights', () => {
    expect(weightOf('{ users(first: 2) { nodes { posts { totalCount } } } }', {}, { weights: { 'User.posts': 7 } })).toBe(
      1 + 2 * (1 + 7 + 10),
    )
  })
})

describe('the schema', () => {
  test('is told where documents may ask for it', () => {
    expect(findings(getIntrospectionQuery(), { isOpen: true })).toEqual([])
  })

  test.each([
    '{ __schema { types { name } } }',
    '{ __type(name: "User") { name } }',
    '{ ...F } fragment F on Query { __schema { types { name } } }',
  ])('is not told elsewhere: %s', (text) => {
    expect(findings(text)[0]).toContain('does not tell its schema')
  })

  test('is not told in the hints of an error either', () => {
    expect(findings('{ usrs { totalCount } }', { isOpen: true })[0]).toContain('Did you mean')
    expect(findings('{ usrs { totalCount } }')).toEqual(['VALIDATION_DOCUMENT: Cannot query field "usrs" on type "Query".'])
  })

  test('is told by depth in bounds only', () => {
    const text = `{ __schema { types { ${'fields { type { '.repeat(6)} name ${'} }'.repeat(6)} } } }`

    expect(findings(text, { isOpen: true })[0]).toContain('introspection depth')
  })
})

test('a text with the character NUL is refused, as it is everywhere', () => {
  expect(findings('{ users(search: "a\\u0000b") { totalCount } }')[0]).toContain('NUL')
})

test('no more findings are told than help', () => {
  const text = `{ users { nodes { ${Array.from({ length: 300 }, (_, at) => `x${at}`).join(' ')} } } }`

  expect(findings(text).length).toBeLessThanOrEqual(21)
})
