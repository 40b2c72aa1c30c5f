import { expect, test } from 'vitest'
import { digest, StatementWriter } from './index.ts'

interface Person {
  readonly id: string
  readonly age: number
}

test('StatementWriter binds each key once, with its type, in the order of first use', () => {
  const writer = new StatementWriter<Person>()
  const places = [
    writer.bind('id', 'uuid', ({ id }) => id),
    writer.bind('age', 'integer', ({ age }) => age),
    writer.bind('id', 'uuid', () => 'the first reader counts'),
  ]

  const statement = writer.finish('people_get', places.join(' '))

  expect(places).toEqual(['$1::uuid', '$2::integer', '$1::uuid'])
  expect(statement.bind({ id: 'a', age: 7 })).toEqual(['a', 7])
  expect(statement.bind({ id: 'b', age: 8 })).toEqual(['b', 8])
})

test('finish() gives equal texts equal names, and others others', () => {
  const name = (text: string): string => new StatementWriter().finish('posts_get', text).name

  expect(name('SELECT 1')).toBe(name('SELECT 1'))
  expect(name('SELECT 1')).not.toBe(name('SELECT 2'))
  expect(name('SELECT 1')).toMatch(/^[0-9a-z]{1,11}_posts_get$/)
})

test('finish() keeps a name within what PostgreSQL keeps of it, and cuts the label, not the digest', () => {
  const { name } = new StatementWriter().finish('l'.repeat(100), 'SELECT 1')

  expect(new TextEncoder().encode(name)).toHaveLength(63)
  expect(name.startsWith(`${digest('SELECT 1')}_ll`)).toBe(true)
})

test('digest() tells texts apart that differ in one character or in the order of two', () => {
  const base = 'SELECT t."id" FROM "posts" t WHERE t."id" = $1::uuid AND t."deleted_at" IS NULL'
  const texts = new Set<string>([base])
  for (let at = 0; at < base.length; at++) {
    for (let code = 32; code < 127; code++) texts.add(base.slice(0, at) + String.fromCharCode(code) + base.slice(at + 1))
    texts.add(
      base.slice(0, at) +
        base
          .slice(at, at + 2)
          .split('')
          .reverse()
          .join('') +
        base.slice(at + 2),
    )
  }
  for (let number = 0; number < 100_000; number++) texts.add(`${base} LIMIT ${number}`)

  const digests = new Set([...texts].map(digest))

  expect(digests.size).toBe(texts.size)
})

test('digest() sets each of its bits as often as not', () => {
  const count = 20_000
  const ones = new Array<number>(53).fill(0)
  for (let number = 0; number < count; number++) {
    let bits = BigInt(Number.parseInt(digest(`LIMIT ${number}`), 36))
    for (let at = 0; at < ones.length; at++, bits >>= 1n) ones[at] = (ones[at] ?? 0) + Number(bits & 1n)
  }

  // Six standard deviations of a fair coin.
  const tolerance = 6 * Math.sqrt(count / 4)
  expect(ones.filter((one) => Math.abs(one - count / 2) > tolerance)).toEqual([])
})
