import { expect, test } from 'vitest'
import { refuseCrossSite } from './cross-site.ts'

const ORIGIN = 'https://api.example.com'

function judge(method: string, headers: Readonly<Record<string, string>>): string {
  try {
    refuseCrossSite({ method, header: (name) => headers[name] }, ORIGIN)
    return 'permitted'
  } catch (error) {
    return (error as { code: string }).code
  }
}

test.each([
  ['POST', { 'sec-fetch-site': 'same-origin' }],
  // A page under `no-referrer`: the browser's own word is enough.
  ['POST', { 'sec-fetch-site': 'same-origin', origin: 'null' }],
  ['GET', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
  ['POST', { origin: ORIGIN }],
])('permits %s with %j', (method, headers) => {
  expect(judge(method, headers as Record<string, string>)).toBe('permitted')
})

test.each([
  ['POST', {}],
  ['GET', {}],
  ['POST', { 'sec-fetch-site': 'cross-site' }],
  ['POST', { 'sec-fetch-site': 'same-site', origin: 'https://app.example.com' }],
  ['GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
  ['POST', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
  ['GET', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'cors' }],
  ['POST', { 'sec-fetch-site': 'cross-site', origin: ORIGIN }],
  ['POST', { 'sec-fetch-site': 'same-origin, cross-site' }],
  ['POST', { 'sec-fetch-site': '', origin: ORIGIN }],
  ['POST', { origin: 'null' }],
  ['POST', { origin: 'https://api.example.com.evil.example' }],
  ['POST', { origin: 'http://api.example.com' }],
  ['POST', { origin: 'https://api.example.com:8443' }],
  ['POST', { referer: 'https://api.example.com/' }],
])('refuses %s with %j', (method, headers) => {
  expect(judge(method, headers as Record<string, string>)).toBe('AUTH_CROSS_SITE')
})
