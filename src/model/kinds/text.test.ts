import { describe, expect, test } from 'vitest'
import { Misfit } from '../kind.ts'
import { textKind } from './text.ts'

describe('text', () => {
  test.each<[string, unknown, string, string]>([
    ['a number', 1, 'type', 'must be text'],
    ['null', null, 'type', 'must be text'],
    ['a lone surrogate', 'a\ud800', 'encoding', 'must be well-formed Unicode, without lone surrogates'],
    ['a NUL', 'a\0b', 'encoding', 'must not contain the NUL character'],
    ['an empty text', '', 'required', 'must have at least 2 characters'],
    ['a short text', 'a', 'too_short', 'must have at least 2 characters'],
    ['a long text', 'abcdef', 'too_long', 'must have at most 5 characters'],
  ])('refuses %s', (_, input, code, message) => {
    expect(textKind({ min: 2, max: 5 }).read(input)).toEqual(new Misfit(code, message))
  })

  test('counts code points, as PostgreSQL and JSON Schema do', () => {
    const kind = textKind({ min: 2, max: 3 })

    expect(kind.read('😀')).toEqual(new Misfit('too_short', 'must have at least 2 characters'))
    expect(kind.read('😀😀')).toBe('😀😀')
    expect(kind.read('😀😀😀')).toBe('😀😀😀')
    expect(kind.read('😀😀😀😀')).toEqual(new Misfit('too_long', 'must have at most 3 characters'))
  })

  test('says 1 character, not 1 characters', () => {
    expect(textKind({ min: 1, max: 5 }).read('')).toMatchObject({ message: 'must have at least 1 character' })
  })

  test('keeps spaces, newlines and quotes as they are', () => {
    expect(textKind({ max: 20 }).read("  a\r\n\t'b'\\\"  ")).toBe("  a\r\n\t'b'\\\"  ")
  })

  test('matches a pattern against the whole text, whatever its flags and alternatives', () => {
    const kind = textKind({ max: 20, pattern: /a|b/m })

    expect(kind.read('a')).toBe('a')
    expect(kind.read('xa')).toEqual(new Misfit('pattern', 'must match a|b'))
    expect(kind.read('b\nx')).toEqual(new Misfit('pattern', 'must match a|b'))
    expect(kind.schema).toEqual({ type: 'string', maxLength: 20, pattern: '^(?:a|b)$' })
  })

  test('reads a pattern by code points, so that memory and schema agree', () => {
    expect(textKind({ max: 5, pattern: /^.$/ }).read('😀')).toBe('😀')
  })

  test('remembers nothing between two texts, though the pattern is global', () => {
    const kind = textKind({ max: 5, pattern: /a/g })

    expect([kind.read('a'), kind.read('a')]).toEqual(['a', 'a'])
  })

  test('can be ordered and sorted only where an index can hold it', () => {
    expect(textKind({ max: 500 })).toMatchObject({
      isSortable: true,
      operators: ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'null'],
    })
    expect(textKind({ max: 501 })).toMatchObject({ isSortable: false, operators: ['eq', 'ne', 'in', 'null'] })
  })

  test.each([
    [{ max: 0 }, 'its max is 0'],
    [{ max: Number.POSITIVE_INFINITY }, 'its max is Infinity'],
    [{ max: 1.5 }, 'its max is 1.5'],
    [{ min: -1, max: 5 }, 'its min is -1'],
    [{ min: 6, max: 5 }, 'its min is 6'],
    [{ max: 5, pattern: /a]/ }, 'its pattern /a]/ is no regular expression under the flag u'],
    [{ max: 5, pattern: /a/i }, 'its pattern /a/i has flags that JSON Schema does not know'],
  ])('finds what is wrong with %o', (options, what) => {
    expect(
      textKind(options)
        .findFlaws?.()
        .map((flaw) => flaw.what),
    ).toEqual([what])
  })
})
