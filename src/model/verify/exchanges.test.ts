// Proves ACC-01: one wrong declaration for each rule over exchanges, and the very sentence that its author reads.
import { expect, test } from 'vitest'
import type { FieldMap } from '../field.ts'
import { belongsTo, secret, text } from '../fields.ts'
import { permit } from '../permit.ts'
import type { Resource } from '../resource.ts'
import { post, problemsOf, refusals, User, type WrongDeclaration } from './wrong-declarations.test-kit.ts'

const LINE = { line: text({ max: 10 }) }

/** A post with an exchange that is right but for what the test changes. */
function exchange(name: string, changes: object = {}): Resource {
  return post({
    policies: () => [permit('read', name)],
    exchanges: (define) => ({ [name]: define({ receives: LINE, sends: LINE, run: async () => undefined, ...changes }) }),
  })
}

const sends = (fields: FieldMap): Resource => exchange('talk', { sends: fields })

test('an exchange that is right has no problems', () => {
  expect(problemsOf(exchange('talk', refusals('CONFLICT_TOO_LOUD')))).toEqual([])
  expect(problemsOf(exchange('talk', { sends: { by: belongsTo(User) } }), User)).toEqual([])
})

const WRONG: readonly WrongDeclaration[] = [
  [
    'an exchange that nobody may open',
    () => [post({ exchanges: (define) => ({ talk: define({ receives: LINE, sends: LINE, run: async () => undefined }) }) })],
    [`resource "post", policies: no rule permits the exchange "talk": nobody could call it | permit('talk').to('admin')`],
  ],
  [
    'an exchange with the name of an action',
    () => [
      post({
        policies: () => [permit('read', 'talk')],
        actions: (define) => ({ talk: define({ run: async ({ record }) => record }) }),
        exchanges: (define) => ({ talk: define({ receives: LINE, sends: LINE, run: async () => undefined }) }),
      }),
    ],
    [
      'resource "post", exchange "talk": the path "talk" is taken by resource "post", action "talk" | Give one of the two another name.',
    ],
  ],
  [
    'an exchange that every resource has',
    () => [exchange('watch')],
    [
      'resource "post", exchange "watch": every resource has the operation "watch" | Name the exchange by what it does beyond that.',
    ],
  ],
  [
    'an exchange that hears nothing',
    () => [exchange('talk', { receives: {} })],
    ['resource "post", exchange "talk": its callers have nothing to say | receives: { text: text() }'],
  ],
  [
    'an exchange that tells nothing',
    () => [sends({})],
    ['resource "post", exchange "talk": it has nothing to tell | sends: { text: text() }'],
  ],
  [
    'an input of an exchange that is read-only',
    () => [exchange('talk', { receives: { line: text({ max: 10 }).optional().readOnly() } })],
    ['resource "post", exchange "talk", input "line": it is read-only: no caller could give it | Leave out .readOnly().'],
  ],
  [
    'an answer that is secret',
    () => [sends({ key: secret({ min: 1, max: 9 }) })],
    ['resource "post", exchange "talk", answer "key": it never leaves the service | Leave it out, or give it another kind.'],
  ],
  [
    'an answer that some may not read',
    () => [sends({ line: text({ max: 10 }).readableBy('admin') })],
    [
      'resource "post", exchange "talk", answer "line": an answer is told to its caller alone | Leave out .readableBy(…), and do not send it to others.',
    ],
  ],
  [
    'an answer that is unique',
    () => [sends({ line: text({ max: 10 }).unique() })],
    ['resource "post", exchange "talk", answer "line": an answer cannot be unique | Leave out .unique().'],
  ],
  [
    'an answer that is a key to nowhere',
    () => [sends({ by: belongsTo(User) })],
    [
      'resource "post", exchange "talk", answer "by": it belongs to "user", which is not in the domain | domain({ resources: [user, …] })',
    ],
  ],
  [
    'an answer whose name is none',
    () => [sends({ 'said by': text({ max: 10 }) })],
    ['resource "post", exchange "talk", answer "said by": its name is not camelCase | Write it like publishedAt.'],
  ],
  [
    'a refusal of an exchange that has no family',
    () => [exchange('talk', refusals('tooLoud'))],
    [
      'resource "post", exchange "talk": its refusal "tooLoud" is not a family and words in capitals | CONFLICT_POST_NOT_DRAFT; families are AUTH, VALIDATION, NOT_FOUND, CONFLICT, RATE_LIMIT, INTERNAL, DEPENDENCY.',
    ],
  ],
]

test.each(WRONG)('start-up tells of %s', (_, declare, sentences) => {
  expect(problemsOf(...declare())).toEqual(sentences)
})
