/** What a client can ask for: who the person is, and the permissions of the domain, each said in words. */
import type { Domain } from '../model/index.ts'
import { sayName } from './words.ts'

/** Scopes of OpenID Connect that this server knows. */
export const IDENTITY_SCOPES = ['openid', 'profile', 'email', 'offline_access'] as const

const IDENTITY_WORDS: Readonly<Record<string, string>> = {
  openid: 'Know that it is you',
  profile: 'See your name',
  email: 'See your e-mail address',
  offline_access: 'Keep access while you are away',
}

const VERB_WORDS: Readonly<Record<string, string>> = {
  read: 'See',
  write: 'Create and change',
  delete: 'Delete',
}

/** The scopes of a domain. */
export interface Scopes {
  /** Every permission that a role has. */
  readonly permissions: readonly string[]
  isKnown(scope: string): boolean
  /** A line for the page on which the person decides. */
  describe(scope: string): string
}

/** Permissions are scopes: what a role may do is what a client can be lent. */
export function createScopes(domain: Pick<Domain, 'roles'>): Scopes {
  const permissions = [...new Set(Object.values(domain.roles).flat())].sort()
  const known = new Set<string>([...IDENTITY_SCOPES, ...permissions])
  return {
    permissions,
    isKnown: (scope) => known.has(scope),
    describe(scope) {
      const words = IDENTITY_WORDS[scope]
      if (words !== undefined) return words
      const [resource = scope, verb = ''] = scope.split(':')
      const things = resource.replaceAll(/[_-]/g, ' ')
      return `${VERB_WORDS[verb] ?? sayName(verb)} ${things}`
    },
  }
}
