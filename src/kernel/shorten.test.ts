import { expect, test } from 'vitest'
import { shorten } from './shorten.ts'

test.each([
  ['', 3, ''],
  ['abc', 3, 'abc'],
  ['abcd', 3, 'abc…'],
  ['ab😀', 3, 'ab…'],
  ['a😀b', 3, 'a😀…'],
])('shorten() makes of %j in %i units %j', (text, lengthMax, expected) => {
  expect(shorten(text, lengthMax)).toBe(expected)
})
