// Proves ACC-01: one wrong declaration for each rule over policies, and the very sentence that its author reads.
import { expect, test } from 'vitest'
import { permit } from '../permit.ts'
import { post, problemsOf, type WrongDeclaration } from './wrong-declarations.test-kit.ts'

const WRONG: readonly WrongDeclaration[] = [
  [
    'no rule at all',
    () => [post({ policies: () => [] })],
    [`resource "post", policies: no rule permits anybody to read | permit('read').to('admin')`],
  ],
  [
    'an action that nobody may call',
    () => [post({ actions: (define) => ({ publish: define({ run: async ({ record }) => record }) }) })],
    [`resource "post", policies: no rule permits the action "publish": nobody could call it | permit('publish').to('admin')`],
  ],
  [
    'a verb that is none',
    () => [post({ policies: () => [permit('read', 'raed')] })],
    [
      'resource "post", policies: a rule permits "raed", and there is no such operation | Verbs are read, create, update, delete, restore, read-deleted.',
    ],
  ],
  [
    'a role in a rule',
    () => [post({ policies: () => [permit('read').to('edtior')] })],
    ['resource "post", policies: a rule names the role "edtior", which is not declared | roles: { edtior: [] }'],
  ],
  [
    'a permission in a rule',
    () => [post({ policies: () => [permit('read').needs('posts:wriet')] })],
    [
      `resource "post", policies: a rule needs the permission "posts:wriet", which no role has | roles: { admin: ['posts:wriet'] }`,
    ],
  ],
  [
    'too many rules',
    () => [post({ policies: () => Array.from({ length: 31 }, () => permit('read')) })],
    ['resource "post", policies: there are 31 rules | Join rules with either(…): at most 30.'],
  ],
]

test.each(WRONG)('start-up tells of %s', (_, declare, sentences) => {
  expect(problemsOf(...declare())).toEqual(sentences)
})

test('a rule for no role is refused: it would permit anybody', () => {
  const nobody: readonly string[] = []

  expect(() => permit('delete').to(...(nobody as [string]))).toThrow(
    'Cannot permit to no role: the list is empty, expected at least one role',
  )
})
