// Proves ACC-01, ACC-04.
import { describe, expect, test } from 'vitest'
import type { Uuid } from '../kernel/index.ts'
import {
  type Actor,
  type ActorSession,
  ALWAYS,
  belongsTo,
  choice,
  domain,
  either,
  NOBODY,
  not,
  permit,
  resource,
  text,
} from '../model/index.ts'
import { Access, DENIED, isReadable, isWritable, type PolicyInput, UNCONDITIONAL } from './index.ts'

const ADA = '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid
const BOB = '01890a5d-ac96-774b-bcce-b302099a8058' as Uuid

const User = resource('user', { fields: { name: text({ max: 50 }) }, policies: () => [permit('read')] })
const Post = resource('post', {
  fields: {
    author: belongsTo(User).optional(),
    status: choice(['draft', 'published']),
    note: text({ max: 50 }).readableBy('admin').writableBy('admin', 'editor'),
    token: text({ max: 50 }).writeOnly(),
    views: text({ max: 50 }).optional().readOnly(),
  },
  policies: ({ actor, record, context }) => [
    permit('read').when(either(record.status.is('published'), record.author.is(actor.id))),
    permit('read').to('admin').needs('posts:read'),
    permit('update').to('editor', 'admin').needs('posts:write').needs('posts:read').when(record.author.is(actor.id)),
    permit('delete').when(record.author.isNot(actor.id)),
    permit('create').when(context.address.isIn('10.0.0.0/8')).when(ALWAYS),
    permit('restore').when(not(record.author.isNothing())),
  ],
})
const model = domain({
  name: 'blog',
  roles: { admin: ['posts:read', 'posts:write'], editor: ['posts:write'] },
  resources: [User, Post],
}).resource('post')

function as(actor: Partial<Actor>, more: Partial<PolicyInput> = {}): PolicyInput {
  return {
    actor: { kind: 'user', id: ADA, subject: 'usr_a', roles: [], permissions: [], ...actor },
    nowMs: 0,
    address: null,
    ...more,
  }
}
const nobody: PolicyInput = { actor: NOBODY, nowMs: 0, address: null }

describe('Access.decide()', () => {
  test.each<[string, string, PolicyInput, number]>([
    ['denies what no rule names', 'publish', as({ roles: ['admin'] }), DENIED],
    ['keeps the rules that depend on the record', 'read', nobody, 0b01],
    [
      'lets a rule without a condition stand for all',
      'read',
      as({ roles: ['admin'], permissions: ['posts:read'] }),
      UNCONDITIONAL,
    ],
    ['needs the permission besides the role', 'read', as({ roles: ['admin'] }), 0b01],
    ['needs one of the roles', 'update', as({ permissions: ['posts:write', 'posts:read'] }), DENIED],
    ['needs all of the permissions', 'update', as({ roles: ['editor'], permissions: ['posts:write'] }), DENIED],
    [
      'is content with one role and all permissions',
      'update',
      as({ roles: ['editor'], permissions: ['posts:write', 'posts:read'] }),
      0b01,
    ],
    [
      'knows that nobody owns nothing',
      'update',
      as({ id: null, roles: ['editor'], permissions: ['posts:write', 'posts:read'] }),
      DENIED,
    ],
    ['lets "not mine" hold for nobody', 'delete', nobody, 0b01],
    ['decides by the address', 'create', as({}, { address: '10.1.1.1' }), UNCONDITIONAL],
    ['denies by the address', 'create', as({}, { address: '11.1.1.1' }), DENIED],
  ])('%s', (_, verb, input, set) => {
    expect(new Access(model, verb).decide(input)).toBe(set)
  })
})

test('Access.permits() treats a record without an owner as nobody’s', () => {
  const record = { author: null, status: 'draft' }

  expect(new Access(model, 'read').permits(nobody, record)).toBe(false)
  expect(new Access(model, 'read').permits(as({}), record)).toBe(false)
  expect(new Access(model, 'delete').permits(as({}), record)).toBe(true)
  expect(new Access(model, 'delete').permits(as({}), { ...record, author: ADA })).toBe(false)
  expect(new Access(model, 'restore').permits(as({}), record)).toBe(false)
})

test('Access.condition() is made once for each set, and holds for none under DENIED', () => {
  const access = new Access(model, 'read')

  expect(access.condition(0b01)).toBe(access.condition(0b01))
  expect(access.condition(UNCONDITIONAL)).toEqual({ node: 'constant', holds: true })
  expect(access.condition(DENIED)).toEqual({ node: 'constant', holds: false })
})

test('Access.explain() says of each rule for the verb whether caller and record fulfil it', () => {
  const access = new Access(model, 'read')
  const explain = (input: PolicyInput, record: object) =>
    access.explain(input, { ...record }).map(({ guardHolds, recordHolds }) => [guardHolds, recordHolds])

  expect(explain(nobody, { status: 'published' })).toEqual([
    [true, true],
    [false, true],
  ])
  expect(explain(as({}), { author: BOB, status: 'draft' })).toEqual([
    [true, false],
    [false, true],
  ])
  expect(explain(as({ roles: ['admin'], permissions: ['posts:read'] }), { author: BOB, status: 'draft' })).toEqual([
    [true, false],
    [true, true],
  ])
  expect(access.explain(nobody, {}).map(({ rule }) => rule)).toEqual(model.rules.filter(({ verbs }) => verbs.includes('read')))
})

