import { expect, test } from 'vitest'
import { formTargets, pageHeaders } from './page-headers.ts'

function policyOf(options?: Parameters<typeof pageHeaders>[0]): string {
  return /content-security-policy: (.*)\r\n/.exec(pageHeaders(options).text)?.[1] ?? ''
}

test('a page runs files of its own origin, stands in no frame and is not stored', () => {
  expect(policyOf()).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
  )
  expect(pageHeaders().text).toContain('cache-control: no-store\r\n')
  expect(pageHeaders({ cacheControl: 'public, max-age=60' }).text).toContain('cache-control: public, max-age=60\r\n')
})

test('a page without scripts runs none, and asks nobody for anything by one', () => {
  expect(policyOf({ hasScripts: false })).toMatch(/; script-src 'none'; .*; connect-src 'none'; /)
})

test('other headers come besides, and take nothing away', () => {
  const more = { vary: 'cookie', 'content-security-policy': "default-src 'self'", 'cache-control': 'public' }

  expect(pageHeaders({ more }).text).toContain('vary: cookie\r\n')
  expect(pageHeaders({ more }).pairs).toHaveLength(pageHeaders().pairs.length)
  expect(policyOf({ more })).toBe(policyOf())
  expect(pageHeaders({ more }).text).toContain('cache-control: no-store\r\n')
})

test('forms go to this origin, nowhere, or where a header of the answer says', () => {
  expect(policyOf({ forms: 'none' })).toMatch(/; form-action 'none'$/)
  expect(policyOf({ forms: 'open' })).not.toContain('form-action')
})

test.each([
  [[], "form-action 'self'"],
  [['https://app.example.com/callback?x=1', 'https://app.example.com/other'], "form-action 'self' https://app.example.com"],
  [['http://127.0.0.1:49152/'], "form-action 'self' http://127.0.0.1:49152"],
  [['com.example.app:/callback'], "form-action 'self' com.example.app:"],
  [['http://[::1]:49152/'], "form-action 'self' http:"],
  [["https://a;script-src'/"], "form-action 'self' https:"],
])('formTargets(%j)', (targets, expected) => {
  expect(formTargets(targets)).toBe(expected)
})

test('a target that is no address is refused', () => {
  expect(() => formTargets(['/callback'])).toThrow(TypeError)
})
