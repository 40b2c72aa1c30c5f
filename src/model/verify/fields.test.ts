// Proves ACC-01: one wrong declaration for each rule over fields, and the very sentence that its author reads.
import { expect, test } from 'vitest'
import { choice, decimal, integer, json, list, secret, text, timestamp } from '../fields.ts'
import { action, field, problemsOf, type WrongDeclaration } from './wrong-declarations.test-kit.ts'

const WRONG: readonly WrongDeclaration[] = [
  [
    'options of a kind',
    () => [field('title', text({ max: 0 }))],
    ['resource "post", field "title": its max is 0 | max: a whole number from 1'],
  ],
  [
    'a read-only field without a value',
    () => [field('doneAt', timestamp().readOnly())],
    [
      'resource "post", field "doneAt": it is read-only and has no value to begin with | doneAt: ….optional().readOnly()  or  doneAt: ….default(…).readOnly()',
    ],
  ],
  [
    'a default that does not fit',
    () => [field('length', integer({ max: 5 }).default(6))],
    ['resource "post", field "length": its default must be at most 5 | length: ….default(…)'],
  ],
  [
    'a default of another type',
    () => [field('dueAt', timestamp().default(new Date(Number.NaN)))],
    ['resource "post", field "dueAt": its default is not a value of the kind timestamp | dueAt: ….default(…)'],
  ],
  [
    'an example that does not fit',
    () => [field('price', decimal({ digits: 5 }).example('1,50'))],
    ['resource "post", field "price": its example must be a decimal number in quotes, such as "12.50" | price: ….example(…)'],
  ],
  [
    'a secret with a default',
    () => [field('password', secret({ max: 200 }).default('changeme'))],
    ['resource "post", field "password": a secret cannot have a default: everybody would know it | Leave out .default(…).'],
  ],
  [
    'a unique list',
    () => [field('tags', list(text({ max: 5 }), { max: 5 }).unique())],
    ['resource "post", field "tags": a list cannot be unique | Leave out .unique().'],
  ],
  [
    'a role that is not declared',
    () => [field('title', text({ max: 5 }).readableBy('admin', 'edtior'))],
    ['resource "post", field "title": it names the role "edtior", which is not declared | roles: { edtior: [] }'],
  ],
  [
    'a field that nobody reads',
    () => [field('title', text({ max: 5 }).readableBy())],
    ['resource "post", field "title": it is readable by no role | .writeOnly()'],
  ],
  [
    'a field that nobody writes',
    () => [field('title', text({ max: 5 }).writableBy())],
    ['resource "post", field "title": it is writable by no role | .readOnly()'],
  ],
  [
    'a deprecation that is no day',
    () => [field('title', text({ max: 5 }).deprecated({ since: '2026-02-30' }))],
    [`resource "post", field "title": "2026-02-30" of its deprecation is not a day | .deprecated({ since: '2026-01-31' })`],
  ],
  [
    'a sunset before the deprecation',
    () => [field('title', text({ max: 5 }).deprecated({ since: '2026-02-01', sunset: '2026-01-01' }))],
    [
      'resource "post", field "title": its sunset 2026-01-01 comes before 2026-02-01, since when it is deprecated | Swap the two.',
    ],
  ],
  [
    'a json schema that is none',
    () => [field('extra', json({ type: 'strng' }))],
    [
      `resource "post", field "extra": its schema is no JSON Schema (2020-12): schema is invalid: data/type must be equal to one of the allowed values, data/type must be array, data/type must match a schema in anyOf | json({ type: 'object', maxProperties: 20 })`,
    ],
  ],
  [
    'an input that is read-only',
    () => [action('pay', { input: { at: timestamp().optional().readOnly() } })],
    ['resource "post", action "pay", input "at": it is read-only: no caller could give it | Leave out .readOnly().'],
  ],
  [
    'an input that is unique',
    () => [action('pay', { input: { code: text({ max: 5 }).unique() } })],
    ['resource "post", action "pay", input "code": an input cannot be unique | Leave out .unique().'],
  ],
  [
    'an input with a wrong option',
    () => [action('pay', { input: { by: choice([]) } })],
    [`resource "post", action "pay", input "by": it has nothing to choose from | choice(['draft', 'published'])`],
  ],
]

test.each(WRONG)('start-up tells of %s', (_, declare, sentences) => {
  expect(problemsOf(...declare())).toEqual(sentences)
})