test('isReadable() and isWritable() ask for a role where the field does, and for what never comes or goes', () => {
  const rightsOf = (name: string, ...roles: readonly string[]) => {
    const field = model.fieldsByName.get(name)
    if (field === undefined) throw new Error(`there is no field ${name}`)
    const actor: Actor = { ...NOBODY, roles }
    return `${isReadable(field, actor) ? 'r' : '-'}${isWritable(field, actor) ? 'w' : '-'}`
  }

  expect([rightsOf('note'), rightsOf('note', 'editor'), rightsOf('note', 'admin')]).toEqual(['--', '-w', 'rw'])
  expect([rightsOf('status'), rightsOf('token'), rightsOf('views'), rightsOf('id'), rightsOf('deletedAt', 'admin')]).toEqual([
    'rw',
    '-w',
    'r-',
    'r-',
    '--',
  ])
})

describe('an application that acts for somebody', () => {
  const session = { id: null, clientId: 'app', device: null, authenticatedAtMs: 0, secondFactorAtMs: 0 }
  const fields = { name: text({ max: 50 }), owner: belongsTo(User) }
  const lent = domain({
    name: 'lent',
    roles: { admin: ['notes:read'] },
    resources: [
      User,
      resource('note', {
        fields,
        policies: ({ actor, record }) => [
          permit('read').needs('notes:read').when(record.owner.is(actor.id)),
          permit('read-deleted').when(actor.hasPermission('notes:read')),
          permit('update').when(record.owner.is(actor.id)),
          permit('delete').to('admin'),
          permit('restore').when(actor.isUser),
          permit('create'),
        ],
      }),
      resource('page', {
        fields,
        policies: ({ actor, record }) => [
          permit('read').when(record.name.is('public')),
          permit('update').when(either(record.name.is('public'), record.owner.is(actor.id))),
        ],
      }),
    ],
  })
  const may = (name: string, verb: string, actor: Partial<Actor>) =>
    new Access(lent.resource(name), verb).decide(as({ roles: ['admin'], ...actor })) !== DENIED

  test.each([
    ['note', 'read', true],
    ['note', 'read-deleted', true],
    ['note', 'create', true],
    ['note', 'update', false],
    ['note', 'delete', false],
    ['note', 'restore', false],
    ['page', 'read', true],
    ['page', 'update', false],
  ])('%s %s: %s, which the person may always', (name, verb, expected) => {
    const permissions = ['notes:read']

    expect(may(name, verb, { permissions })).toBe(true)
    expect(may(name, verb, { permissions, session: { ...session, clientId: null } })).toBe(true)
    expect(may(name, verb, { permissions, session })).toBe(expected)
  })

  test('may nothing of what it was not lent the permission for', () => {
    expect(may('note', 'read', { permissions: ['other:read'], session })).toBe(false)
  })
})

describe('Access.staleProofs()', () => {
  const NOW_MS = 1_000_000_000
  const session = { id: null, clientId: null, device: null, authenticatedAtMs: null, secondFactorAtMs: null }
  const keys = domain({
    name: 'keys',
    roles: { admin: [] },
    resources: [
      resource('key', {
        fields: { name: text({ max: 50 }), owner: text({ max: 50 }) },
        policies: ({ actor, record, context }) => [
          permit('read').to('admin').when(context.secondFactor.isWithin('5 min')),
          permit('delete').to('admin').when(context.secondFactor.isWithin('5 min')).when(context.signIn.isWithin('1 h')),
          permit('update').when(either(context.signIn.isWithin('30 s'), context.secondFactor.isWithin('10 min'))),
          permit('create').when(context.secondFactor.isWithin('5 min')).when(record.name.is('a')).when(actor.isUser),
          permit('restore').when(not(context.secondFactor.isWithin('5 min'))),
        ],
      }),
    ],
  }).resource('key')
  const admin = (shown: Partial<ActorSession> = {}) =>
    as({ roles: ['admin'], session: { ...session, ...shown } }, { nowMs: NOW_MS })
  const ask = (verb: string, input: PolicyInput) => {
    const access = new Access(keys, verb)
    return { isDenied: access.decide(input) === DENIED, stale: access.staleProofs(input) }
  }

  test('names what is too old, and how old it may be', () => {
    const stale = { isDenied: true, stale: [{ proof: 'second-factor', withinS: 300 }] }

    expect(ask('read', admin())).toEqual(stale)
    expect(ask('read', admin({ secondFactorAtMs: NOW_MS - 300_001 }))).toEqual(stale)
    expect(ask('read', admin({ secondFactorAtMs: NOW_MS - 300_000 })).isDenied).toBe(false)
  })

  test('names each that is too old, and none that is not', () => {
    const signIn = { proof: 'sign-in', withinS: 3_600 }
    const secondFactor = { proof: 'second-factor', withinS: 300 }

    expect(ask('delete', admin()).stale).toEqual([signIn, secondFactor])
    expect(ask('delete', admin({ secondFactorAtMs: NOW_MS })).stale).toEqual([signIn])
    expect(ask('delete', admin({ authenticatedAtMs: NOW_MS })).stale).toEqual([secondFactor])
  })

  test('asks for the sign-in where either will do', () => {
    expect(ask('update', admin()).stale).toEqual([{ proof: 'sign-in', withinS: 30 }])
  })

  test('leaves what depends on the record to the record', () => {
    expect(ask('create', admin())).toEqual({ isDenied: true, stale: [{ proof: 'second-factor', withinS: 300 }] })
    expect(ask('create', admin({ secondFactorAtMs: NOW_MS }))).toMatchObject({ isDenied: false })
  })

  test('says nothing where a newer proof would not help, or would harm', () => {
    expect(ask('read', as({ session }, { nowMs: NOW_MS })).stale).toBeUndefined()
    expect(ask('read', nobody).stale).toBeUndefined()
    expect(ask('publish', admin()).stale).toBeUndefined()
    expect(ask('restore', admin({ secondFactorAtMs: NOW_MS }))).toEqual({ isDenied: true, stale: undefined })
  })
})
