import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readQuery } from './query.ts'

test.each([
  ['', {}],
  ['a=1&b=2', { a: '1', b: '2' }],
  ['created_at[gte]=2026-01-01&created_at%5Blt%5D=x', { 'created_at[gte]': '2026-01-01', 'created_at[lt]': 'x' }],
  ['q=a+b%20c%2B', { q: 'a b c+' }],
  ['a&b=', { a: '', b: '' }],
  ['a=b=c', { a: 'b=c' }],
  ['&&a=1&', { a: '1' }],
  ['q=%F0%9F%98%80', { q: '😀' }],
])('readQuery(%j)', (text, expected) => {
  expect({ ...readQuery(text) }).toEqual(expected)
})

test('has no prototype, so that only what was sent is there', () => {
  const query = readQuery('__proto__=x')

  expect(query['constructor']).toBeUndefined()
  expect(Object.entries(query)).toEqual([['__proto__', 'x']])
})

test.each([
  ['a=%'],
  ['a=%4'],
  ['a=%zz'],
  ['a=%ff'],
  ['a=%c0%80'],
  ['a=%00'],
  ['%ff=a'],
  ['=a'],
  ['a=ä'],
  ['a=1&a=1'],
  ['a=1&%61=2'],
])('refuses %j', (text) => {
  expect(() => readQuery(text)).toThrow('Cannot read the query parameter')
})

test('reads back what URLSearchParams writes', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }), { maxKeys: 20 }),
      (values) => {
        fc.pre(!JSON.stringify(values).includes('\\u0000'))
        expect({ ...readQuery(new URLSearchParams(values).toString()) }).toEqual({ ...values })
      },
    ),
    { numRuns: 300 },
  )
})
