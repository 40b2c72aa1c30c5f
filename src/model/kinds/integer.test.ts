import { describe, expect, test } from 'vitest'
import { integerKind } from './integer.ts'

describe('integer', () => {
  const kind = integerKind({ min: -10, max: 10 })

  test('takes −0 for 0, since no column knows it', () => {
    expect(Object.is(kind.read(JSON.parse('-0')), 0)).toBe(true)
    expect(Object.is(kind.readText('-0'), 0)).toBe(true)
  })

  test.each([
    ['"1"', 'type'],
    ['1.5', 'type'],
    ['1e400', 'type'],
    ['9007199254740993', 'type'],
    ['11', 'too_large'],
    ['-11', 'too_small'],
    ['true', 'type'],
    ['[1]', 'type'],
  ])('refuses %s', (json, code) => {
    expect(kind.read(JSON.parse(json))).toMatchObject({ code })
  })

  test.each(['', ' 1', '1 ', '+1', '01', '1.0', '1e1', '0x1', '0b1', '1_0', '١', 'NaN', 'Infinity', '99999999999999999'])(
    'refuses the text %j',
    (text) => {
      expect(kind.readText(text)).toMatchObject({ code: 'type', message: 'must be a whole number' })
    },
  )

  test('is an int4 just where all its values fit one', () => {
    expect(integerKind({ min: -(2 ** 31), max: 2 ** 31 - 1 })).toMatchObject({
      sqlType: 'integer',
      graphqlType: 'Int',
      protobufType: 'int32',
    })
    expect(integerKind({ min: 0, max: 2 ** 31 })).toMatchObject({
      sqlType: 'bigint',
      graphqlType: 'SafeInteger',
      protobufType: 'int64',
    })
    expect(integerKind()).toMatchObject({ sqlType: 'bigint' })
  })

  test.each([[{ min: 5, max: 4 }], [{ max: 2 ** 53 }], [{ min: 0.5 }], [{ min: Number.NaN }]])(
    'finds what is wrong with %o',
    (options) => {
      expect(integerKind(options).findFlaws?.()).toHaveLength(1)
    },
  )
})
