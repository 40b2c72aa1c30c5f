// Proves ACC-01: one wrong declaration for each rule over names, and the very sentence that its author reads.
import { expect, test } from 'vitest'
import { Field } from '../field.ts'
import { belongsTo, integer, text, timestamp } from '../fields.ts'
import { permit } from '../permit.ts'
import { hasMany } from '../resource.ts'
import { action, field, post, problemsOf, User, type WrongDeclaration } from './wrong-declarations.test-kit.ts'

const WRONG: readonly WrongDeclaration[] = [
  [
    'a resource name',
    () => [post({}, 'Order_line')],
    [
      `resource "Order_line": its name is not camelCase | resource('orderLine', …)`,
      `resource "Order_line": its plural "Order_lines" is not camelCase | plural: 'orderLines'`,
      `resource "Order_line": its id prefix "order_line" is not 1 to 20 lower-case letters | idPrefix: 'line'`,
    ],
  ],
  [
    'a plural',
    () => [post({ plural: 'blog posts' })],
    [`resource "post": its plural "blog posts" is not camelCase | plural: 'orderLines'`],
  ],
  [
    'an id prefix',
    () => [post({}, 'address2')],
    [`resource "address2": its id prefix "address2" is not 1 to 20 lower-case letters | idPrefix: 'line'`],
  ],
  [
    'a reserved table',
    () => [post({}, 'plinthThing')],
    ['resource "plinthThing": tables that begin with "plinth" are for Plinth | Choose another name.'],
  ],
  [
    'two resources of one name',
    () => [post({}), post({ plural: 'articles', idPrefix: 'art' })],
    ['resource "post": the name "post" is taken by resource "post" | Give one of the two another name.'],
  ],
  [
    'two resources of one prefix',
    () => [post({}), post({ idPrefix: 'post' }, 'page')],
    ['resource "page": the id prefix "post" is taken by resource "post" | Give one of the two another name.'],
  ],
  [
    'a table name that is too long',
    () => [post({ plural: `a${'b'.repeat(63)}` })],
    ['resource "post": its table name is longer than 63 bytes | Shorten its plural.'],
  ],
  [
    'a field name',
    () => [field('due_at', timestamp())],
    ['resource "post", field "due_at": its name is not camelCase | Write it like publishedAt.'],
  ],
  [
    'a standard field',
    () => [field('createdAt', timestamp())],
    ['resource "post", field "createdAt": every resource has this field already | Leave it out, or choose another name.'],
  ],
  [
    'a key that would be a standard field',
    () => [field('created', new Field({ ...timestamp().kind, nameSuffix: 'At' }))],
    ['resource "post", field "created": every resource has this field already | Leave it out, or choose another name.'],
  ],
  [
    'a query parameter',
    () => [field('perPage', integer())],
    ['resource "post", field "perPage": "per_page" is a query parameter of every list | Choose another name.'],
  ],
  [
    'a system column',
    () => [field('ctid', integer())],
    ['resource "post", field "ctid": "ctid" is a column of every table in PostgreSQL | Choose another name.'],
  ],
  [
    'a field name that is too long',
    () => [field('a'.repeat(64), integer())],
    [
      'resource "post", field "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": its column name is longer than 63 bytes | Shorten it.',
    ],
  ],
  [
    'two fields of one column',
    () => [post({ fields: { author: belongsTo(User), authorId: text({ max: 5 }) } }), User],
    ['resource "post", field "authorId": another field is "author_id" in REST too | Rename one of the two.'],
  ],
  [
    'an action name',
    () => [action('mark_paid')],
    ['resource "post", action "mark_paid": its name is not camelCase | Write it like markPaid.'],
  ],
  [
    'an action that every resource has',
    () => [action('delete')],
    [
      'resource "post", action "delete": every resource has the operation "delete" | Name the action by what it does beyond that.',
    ],
  ],
  [
    'an input name',
    () => [action('pay', { input: { 'paid at': timestamp() } })],
    ['resource "post", action "pay", input "paid at": its name is not camelCase | Write it like publishedAt.'],
  ],
  [
    'a relation name',
    () => [
      post({
        relations: { 'my-posts': hasMany('post', { by: 'parent' }) },
        fields: { parent: belongsTo({ name: 'post', idPrefix: 'post' }) },
      }),
    ],
    ['resource "post", relation "my-posts": its name is not camelCase | Write it like markPaid.'],
  ],
  [
    'a relation named like a field',
    () => [
      post({
        relations: { parent: hasMany('post', { by: 'parent' }) },
        fields: { parent: belongsTo({ name: 'post', idPrefix: 'post' }) },
      }),
    ],
    ['resource "post", relation "parent": a field has this name already | Rename one of the two.'],
  ],
  [
    'a relation named like an action',
    () => [
      post({
        fields: { parent: belongsTo({ name: 'post', idPrefix: 'post' }) },
        relations: { publish: hasMany('post', { by: 'parent' }) },
        policies: () => [permit('read', 'publish')],
        actions: (define) => ({ publish: define({ run: async ({ record }) => record }) }),
      }),
    ],
    [
      'resource "post", relation "publish": the path "publish" is taken by resource "post", action "publish" | Give one of the two another name.',
    ],
  ],
]

test.each(WRONG)('start-up tells of %s', (_, declare, sentences) => {
  expect(problemsOf(...declare())).toEqual(sentences)
})
