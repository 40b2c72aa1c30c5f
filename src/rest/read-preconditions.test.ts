import { describe, expect, test } from 'vitest'
import type { HttpRequest } from '../http/index.ts'
import { PlinthError } from '../kernel/index.ts'
import { readIfMatch, readIfNoneMatch } from './read-preconditions.ts'

function requestWith(name: string, value: string | undefined): HttpRequest {
  return { header: (wanted: string) => (wanted === name ? value : undefined) } as HttpRequest
}

describe('readIfMatch()', () => {
  test.each([
    [undefined, null],
    ['*', null],
    [' * ', null],
    ['"3"', [3]],
    ['"3", "4-00ff00ff"', [3, 4]],
    ['"3","3-00ff00ff"', [3]],
    [' , "3" ,', [3]],
    ['W/"3"', [0]],
    ['"abc"', [0]],
    ['"03"', [0]],
    ['"2147483648"', [0]],
    ['""', [0]],
  ])('%j expects %j', (text, expected) => {
    expect(readIfMatch(requestWith('if-match', text))).toEqual(expected)
  })

  test.each(['', ',', '3', '"3', '3"', '"3" "4"', '*, "3"', 'w/"3"', '"a b"', `"${'x'.repeat(10_000)}`])(
    '%j is no list of tags',
    (text) => {
      expect(() => readIfMatch(requestWith('if-match', text))).toThrow(PlinthError)
    },
  )
})

describe('readIfNoneMatch()', () => {
  test.each([
    [undefined, false],
    ['*', true],
    ['"3"', true],
    ['W/"3"', true],
    ['"1", W/"3"', true],
    ['"3-00ff00ff"', false],
    ['"4"', false],
  ])('%j against "3" is %j', (text, expected) => {
    expect(readIfNoneMatch(requestWith('if-none-match', text), '"3"')).toBe(expected)
  })
})
