/** Declarations for the tests of the verifiers: right but for what a test changes, and the sentences that start-up says of them. */
import type { RefusalDeclaration } from '../action.ts'
import type { Condition } from '../condition.ts'
import { DeclarationError, domain } from '../domain.ts'
import type { FieldMap } from '../field.ts'
import { belongsTo, choice, integer, list, text, timestamp } from '../fields.ts'
import { type PolicyScope, permit, type Rule } from '../permit.ts'
import { type Resource, type ResourceDeclaration, resource } from '../resource.ts'

export type Loose = Partial<Omit<ResourceDeclaration<FieldMap>, 'list' | 'policies'>> & {
  readonly list?: object
  readonly policies?: (scope: PolicyScope<FieldMap>) => readonly Rule[]
}

/** A post that is right but for what the test changes. */
export function post(changes: Loose, name = 'post'): Resource {
  const fields = {
    title: text({ max: 200 }),
    status: choice(['draft', 'published']),
    tags: list(text({ max: 10 }), { max: 5 }),
    length: integer(),
  }
  return resource(name, {
    fields,
    policies: () => [permit('read')],
    ...(changes as object),
  } as ResourceDeclaration<FieldMap>) as Resource
}

/** What start-up says of these resources, one line a problem: where, what, mend. */
export function problemsOf(...resources: readonly Resource[]): readonly string[] {
  try {
    domain({ name: 'blog', roles: { admin: ['posts:write'] }, resources })
    return []
  } catch (thrown) {
    if (!(thrown instanceof DeclarationError)) throw thrown
    return thrown.problems.map(({ where, what, mend }) => `${where}: ${what} | ${mend}`)
  }
}

export function field(name: string, one: FieldMap[string]): Resource {
  return post({ fields: { [name]: one } })
}

export function when(condition: (scope: PolicyScope<FieldMap>) => Condition): Resource {
  const fields: FieldMap = {
    title: text({ max: 200 }),
    status: choice(['draft', 'published']),
    tags: list(text({ max: 10 }), { max: 5 }),
    amount: integer({ min: 0, max: 10 }),
    dueAt: timestamp(),
    author: belongsTo({ name: 'user', idPrefix: 'usr' }),
    reviewer: belongsTo({ name: 'post', idPrefix: 'post' }),
  }
  return post({ fields, policies: (scope) => [permit('read').when(condition(scope))] })
}

export function action(name: string, changes: object = {}): Resource {
  return post({
    policies: () => [permit('read', name)],
    actions: (define) => ({ [name]: define({ run: async ({ record }) => record, ...changes }) }),
  })
}

export const User = resource('user', {
  idPrefix: 'usr',
  fields: { name: text({ max: 100 }) },
  policies: () => [permit('read')],
}) as Resource
export const refusals = (code: string, refusal: RefusalDeclaration = { message: 'No', cure: 'Wait.' }) => ({
  refusals: { [code]: refusal },
})

/** What is wrong, the declaration of it, and what start-up says. */
export type WrongDeclaration = readonly [what: string, declare: () => readonly Resource[], sentences: readonly string[]]
