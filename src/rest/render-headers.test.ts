// Proves CAC-07.
import { describe, expect, test } from 'vitest'
import { domain, type PolicyScope, permit, type Rule, resource, text } from '../model/index.ts'
import { renderDeprecation, replyHeaders } from './render-headers.ts'

type Policies = (scope: PolicyScope<Record<never, never>>) => readonly Rule[]

function noteWith(http: 'public' | 'private', policies: Policies) {
  const note = resource('note', {
    fields: { title: text({ max: 10 }) },
    policies: policies as never,
    cache: { http, maxAgeS: 10 },
  })
  return domain({ name: 'notes', resources: [note] }).resource('note')
}

describe('replyHeaders()', () => {
  test('a public resource has a block that shared caches may keep', () => {
    const headers = replyHeaders(
      noteWith('public', () => [permit('read')]),
      undefined,
    )

    expect(headers.public?.text).toContain('cache-control: public, max-age=10, stale-while-revalidate=10\r\n')
    expect(headers.public?.text).toContain('vary: authorization, origin\r\n')
    expect(headers.private.text).toContain('cache-control: private, no-store\r\n')
  })

  test.each<[string, Policies]>([
    ['the network address', ({ context }) => [permit('read').when(context.address.isIn('10.0.0.0/8'))]],
    ['the time of day', ({ context }) => [permit('read').when(context.timeOfDay('Europe/Vienna').isBetween('09:00', '18:00'))]],
    ['the weekday', ({ context }) => [permit('read').when(context.weekday('Europe/Vienna').isOneOf([1, 2]))]],
  ])('a public resource whose readers depend on %s has none', (_, policies) => {
    expect(replyHeaders(noteWith('public', policies), undefined).public).toBeUndefined()
  })

  test('a private resource has none', () => {
    expect(
      replyHeaders(
        noteWith('private', () => [permit('read')]),
        undefined,
      ).public,
    ).toBeUndefined()
  })
})

describe('renderDeprecation()', () => {
  test('prints RFC 9745 and RFC 8594', () => {
    expect(renderDeprecation({ since: '2026-01-01', sunset: '2026-12-31' })).toEqual({
      deprecation: '@1767225600',
      sunset: 'Thu, 31 Dec 2026 00:00:00 GMT',
      link: '</docs>; rel="deprecation"; type="text/html"',
    })
  })

  test('refuses what is no date', () => {
    expect(() => renderDeprecation({ since: 'soon' })).toThrow('Cannot read date "soon" of a deprecation: it has another form')
  })
})
