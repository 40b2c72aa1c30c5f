import { expect, test } from 'vitest'
import { readDurationS } from './duration.ts'

test.each([
  ['90s', 90],
  ['10m', 600],
  ['2h', 7_200],
  ['1d', 86_400],
  ['0s', 0],
])('readDurationS() reads %s', (text, seconds) => {
  expect(readDurationS('--overlap', text)).toBe(seconds)
})

test.each(['', '10', '-1m', '1.5h', '10 m', 'm', '10M', '9999999999s'])('readDurationS() refuses %j', (text) => {
  expect(() => readDurationS('--overlap', text)).toThrow(`Cannot use --overlap "${text}"`)
})
