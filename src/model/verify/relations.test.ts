// Proves ACC-01: one wrong declaration for each rule over relations, and the very sentence that its author reads.
import { expect, test } from 'vitest'
import { belongsTo } from '../fields.ts'
import { hasMany } from '../resource.ts'
import { action, field, post, problemsOf, User, type WrongDeclaration } from './wrong-declarations.test-kit.ts'

const WRONG: readonly WrongDeclaration[] = [
  [
    'a key to nowhere',
    () => [field('author', belongsTo(User))],
    ['resource "post", field "author": it belongs to "user", which is not in the domain | domain({ resources: [user, …] })'],
  ],
  [
    'a key with another prefix',
    () => [field('author', belongsTo({ name: 'user', idPrefix: 'user' })), User],
    [
      `resource "post", field "author": it expects ids that begin with "user", and those of user begin with "usr" | belongsTo({ name: 'user', idPrefix: 'usr' })`,
    ],
  ],
  [
    'an input that is a key to nowhere',
    () => [action('assign', { input: { to: belongsTo(User) } })],
    [
      'resource "post", action "assign", input "to": it belongs to "user", which is not in the domain | domain({ resources: [user, …] })',
    ],
  ],
  [
    'a relation to nowhere',
    () => [post({ relations: { comments: hasMany('comment', { by: 'post' }) } })],
    ['resource "post", relation "comments": it names the resource "comment", which is not in the domain | Resources are post.'],
  ],
  [
    'a relation without its key',
    () => [post({ relations: { users: hasMany('user', { by: 'constructor' }) } }), User],
    [
      'resource "post", relation "users": "user" has no field "constructor" that belongs to post | constructor: belongsTo(…) in resource "user"',
    ],
  ],
]

test.each(WRONG)('start-up tells of %s', (_, declare, sentences) => {
  expect(problemsOf(...declare())).toEqual(sentences)
})
