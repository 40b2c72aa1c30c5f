// Proves ACC-01: one wrong declaration for each rule over lists, and the very sentence that its author reads.
import { expect, test } from 'vitest'
import { text } from '../fields.ts'
import { post, problemsOf, type WrongDeclaration } from './wrong-declarations.test-kit.ts'

const WRONG: readonly WrongDeclaration[] = [
  [
    'a sort key',
    () => [post({ list: { sort: ['-publishedAt'] } })],
    [
      'resource "post", list: it names "publishedAt" under sort, and there is no such field | Fields are title, status, tags, length.',
    ],
  ],
  [
    'a sort key that is inherited',
    () => [post({ list: { sort: ['constructor'] } })],
    [
      'resource "post", list: it names "constructor" under sort, and there is no such field | Fields are title, status, tags, length.',
    ],
  ],
  [
    'a sort key that cannot be sorted by',
    () => [post({ list: { sort: ['status'] } })],
    ['resource "post", list: "status" (choice) cannot be used to sort | Take "status" out of sort.'],
  ],
  [
    'a filter that cannot be filtered by',
    () => [post({ list: { filter: ['tags'] } })],
    ['resource "post", list: "tags" (list) cannot be used to filter | Take "tags" out of filter.'],
  ],
  [
    'a search that cannot be searched',
    () => [post({ list: { search: ['length'] } })],
    ['resource "post", list: "length" (integer) cannot be used to search | Take "length" out of search.'],
  ],
  [
    'a filter that never leaves',
    () => [post({ fields: { title: text({ max: 5 }).writeOnly() }, list: { filter: ['title'] } })],
    ['resource "post", list: "title" (text) cannot be used to filter | Take "title" out of filter.'],
  ],
  [
    'a sort key named twice',
    () => [post({ list: { sort: ['title', '-title'] } })],
    ['resource "post", list: it names "title" twice under sort | Take one "title" out of sort.'],
  ],
  [
    'limits that contradict',
    () => [post({ list: { limitDefault: 50, limitMax: 10 } })],
    ['resource "post", list: limitDefault is 50 and limitMax is 10 | Whole numbers, 1 ≤ limitDefault ≤ limitMax ≤ 1000.'],
  ],
  [
    'a limit that is not whole',
    () => [post({ list: { limitDefault: 1.5 } })],
    ['resource "post", list: limitDefault is 1.5 and limitMax is 100 | Whole numbers, 1 ≤ limitDefault ≤ limitMax ≤ 1000.'],
  ],
  [
    'a limit without a bound',
    () => [post({ list: { limitMax: 5_000 } })],
    ['resource "post", list: limitDefault is 20 and limitMax is 5000 | Whole numbers, 1 ≤ limitDefault ≤ limitMax ≤ 1000.'],
  ],
]

test.each(WRONG)('start-up tells of %s', (_, declare, sentences) => {
  expect(problemsOf(...declare())).toEqual(sentences)
})
