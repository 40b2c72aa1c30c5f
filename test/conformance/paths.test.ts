/** API-02, API-03: the form of every path that a domain gets, whatever its resources are called. */
import { describe, expect, test } from 'vitest'
import blog from '../../examples/blog/domain.ts'
import { restRoutes } from '../../src/rest/index.ts'
import { orders } from '../domains/orders/domain.ts'

const domains = [blog, orders].map((domain) => [domain.name, domain] as const)
const isParameter = (segment: string): boolean => segment.startsWith(':')

describe.each(domains)('the paths of %s', (_, domain) => {
  const routes = restRoutes(domain)
  const segmentsOf = (path: string): readonly string[] => path.slice('/api/v1/'.length).split('/')

  test('API-02 begin with /api/v1, are in kebab-case, and end without a slash', () => {
    expect(routes.length).toBeGreaterThan(10)
    for (const { path } of routes) expect(path).toMatch(/^\/api\/v1(?:\/:?[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*)+$/)
    expect(
      routes.flatMap(({ path }) => segmentsOf(path).filter((segment) => !isParameter(segment) && /[_A-Z]/.test(segment))),
    ).toEqual([])
  })

  test('API-02 name collections by the plural of their resource; the only verbs are actions and restore', () => {
    const plurals = new Set(domain.resources.map(({ segment }) => segment))
    for (const { path, kind, nesting } of routes) {
      const nouns = segmentsOf(path).filter((segment) => !isParameter(segment))
      if (kind === 'act' || kind === 'restore') expect(nouns).toHaveLength(2)
      else expect(nouns).toHaveLength(nesting === undefined ? 1 : 2)
      expect(plurals).toContain(nouns[0])
      if (nesting !== undefined) expect(nouns[1]).toBe(nesting.child.segment)
    }
  })

  test('API-03 nest two levels at the most', () => {
    const nested = routes.filter(({ nesting }) => nesting !== undefined)

    expect(nested.length).toBeGreaterThan(0)
    for (const { path } of routes) expect(segmentsOf(path).filter(isParameter).length).toBeLessThanOrEqual(2)
    for (const { path } of routes) expect(segmentsOf(path).length).toBeLessThanOrEqual(4)
  })
})
