import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toKebabCase, toPascalCase, toSnakeCase } from './casing.ts'

test.each([
  ['post', 'post', 'post', 'Post'],
  ['publishedAt', 'published_at', 'published-at', 'PublishedAt'],
  ['orderLine2', 'order_line2', 'order-line2', 'OrderLine2'],
  ['aB', 'a_b', 'a-b', 'AB'],
  ['userID', 'user_i_d', 'user-i-d', 'UserID'],
])('%s is %s, %s and %s elsewhere', (name, snake, kebab, pascal) => {
  expect([toSnakeCase(name), toKebabCase(name), toPascalCase(name)]).toEqual([snake, kebab, pascal])
})

test('two camelCase names never meet in another custom', () => {
  const names = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,6}$/)
  fc.assert(
    fc.property(names, names, (left, right) => {
      for (const spell of [toSnakeCase, toKebabCase, toPascalCase]) expect(spell(left) === spell(right)).toBe(left === right)
    }),
    { numRuns: 1_000 },
  )
})
