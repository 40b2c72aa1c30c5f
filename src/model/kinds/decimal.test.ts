import { describe, expect, test } from 'vitest'
import { decimalKind } from './decimal.ts'

describe('decimal', () => {
  const kind = decimalKind({ digits: 5, scale: 2 })

  test.each([
    ['0', '0.00'],
    ['-0', '0.00'],
    ['-0.00', '0.00'],
    ['12.5', '12.50'],
    ['-0.01', '-0.01'],
    ['999.99', '999.99'],
    ['-999.99', '-999.99'],
  ])('reads %s as %s', (input, value) => {
    expect(kind.read(input)).toBe(value)
  })

  test.each([
    [12.5, 'type', 'must be a decimal number in quotes, such as "12.50"'],
    ['1e3', 'type', 'must be a decimal number in quotes, such as "12.50"'],
    ['.5', 'type', 'must be a decimal number in quotes, such as "12.50"'],
    ['5.', 'type', 'must be a decimal number in quotes, such as "12.50"'],
    ['007', 'type', 'must be a decimal number in quotes, such as "12.50"'],
    ['1,5', 'type', 'must be a decimal number in quotes, such as "12.50"'],
    ['NaN', 'type', 'must be a decimal number in quotes, such as "12.50"'],
    ['0.001', 'too_precise', 'must have at most 2 digits behind the point'],
    ['1000', 'too_large', 'must be at most 999.99'],
    ['-1000', 'too_small', 'must be at least -999.99'],
  ])('refuses %j', (input, code, message) => {
    expect(kind.read(input)).toMatchObject({ code, message })
  })

  test('holds just what numeric holds when no digit stands before the point', () => {
    const share = decimalKind({ digits: 4, scale: 4 })

    expect(share.read('0.9999')).toBe('0.9999')
    expect(share.read('1')).toMatchObject({ code: 'too_large', message: 'must be at most 0.9999' })
    expect(share.sqlType).toBe('numeric(4,4)')
  })

  test('without a scale takes no point', () => {
    const count = decimalKind({ digits: 38, scale: 0 })

    expect(count.read('9'.repeat(38))).toBe('9'.repeat(38))
    expect(count.read('1.0')).toMatchObject({ code: 'too_precise', message: 'must have no digits behind the point' })
  })

  test('keeps to its own bounds', () => {
    const price = decimalKind({ digits: 12, min: '0', max: '100.5' })

    expect(price.read('-0.01')).toMatchObject({ code: 'too_small', message: 'must be at least 0' })
    expect(price.read('100.51')).toMatchObject({ code: 'too_large', message: 'must be at most 100.5' })
  })

  test('compares by value, beyond what floats can tell apart', () => {
    const wide = decimalKind({ digits: 38, scale: 2 })

    expect(wide.compare('900719925474099300.01', '900719925474099300.02')).toBe(-1)
    expect(wide.compare('10.00', '9.00')).toBe(1)
    expect(wide.compare('-10.00', '-9.00')).toBe(-1)
  })

  test.each([
    [{ digits: 0 }, 'it has 0 digits'],
    [{ digits: 39 }, 'it has 39 digits'],
    [{ digits: 2, scale: 3 }, 'its scale is 3'],
    [{ digits: 5, scale: -1 }, 'its scale is -1'],
    [{ digits: 5, min: 'abc' }, 'its bound "abc" does not fit 5 digits with 2 behind the point'],
    [{ digits: 5, max: '0.001' }, 'its bound "0.001" does not fit 5 digits with 2 behind the point'],
    [{ digits: 5, min: '2', max: '1' }, 'its min 2 is above its max 1'],
  ])('finds what is wrong with %o, and does not throw', (options, what) => {
    expect(
      decimalKind(options)
        .findFlaws?.()
        .map((flaw) => flaw.what),
    ).toEqual([what])
  })
})

test('a decimal is compared with a finer one by all its digits', () => {
  const { compare } = decimalKind({ digits: 12, scale: 2 })

  expect(compare('1.00', '1.0050')).toBe(-1)
  expect(compare('-1.00', '-1.0050')).toBe(1)
  expect(compare('1.00', '1.0000')).toBe(0)
})
