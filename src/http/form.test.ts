import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readFormBody } from './form.ts'

test.each([
  ['', {}],
  ['name=ada+l&token=a%2Bb', { name: 'ada l', token: 'a+b' }],
  ['a&b=', { a: '', b: '' }],
  ['q=%F0%9F%98%80', { q: '😀' }],
])('readFormBody(%j)', (text, expected) => {
  expect({ ...readFormBody(Buffer.from(text)) }).toEqual(expected)
})

test.each([
  ['a=%ff'],
  ['a=%c0%80'],
  ['a=%00'],
  ['a=%ed%a0%80'],
  ['a=%'],
  ['=a'],
  ['a=Köbe'],
  ['a=b c'],
  ['a=1\r\n'],
  ['a=1&a=1'],
  ['a=1&%61=2'],
])('refuses %j', (text) => {
  expect(() => readFormBody(Buffer.from(text))).toThrow('Cannot read the form field')
})

test('takes 64 fields and no more', () => {
  const fields = Array.from({ length: 65 }, (_, index) => `f${index}=1`)

  expect(Object.keys(readFormBody(Buffer.from(fields.slice(1).join('&'))))).toHaveLength(64)
  expect(() => readFormBody(Buffer.from(fields.join('&')))).toThrow('Cannot read the form: more than 64 form fields')
})

test('a name that reaches a prototype is a name like any other', () => {
  const form = readFormBody(Buffer.from('__proto__=x&constructor=y'))

  expect(Object.entries(form)).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ])
  expect(Object.getPrototypeOf(form)).toBeNull()
})

test('reads back what URLSearchParams writes', () => {
  const texts = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\0'))
  fc.assert(
    fc.property(fc.dictionary(texts, texts, { maxKeys: 20 }), (values) => {
      expect({ ...readFormBody(Buffer.from(new URLSearchParams(values).toString())) }).toEqual({ ...values })
    }),
    { numRuns: 300 },
  )
})
