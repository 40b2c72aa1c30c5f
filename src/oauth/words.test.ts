import { expect, test } from 'vitest'
import { sayTerm, sayWait } from './words.ts'

test.each([
  [-5, 'about a minute'],
  [59, 'about a minute'],
  [1_799, 'about 30 minutes'],
  [7_100, 'about 118 minutes'],
  [86_399, 'about 24 hours'],
  [3 * 86_400 - 1, 'about 3 days'],
])('sayTerm(%d)', (seconds, expected) => {
  expect(sayTerm(seconds)).toBe(expected)
})

test.each([
  [1, 'a second'],
  [1.2, '2 seconds'],
  [60, 'a minute'],
  [61, '2 minutes'],
])('sayWait(%d)', (seconds, expected) => {
  expect(sayWait(seconds)).toBe(expected)
})
