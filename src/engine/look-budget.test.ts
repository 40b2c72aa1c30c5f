// Proves ACC-04: looking for what was hidden costs little, whoever asks for how much.
import { expect, test } from 'vitest'
import { LookBudget } from './look-budget.ts'

test('gives each caller two looks a second, and all of them twenty', () => {
  let nowMs = 0
  const budget = new LookBudget(() => nowMs)
  const count = (callers: readonly string[]): number => callers.filter((caller) => budget.take(caller)).length
  const crowd = Array.from({ length: 100 }, (_, at) => `caller-${at}`)

  expect(count(Array.from({ length: 50 }, () => 'one'))).toBe(2)
  expect(count(crowd)).toBe(18)
  nowMs = 999
  expect(budget.take('late')).toBe(false)
  nowMs = 1_000
  expect(count(['one', 'one', 'one'])).toBe(2)
})
