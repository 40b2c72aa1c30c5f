// Proves ACC-01: one wrong declaration for each rule over refusals, and the very sentence that its author reads.
import { expect, test } from 'vitest'
import { permit } from '../permit.ts'
import { action, post, problemsOf, refusals, type WrongDeclaration } from './wrong-declarations.test-kit.ts'

const WRONG: readonly WrongDeclaration[] = [
  [
    'a refusal of no family',
    () => [action('pay', refusals('notADraft'))],
    [
      'resource "post", action "pay": its refusal "notADraft" is not a family and words in capitals | CONFLICT_POST_NOT_DRAFT; families are AUTH, VALIDATION, NOT_FOUND, CONFLICT, RATE_LIMIT, INTERNAL, DEPENDENCY.',
    ],
  ],
  [
    'a refusal that Plinth has',
    () => [action('pay', refusals('CONFLICT_VERSION'))],
    [
      'resource "post", action "pay": its refusal "CONFLICT_VERSION" is a code of Plinth itself | Choose a code that names the rule of your domain.',
    ],
  ],
  [
    'a refusal that says nothing',
    () => [action('pay', refusals('CONFLICT_PAID', { message: '', cure: ' ' }))],
    [
      `resource "post", action "pay": its refusal "CONFLICT_PAID" says nothing | { message: 'Only a draft can be published', cure: 'Publish drafts.' }`,
    ],
  ],
  [
    'a refusal that says two things',
    () => [
      post({
        policies: () => [permit('read', 'pay', 'repay')],
        actions: (define) => ({
          pay: define({ ...refusals('CONFLICT_PAID'), run: async ({ record }) => record }),
          repay: define({
            ...refusals('CONFLICT_PAID', { message: 'Never', cure: 'Give up.' }),
            run: async ({ record }) => record,
          }),
        }),
      }),
    ],
    [
      'resource "post", action "repay": its refusal "CONFLICT_PAID" says something else in resource "post", action "pay" | Share one constant between the two, or give one another code.',
    ],
  ],
]

test.each(WRONG)('start-up tells of %s', (_, declare, sentences) => {
  expect(problemsOf(...declare())).toEqual(sentences)
})
