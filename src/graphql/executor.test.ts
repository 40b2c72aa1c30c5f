import { expect, test } from 'vitest'
import blog from '../../examples/blog/domain.ts'
import { Engine } from '../engine/index.ts'
import { Executor } from './executor.ts'

/** Nothing is read here. */
const unused = (): never => {
  throw new Error('the store is not to be asked')
}
const store = { get: unused, list: unused, tree: unused, create: unused, change: unused, transaction: unused }
const clock = { now: () => 0, monotonicMs: () => 0 }
const engine = new Engine({ domain: blog, store, clock, newId: unused, seal: () => '' })
const create = (weights: Readonly<Record<string, number>>): Executor =>
  new Executor({ domain: blog, engine, weights, docsUrl: (code) => code })

test.each([
  ['Usr.posts', 5],
  ['User.postz', 5],
  ['User', 5],
  ['User.toString', 5],
  ['User.posts', -1],
  ['User.posts', Number.NaN],
])('a weight of %s of %d is refused at start', (place, weight) => {
  expect(() => create({ [place]: weight })).toThrow(`Cannot weigh the field "${place}" with ${weight}`)
})

test('a declared weight is taken from what an operation may weigh', () => {
  const request = {
    text: '{ users(first: 10) { nodes { posts { totalCount } } } }',
    documentId: undefined,
    operationName: undefined,
  }

  expect(create({ 'User.posts': 5 }).read({ ...request, variables: {} }).kind).toBe('ready')
  expect(create({ 'User.posts': 1_000 }).read({ ...request, variables: {} })).toMatchObject({
    kind: 'refused',
    errors: [{ error: { code: 'VALIDATION_TOO_COMPLEX', message: expect.stringContaining('could hold 10111 records') } }],
  })
})
