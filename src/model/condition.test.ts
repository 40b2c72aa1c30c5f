import { describe, expect, test } from 'vitest'
import { ALWAYS, all, either, not, Reference, readsRecord } from './condition.ts'
import { ACTOR_REFERENCES as actor, CONTEXT_REFERENCES as context, permit } from './permit.ts'

const status = new Reference<string>({ from: 'record', field: 'status' })
const isDraft = {
  node: 'compare',
  comparison: 'eq',
  left: { from: 'record', field: 'status' },
  right: { from: 'constant', value: 'draft' },
}

describe('a condition', () => {
  test('is data that says what must hold', () => {
    expect(status.is('draft')).toEqual(isDraft)
    expect(status.isNot('draft')).toEqual({ node: 'not', part: isDraft })
    expect(status.isOneOf(['draft'])).toEqual({ node: 'either', parts: [isDraft] })
    expect(status.isNothing()).toEqual({ node: 'nothing', operand: { from: 'record', field: 'status' } })
    expect(status.is(status)).toMatchObject({ right: { from: 'record', field: 'status' } })
  })

  test.each([
    ['isMoreThan', 'gt'],
    ['isAtLeast', 'gte'],
    ['isLessThan', 'lt'],
    ['isAtMost', 'lte'],
  ] as const)('%s is the comparison %s', (method, comparison) => {
    expect(status[method]('m')).toMatchObject({ node: 'compare', comparison })
  })

  test('cannot be changed once it is made', () => {
    const conditions = [
      status.is('draft'),
      all(ALWAYS),
      either(ALWAYS),
      not(ALWAYS),
      status.isNothing(),
      actor.isUser,
      actor.hasPermission('posts:write'),
    ]
    const others = [
      context.weekday('UTC').isOneOf([1]),
      context.address.isIn('10.0.0.0/8'),
      context.timeOfDay('UTC').isBetween('09:00', '18:00'),
      context.device.isOneOf('browser'),
      context.secondFactor.isWithin('5 min'),
    ]

    for (const condition of [...conditions, ...others]) {
      expect(Object.isFrozen(condition)).toBe(true)
      for (const part of Object.values(condition)) expect(typeof part !== 'object' || Object.isFrozen(part)).toBe(true)
    }
  })

  test('knows whether it reads the record, however deep', () => {
    expect(readsRecord(all(ALWAYS, not(either(actor.isUser, status.is('draft')))))).toBe(true)
    expect(readsRecord(status.isNothing())).toBe(true)
    expect(readsRecord(new Reference({ from: 'actor', property: 'id' }).is(status))).toBe(true)
    expect(readsRecord(all(actor.isUser, context.weekday('UTC').isOneOf([1]), actor.id.isNothing()))).toBe(false)
  })

  test.each([
    ['30 s', 30],
    ['5 min', 300],
    ['1 h', 3_600],
  ] as const)('lets a proof be %s old', (age, withinS) => {
    expect(context.secondFactor.isWithin(age)).toEqual({ node: 'proof', proof: 'second-factor', withinS })
    expect(context.signIn.isWithin(age)).toEqual({ node: 'proof', proof: 'sign-in', withinS })
  })

  test.each(['', '5', '0 min', '-5 min', '1.5 h', '5min', '5 days', '5 min ', '9999999 s'])(
    'refuses an age of %j, and says what it expects',
    (age) => {
      expect(() => context.secondFactor.isWithin(age as '5 min')).toThrow(
        `Cannot read length of time "${age}": it has another form, expected a whole number from 1 and its unit such as "30 s"`,
      )
    },
  )

  test('over midnight is all of the day but the hours between', () => {
    expect(context.timeOfDay('UTC').isBetween('22:00', '06:00')).toEqual({
      node: 'not',
      part: { node: 'time-of-day', zone: 'UTC', fromMinute: 360, toMinute: 1_320 },
    })
    expect(context.timeOfDay('UTC').isBetween('22:00', '24:00')).toEqual({
      node: 'time-of-day',
      zone: 'UTC',
      fromMinute: 1_320,
      toMinute: 1_440,
    })
  })
})

describe('a rule', () => {
  test('grows by each call, and leaves what it grew from alone', () => {
    const read = permit('read')
    const narrow = read.to('editor').to('admin').needs('posts:read').when(actor.isUser).when(status.is('draft'))

    expect(read).toMatchObject({ verbs: ['read'], roles: [], permissions: [], condition: ALWAYS })
    expect(narrow).toMatchObject({ verbs: ['read'], roles: ['editor', 'admin'], permissions: ['posts:read'] })
    expect(narrow.condition).toEqual(all(actor.isUser, status.is('draft')))
  })
})
