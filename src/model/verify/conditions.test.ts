// Proves ACC-01: one wrong declaration for each rule over conditions, and the very sentence that its author reads.
import { expect, test } from 'vitest'
import { ALWAYS, all } from '../condition.ts'
import { permit } from '../permit.ts'
import { post, problemsOf, User, type WrongDeclaration, when } from './wrong-declarations.test-kit.ts'

const WRONG: readonly WrongDeclaration[] = [
  [
    'a role in a condition',
    () => [when(({ actor }) => actor.hasRole('edtior')), User],
    ['resource "post", policies: a condition names the role "edtior", which is not declared | roles: { edtior: [] }'],
  ],
  [
    'a permission in a condition',
    () => [when(({ actor }) => actor.hasPermission('posts:wriet')), User],
    [
      `resource "post", policies: a condition names the permission "posts:wriet", which no role has | roles: { admin: ['posts:wriet'] }`,
    ],
  ],
  [
    'a field in a condition',
    () => [when(() => ({ node: 'nothing', operand: { from: 'record', field: 'nope' } })), User],
    [
      'resource "post", policies: a condition reads record.nope, and there is no such field | Fields are id, title, status, tags, amount, dueAt, author, reviewer, createdAt, updatedAt.',
    ],
  ],
  [
    'a constant that does not fit',
    () => [when(({ record }) => record.status?.is('nope') ?? ALWAYS), User],
    [
      'resource "post", policies: a condition compares record.status with "nope", which must be one of draft, published | Compare it with a value that the field can have.',
    ],
  ],
  [
    'a constant of another type',
    () => [when(({ record }) => record.dueAt?.isLessThan('2026-01-01') ?? ALWAYS), User],
    [
      'resource "post", policies: a condition compares record.dueAt with "2026-01-01", which is not a value of the kind timestamp | Compare it with a value that the field can have.',
    ],
  ],
  [
    'a comparison with null',
    () => [when(({ record }) => record.title?.is(null) ?? ALWAYS), User],
    ['resource "post", policies: a condition compares record.title with nothing: it would never hold | record.title.isNothing()'],
  ],
  [
    'a list that is compared',
    () => [when(({ record }) => record.tags?.is(['a']) ?? ALWAYS), User],
    ['resource "post", policies: a condition compares "tags", and a list cannot be compared | Compare another field.'],
  ],
  [
    'a text that is ordered',
    () => [when(({ record }) => record.title?.isMoreThan('m') ?? ALWAYS), User],
    ['resource "post", policies: a condition orders the text "title" | Compare texts with is(…) or isOneOf(…).'],
  ],
  [
    'a key that is ordered',
    () => [when(({ record, actor }) => actor.id.isMoreThan(record.id)), User],
    ['resource "post", policies: a condition orders "id" (id), which has no order | Compare it with is(…) or isOneOf(…).'],
  ],
  [
    'a text compared with a key',
    () => [when(({ record, actor }) => record.title?.is(actor.id) ?? ALWAYS), User],
    ['resource "post", policies: a condition compares record.title (text) with actor.id | Compare values of one kind.'],
  ],
  [
    'keys of two resources',
    () => [when(({ record }) => record.author?.is(record.reviewer) ?? ALWAYS), User],
    [
      'resource "post", policies: a condition compares record.author (belongs-to) with record.reviewer (belongs-to) | They are keys of different resources: they are never equal.',
    ],
  ],
  [
    'a choice from nothing',
    () => [when(({ record }) => record.status?.isOneOf([]) ?? ALWAYS), User],
    [
      'resource "post", policies: a condition has nothing to choose from, in either() or isOneOf([]): it would never hold | Give it parts, or leave out the rule.',
    ],
  ],
  [
    'all of nothing',
    () => [when(() => all()), User],
    ['resource "post", policies: a condition joins nothing with all(): it would hold always | Leave it out, or give it parts.'],
  ],
  [
    'a time zone',
    () => [when(({ context }) => context.timeOfDay('Europe/Atlantis').isBetween('09:00', '18:00')), User],
    [
      `resource "post", policies: a condition names the time zone "Europe/Atlantis", which does not exist | context.timeOfDay('Europe/Berlin')`,
    ],
  ],
  [
    'a time of day that lasts no time',
    () => [when(({ context }) => context.timeOfDay('UTC').isBetween('09:00', '09:00')), User],
    [`resource "post", policies: a condition names a time of day that lasts no time | isBetween('09:00', '18:00')`],
  ],
  [
    'a weekday',
    () => [when(({ context }) => context.weekday('UTC').isOneOf([0, 6])), User],
    ['resource "post", policies: a condition names the days [0, 6] | isOneOf([1, 2, 3, 4, 5]): Monday is 1, Sunday 7.'],
  ],
  [
    'a network',
    () => [
      when(({ context }) =>
        context.address.isIn(
          '10.0.0.0/8',
          '10.0.0.0',
          '10.0.0/8',
          '10.0.0.256/8',
          '::1',
          '::1/129',
          '::ffff:10.0.0.0/104',
          'localhost/8',
        ),
      ),
      User,
    ],
    [
      `resource "post", policies: a condition names the network "10.0.0.0", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
      `resource "post", policies: a condition names the network "10.0.0/8", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
      `resource "post", policies: a condition names the network "10.0.0.256/8", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
      `resource "post", policies: a condition names the network "::1", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
      `resource "post", policies: a condition names the network "::1/129", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
      `resource "post", policies: a condition names the network "::ffff:10.0.0.0/104", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
      `resource "post", policies: a condition names the network "localhost/8", which is none | context.address.isIn('10.0.0.0/8', '2001:db8::/32')`,
    ],
  ],
  [
    'a device',
    () => [when(({ context }) => context.device.isOneOf('browser', 'telephone' as 'native')), User],
    [
      `resource "post", policies: a condition names the device "telephone", which there is not | context.device.isOneOf('browser', 'native', 'service')`,
    ],
  ],
  [
    'no device',
    () => [when(({ context }) => context.device.isOneOf(...([] as unknown as ['browser']))), User],
    [
      `resource "post", policies: a condition names no device: it would never hold | context.device.isOneOf('browser', 'native', 'service')`,
    ],
  ],
  [
    'a proof that may be of any age',
    () => [when(({ context }) => context.secondFactor.isWithin('721 h')), User],
    [
      `resource "post", policies: a condition lets a proof be 721 hours old: it would ask for nothing | isWithin('5 min'); at most 720 h`,
    ],
  ],
  [
    'a reference that was not compared',
    () => [when(({ record }) => record.status as never), User],
    [`resource "post", policies: a rule has something under when(…) that is no condition | when(record.status.is('published'))`],
  ],
]

test.each(WRONG)('start-up tells of %s', (_, declare, sentences) => {
  expect(problemsOf(...declare())).toEqual(sentences)
})

test('a policy that reads a field which is not there is told at once', () => {
  expect(() => post({ policies: ({ record }) => [permit('read').when(record.stauts?.is('draft') ?? ALWAYS)] })).toThrow(
    'Cannot write a policy of resource "post": record.stauts is no field, expected one of title, status, tags, length, id, createdAt, updatedAt',
  )
})

test.each(['9:00', '25:00', '24:01', '09:60', '09:00:00', ''])('a time of day written %j is told at once', (time) => {
  expect(() => when(({ context }) => context.timeOfDay('UTC').isBetween('00:00', time))).toThrow(
    `Cannot read time of day "${time}": it has another form, expected hours and minutes such as "09:30"`,
  )
})
