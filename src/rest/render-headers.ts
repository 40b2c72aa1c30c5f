/**
 * The header blocks of a route's answers: how long who may keep them, and since when they are deprecated.
 *
 * A shared cache may keep a record only where nobody in particular asked, for a resource that says so, and where no rule about
 * reading looks at the network address or the clock: the cache would hand it to another address, or later. `Vary: Authorization`
 * keeps the variants of known callers apart, and these are never stored at all.
 */
import { type HeaderBlock, headerBlock } from '../http/index.ts'
import type { Condition, Deprecation, ResourceModel } from '../model/index.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const MAX_AGE_S = 60

export interface ReplyHeaders {
  /** For an answer that depends on who asks. */
  readonly private: HeaderBlock
  /** For an answer that anybody gets; undefined where there is none. */
  readonly public: HeaderBlock | undefined
  /** For an answer without a body. */
  readonly empty: HeaderBlock
}

export function replyHeaders(resource: ResourceModel, deprecation: Deprecation | undefined): ReplyHeaders {
  const shared = { ...renderDeprecation(deprecation), vary: 'authorization, origin' }
  const own = { ...shared, 'cache-control': 'private, no-store' }
  const { http, maxAgeS = MAX_AGE_S } = resource.cache
  const isPublic = http === 'public' && isSameEverywhere(resource)
  return {
    private: headerBlock({ ...own, 'content-type': JSON_TYPE }),
    public: isPublic
      ? headerBlock({
          ...shared,
          'content-type': JSON_TYPE,
          'cache-control': `public, max-age=${maxAgeS}, stale-while-revalidate=${maxAgeS}`,
        })
      : undefined,
    empty: headerBlock(own),
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc9745 and https://www.rfc-editor.org/rfc/rfc8594 */
export function renderDeprecation(deprecation: Deprecation | undefined): Readonly<Record<string, string>> {
  if (deprecation === undefined) return {}
  const since = readMoment(deprecation.since)
  return {
    deprecation: `@${Math.floor(since.getTime() / 1_000)}`,
    ...(deprecation.sunset !== undefined && { sunset: readMoment(deprecation.sunset).toUTCString() }),
    link: '</docs>; rel="deprecation"; type="text/html"',
  }
}

function readMoment(text: string): Date {
  const moment = new Date(text)
  if (Number.isNaN(moment.getTime()))
    throw new TypeError(
      `Cannot read date "${text}" of a deprecation: it has another form, expected an ISO date such as "2026-01-31"`,
    )
  return moment
}

function isSameEverywhere(resource: ResourceModel): boolean {
  return !resource.rules.some((rule) => rule.verbs.includes('read') && looksAtContext(rule.condition))
}

function looksAtContext(condition: Condition): boolean {
  switch (condition.node) {
    case 'time-of-day':
    case 'weekday':
    case 'address':
      return true
    case 'all':
    case 'either':
      return condition.parts.some(looksAtContext)
    case 'not':
      return looksAtContext(condition.part)
    case 'constant':
    case 'compare':
    case 'nothing':
    case 'role':
    case 'permission':
    case 'kind':
    // Nobody has signed in on anything: what is kept for everybody is what nobody sees.
    case 'device':
    case 'proof':
      return false
  }
}
