// Proves ACC-01: what the verifiers say together.
import { describe, expect, test } from 'vitest'
import { ALWAYS, all, type Condition, either } from '../condition.ts'
import { DeclarationError, domain } from '../domain.ts'
import type { FieldMap } from '../field.ts'
import { belongsTo } from '../fields.ts'
import { type PolicyScope, permit } from '../permit.ts'
import { type Resource, resource } from '../resource.ts'
import { action, field, post, problemsOf, refusals, User, when } from './wrong-declarations.test-kit.ts'

describe('a declaration that is right', () => {
  test('has no problems', () => {
    expect(problemsOf(post({}), User)).toEqual([])
    expect(problemsOf(action('markPaid', refusals('CONFLICT_POST_PAID')))).toEqual([])
  })

  test('may compare all that the verifiers know to be comparable', () => {
    const conditions: readonly ((scope: PolicyScope<FieldMap>) => Condition)[] = [
      ({ record, actor }) => either(record.id.is(actor.id), record.author?.is(actor.id) ?? ALWAYS),
      ({ record }) => record.tags?.isNothing() ?? ALWAYS,
      ({ record }) => all(record.createdAt.isLessThan(record.updatedAt), record.dueAt?.isAtLeast(new Date(0)) ?? ALWAYS),
      ({ record }) => record.amount?.isMoreThan(3) ?? ALWAYS,
      ({ context }) =>
        all(context.timeOfDay('Europe/Berlin').isBetween('22:00', '06:00'), context.weekday('UTC').isOneOf([1, 7])),
      ({ context }) =>
        context.address.isIn('10.0.0.0/8', '192.168.1.1/32', '::1/128', '2001:db8::/32', '0.0.0.0/0', 'fe80::1:2/64'),
      ({ context }) => all(context.device.isOneOf('browser', 'native', 'service'), context.secondFactor.isWithin('30 s')),
      ({ context }) => context.signIn.isWithin('720 h'),
      ({ actor }) => all(actor.isUser, actor.hasRole('admin'), actor.hasPermission('posts:write')),
    ]
    for (const condition of conditions) expect(problemsOf(when(condition), User)).toEqual([])
  })

  test('may hold keys in a circle, also to the resource itself', () => {
    const manager = { manager: belongsTo({ name: 'user', idPrefix: 'usr' }), team: belongsTo({ name: 'post', idPrefix: 'post' }) }
    const circle = resource('user', { idPrefix: 'usr', fields: manager, policies: () => [permit('read')] }) as Resource

    expect(problemsOf(circle, field('lead', belongsTo(User)))).toEqual([])
  })
})

test('start-up tells of roles and names of the domain', () => {
  const declare = () => domain({ name: 'My Blog', roles: { admin: ['posts:write', 'write posts'] }, resources: [post({})] })

  expect(declare).toThrow(
    new DeclarationError('My Blog', [
      { where: 'domain', what: 'its name "My Blog" is not in kebab-case', mend: "name: 'my-service'" },
      { where: 'roles', what: 'the permission "write posts" is not <resource>:<verb>', mend: 'posts:write' },
    ]),
  )
})

test('start-up tells all at once, and the whole is good to read', () => {
  const declare = () =>
    domain({
      name: 'blog',
      resources: [post({ list: { sort: ['-publishedAt'] }, policies: () => [permit('read').to('edtior')] })],
    })

  expect(declare).toThrow(`Cannot start the domain "blog": 2 things are wrong with its declaration
  resource "post", list: it names "publishedAt" under sort, and there is no such field
      mend: Fields are title, status, tags, length.
  resource "post", policies: a rule names the role "edtior", which is not declared
      mend: roles: { edtior: [] }`)
})
