/** Who looks after accounts, where the declaration asks them for a fresh sign-in: they are told to show it, others are told no. */
// Proves ACC-03, JWT-01.
import { afterAll, beforeAll, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { Post } from '../../examples/blog/domain.ts'
import { app } from '../../src/app/index.ts'
import { choice, domain, email, hasMany, permit, resource, secret, text } from '../../src/model/index.ts'
import { type TestService, testService } from '../../src/testing/index.ts'
import { addAccount, tokensOf } from './account-kit.ts'

/** The accounts of the reference service, which only somebody with a fresh second factor may change. */
const User = resource('user', {
  idPrefix: 'usr',
  fields: {
    email: email().unique(),
    displayName: text({ min: 1, max: 100 }),
    password: secret({ min: 12, max: 256 }).optional().immutable(),
    role: choice(['admin', 'editor', 'viewer']).default('viewer').writableBy('admin'),
  },
  relations: { posts: hasMany('post', { by: 'author' }) },
  policies: ({ actor, context }) => [
    permit('read').needs('users:read'),
    permit('update').needs('users:write').when(context.secondFactor.isWithin('5 min')),
    permit('register').when(actor.isNobody),
  ],
})
const guarded = app({
  ...blog,
  domain: domain({
    name: 'blog',
    roles: { admin: ['users:read', 'users:write', 'posts:read', 'posts:write', 'posts:delete'], editor: [], viewer: [] },
    resources: [User, Post],
    accounts: { resource: User, login: 'email', password: 'password', role: 'role', displayName: 'displayName' },
  }),
})

let service: TestService
let admin: string
let viewer: string

beforeAll(async () => {
  service = await testService({ app: guarded })
  await addAccount(service, 'admin@example.com', { role: 'admin' })
  await addAccount(service, 'viewer@example.com')
  admin = (await tokensOf(service, 'admin@example.com')).access
  viewer = (await tokensOf(service, 'viewer@example.com')).access
})
afterAll(() => service.stop())

const revoke = (token: string, jti: string) =>
  service.request('/auth/token-revocations', { method: 'POST', token, body: { jti } })

test('an admin without a fresh second factor is told to show one, and how old it may be', async () => {
  const answer = await revoke(admin, 'A'.repeat(22))

  expect(answer.status).toBe(401)
  expect(answer.json.error.code).toBe('AUTH_STEP_UP_REQUIRED')
  expect(answer.headers.get('www-authenticate')).toContain('max_age="300"')
})

test('somebody who could not with one either is told no', async () => {
  expect((await revoke(viewer, 'A'.repeat(22))).json.error.code).toBe('AUTH_FORBIDDEN')
})

test.each(['short', 'with a space in the middle', `${'A'.repeat(22)}.`, 'A'.repeat(129)])(
  'a token is not revoked by what can be the name of none: %j',
  async (jti) => {
    const answer = await revoke(admin, jti)

    expect([answer.status, answer.json.error.details[0].field]).toEqual([400, 'jti'])
  },
)
