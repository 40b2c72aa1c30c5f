import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clearCookie, readCookies, renderCookie } from './cookies.ts'

test.each([
  [undefined, {}],
  ['', {}],
  ['a=1', { a: '1' }],
  ['a=1; b=2;c=3', { a: '1', b: '2', c: '3' }],
  ['a=1=2; b=', { a: '1=2', b: '' }],
  ['a=%20%C3%B6', { a: ' ö' }],
  ['nonsense; a=1; =x', { a: '1', '': 'x' }],
  ['A=1; a=2', { A: '1', a: '2' }],
  ['__proto__=1; constructor=2', { ['__proto__']: '1', constructor: '2' }],
])('readCookies(%j)', (header, expected) => {
  expect([...readCookies(header)]).toEqual(Object.entries(expected))
})

test.each([
  ['__Host-session=ours; __Host-session=theirs'],
  ['__Host-session=one; x=1; __Host-session=two; __Host-session=three'],
  ['__Host-session=same; __Host-session=same'],
  ['__Host-session=%ff; __Host-session=theirs'],
  ['__Host-session=%00'],
  ['__Host-session=%0d%0aset-cookie'],
  ['__Host-session=%zz'],
])('of %j there is no session', (header) => {
  expect(readCookies(header).get('__Host-session')).toBeUndefined()
})

test('prints the careful attributes unless told otherwise', () => {
  expect(renderCookie('__Host-session', 'abc')).toBe('__Host-session=abc; Path=/; HttpOnly; Secure; SameSite=Strict')
  expect(renderCookie('theme', 'dark', { maxAgeS: 60, path: '/ui', sameSite: 'lax', isHttpOnly: false, isSecure: false })).toBe(
    'theme=dark; Max-Age=60; Path=/ui; SameSite=Lax',
  )
  expect(clearCookie('__Host-session')).toBe('__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict')
})

test.each([
  ['__Host-a', { isSecure: false }],
  ['__Secure-a', { isSecure: false }],
  ['__host-a', { isSecure: false }],
  ['__Host-a', { path: '/auth' }],
  ['a', { sameSite: 'none' as const, isSecure: false }],
  ['a', { path: '/;domain=example.com' }],
  ['a', { maxAgeS: 1.5 }],
  ['a b', {}],
  ['a;b', {}],
])('refuses the cookie %j with %j', (name, options) => {
  expect(() => renderCookie(name, 'x', options)).toThrow(TypeError)
})

test('any value comes back as it was, and cannot add an attribute', () => {
  fc.assert(
    fc.property(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: text without them
      fc.string({ unit: 'grapheme' }).filter((text) => !/[\0-\x1f\x7f]/.test(text)),
      (value) => {
        const [pair = '', ...attributes] = renderCookie('a', value).split('; ')

        expect(readCookies(pair).get('a')).toBe(value)
        expect(attributes).toEqual(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict'])
      },
    ),
  )
})
