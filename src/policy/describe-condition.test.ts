// Proves ACC-04.
import { expect, test } from 'vitest'
import type { Uuid } from '../kernel/index.ts'
import { type Actor, type Condition, domain, email, NOBODY, not, permit, resource, text, timestamp } from '../model/index.ts'
import { describeCondition, explainCondition, type PolicyInput } from './index.ts'

const NOW_MS = Date.parse('2026-11-23T12:05:00Z')
const SOMEBODY: Actor = {
  kind: 'user',
  id: '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid,
  subject: 'usr_a',
  roles: ['editor'],
  permissions: [],
  session: { id: null, clientId: null, device: 'browser', authenticatedAtMs: NOW_MS - 90_000, secondFactorAtMs: null },
}

const conditions: Condition[] = []
const model = domain({
  name: 'blog',
  roles: { admin: ['posts:read'] },
  resources: [
    resource('post', {
      fields: { title: text({ max: 50 }), contact: email().sensitive(), endsAt: timestamp().optional() },
      policies: ({ actor, record, context }) => {
        conditions.push(
          record.title.isNot('a'),
          record.endsAt.isMoreThan(new Date(0)),
          record.contact.is('ada@example.com'),
          record.id.is(actor.id),
          record.endsAt.isNothing(),
          actor.hasRole('admin'),
          actor.hasPermission('posts:read'),
          actor.isService,
          context.timeOfDay('Europe/Berlin').isBetween('09:00', '18:00'),
          context.weekday('UTC').isOneOf([6, 7]),
          context.address.isIn('10.0.0.0/8'),
          context.device.isOneOf('native', 'service'),
          context.signIn.isWithin('1 min'),
          context.secondFactor.isWithin('5 min'),
        )
        return [permit('read')]
      },
    }),
  ],
}).resource('post')

function explain(condition: Condition, input: Partial<PolicyInput> = {}, record: object = {}): readonly string[] {
  const whole = { actor: SOMEBODY, nowMs: NOW_MS, address: '192.0.2.7', ...input }
  return explainCondition(condition, model.fieldsByName, whole, { ...record }).map(
    (one) => `${one.holds ? '✓' : '✗'} ${one.text}: ${one.found}`,
  )
}

test('explainCondition() tells each comparison, how it came out, and what was compared', () => {
  const record = { id: SOMEBODY.id, title: 'a', contact: 'bob@example.com', endsAt: new Date(5) }

  expect(conditions.flatMap((condition) => explain(condition, {}, record))).toEqual([
    '✗ not (record.title is "a"): record.title is "a"',
    '✓ record.endsAt is more than 1970-01-01T00:00:00.000Z: record.endsAt is 1970-01-01T00:00:00.005Z',
    '✗ record.contact is "ada@example.com": record.contact is (not shown)',
    '✓ record.id is actor.id: record.id is post_01h455vb4pex5vsknk084sn02q, actor.id is post_01h455vb4pex5vsknk084sn02q',
    '✗ record.endsAt is nothing: record.endsAt is 1970-01-01T00:00:00.005Z',
    '✗ the role admin: roles: editor',
    '✗ the permission posts:read: no permission',
    '✗ the actor is a service: the actor is a user',
    '✓ the time in Europe/Berlin is from 09:00 to 18:00: the time there is 13:05',
    '✗ the day in UTC is Saturday or Sunday: the day there is Monday',
    '✗ the address is in 10.0.0.0/8: the address is 192.0.2.7',
    '✗ the device is native or service: the device is browser',
    '✗ the last sign-in is at most 60 s old: it is 90 s old',
    '✗ the last second factor is at most 300 s old: there was no second factor',
  ])
})

test('explainCondition() turns what stands under a not, so that a mark always says whether the rule has what it asks for', () => {
  const [title, , , own, ends] = conditions as [Condition, Condition, Condition, Condition, Condition]
  const record = { id: SOMEBODY.id, title: 'a', endsAt: new Date(5) }
  const both: Condition = { node: 'all', parts: [own, ends] }

  expect(explain({ node: 'not', part: ends }, {}, record)).toEqual([
    '✓ record.endsAt is something: record.endsAt is 1970-01-01T00:00:00.005Z',
  ])
  expect(explain(title, {}, record)).toEqual(['✗ not (record.title is "a"): record.title is "a"'])
  expect(explain({ node: 'not', part: both }, {}, record).map((line) => line.slice(0, 30))).toEqual([
    '✗ not (record.id is actor.id):',
    '✓ not (record.endsAt is nothin',
  ])
})

test('explainCondition() says what is not known of nobody', () => {
  const asNobody = { actor: NOBODY, address: null }

  expect(conditions.slice(-4).flatMap((condition) => explain(condition, asNobody))).toEqual([
    '✗ the address is in 10.0.0.0/8: the address is not known',
    '✗ the device is native or service: the device is not known',
    '✗ the last sign-in is at most 60 s old: there was no sign-in',
    '✗ the last second factor is at most 300 s old: there was no second factor',
  ])
})

test('describeCondition() sets joined parts in brackets where they would run together', () => {
  const [first, second, third] = conditions
  if (first === undefined || second === undefined || third === undefined) throw new Error('there are no conditions')
  const either: Condition = { node: 'either', parts: [{ node: 'all', parts: [first, second] }, not(third)] }

  expect(describeCondition(either, model.fieldsByName)).toBe(
    '(not (record.title is "a") and record.endsAt is more than 1970-01-01T00:00:00.000Z) or not (record.contact is "ada@example.com")',
  )
  expect(describeCondition({ node: 'constant', holds: false }, model.fieldsByName)).toBe('never')
})
