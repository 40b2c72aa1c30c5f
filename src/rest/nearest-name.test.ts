import { describe, expect, test } from 'vitest'
import { nearestName } from './nearest-name.ts'

describe('nearestName()', () => {
  test.each([
    ['statsu', 'status'],
    ['created_at[gt]e', 'created_at[gte]'],
    ['lmit', 'limit'],
    ['x', undefined],
    ['something-else', undefined],
    ['l'.repeat(10_000), undefined],
  ])('for %j it finds %j', (written, expected) => {
    expect(nearestName(written, ['status', 'created_at[gte]', 'limit', 'q'])).toBe(expected)
  })
})
