// Proves DB-03.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import type { RequestContext } from '../../src/engine/index.ts'
import { PlinthError, type Uuid } from '../../src/kernel/index.ts'
import { actorOf, contextOf, newId, nobody, openStorage, recordStatements, type Storage, valuesOf } from './storage-kit.ts'

const EDITORS = 3
const STATUSES = ['draft', 'published', 'archived'] as const

let merged: Storage
let alone: Storage
let callers: readonly RequestContext[]
const posts: Uuid[] = []
const users: Uuid[] = []
beforeAll(async () => {
  merged = await openStorage(blog, { lanes: 1 })
  const database = { url: merged.url, name: '', drop: async () => undefined, [Symbol.asyncDispose]: async () => undefined }
  alone = await openStorage(blog, { lanes: 1, isMerging: false }, database)
  const admin = contextOf(actorOf(blog, 'admin'))
  for (let at = 0; at < EDITORS; at++) {
    const values = valuesOf(merged.resource('user'), { email: `editor${at}@example.com`, displayName: `Editor ${at}` }, true)
    users.push((await merged.engine.resource('user').create(admin, { values })).id)
  }
  for (const author of users) {
    for (const status of STATUSES) {
      const values = valuesOf(merged.resource('post'), { author, title: `${status} “quoted”`, body: 'x', status }, true)
      posts.push((await merged.engine.resource('post').create(admin, { values })).id)
    }
  }
  const gone = posts[1]
  if (gone !== undefined) await merged.engine.resource('post').delete(admin, { id: gone, expectedVersion: 1 })
  callers = [nobody, admin, contextOf(actorOf(blog, 'viewer')), ...users.map((id) => contextOf(actorOf(blog, 'editor', id)))]
})
afterAll(async () => {
  await alone.stop()
  await merged.stop()
})

interface Read {
  readonly caller: number
  readonly resource: 'post' | 'user'
  readonly at: number
  readonly parent: number | null
  readonly fields: readonly string[] | null
  readonly includesDeleted: boolean
}
const read: fc.Arbitrary<Read> = fc.record({
  caller: fc.nat(5),
  resource: fc.constantFrom('post', 'post', 'post', 'user'),
  // One more than there are: it is missing.
  at: fc.nat(9),
  parent: fc.option(fc.nat(2), { nil: null, freq: 3 }),
  fields: fc.option(fc.subarray(['title', 'status', 'author_id']), { nil: null, freq: 3 }),
  includesDeleted: fc.boolean(),
})

/** What the caller is told: the record as it is printed, or the code of the error. */
async function tell({ engine, app }: Storage, { caller, resource, at, parent, fields, includesDeleted }: Read): Promise<string> {
  const model = app.domain.resource(resource)
  const userModel = app.domain.resource('user')
  const child = userModel.children[0]
  const parentId = parent === null ? undefined : users[parent]
  const isNested = resource === 'post' && parentId !== undefined && child !== undefined
  try {
    const record = await engine.resource(resource).get(callers[caller] ?? nobody, {
      id: (resource === 'post' ? posts : users)[at] ?? ('01935c5a-0000-7000-8000-0000000000ff' as Uuid),
      includesDeleted,
      ...(isNested && { parent: { child, parent: userModel, id: parentId } }),
      ...(fields !== null && resource === 'post' && { fields: { names: fields, byName: model.fieldsByColumn } }),
    })
    return `${record.id} ${record.version} ${record.json}`
  } catch (error) {
    return error instanceof PlinthError ? error.code : String(error)
  }
}

describe('merged reads', () => {
  test('give each caller exactly what a lone read gives, in every mix of actors, rights, parents and fields', async () => {
    const outcomes = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(read, { minLength: 2, maxLength: 40 }), async (reads) => {
        const together = await Promise.all(reads.map((one) => tell(merged, one)))
        const apart = await Promise.all(reads.map((one) => tell(alone, one)))

        expect(together).toEqual(apart)
        for (const one of together) outcomes.add(one.split(' ')[0] ?? '')
      }),
      { numRuns: 500 },
    )
    // The mixes must hold what they are meant to: records and refusals of every sort.
    expect(outcomes.size).toBeGreaterThan(10)
    expect([...outcomes]).toEqual(expect.arrayContaining(['NOT_FOUND_RECORD', 'AUTH_FORBIDDEN', 'AUTH_REQUIRED']))
  }, 120_000)

  test('of one turn are one statement, and a lone read is the plain one', async () => {
    const [, admin = nobody] = callers
    const get = (id: Uuid): Promise<unknown> =>
      merged.engine
        .resource('post')
        .get(admin, { id })
        .catch(() => undefined)

    const many = await recordStatements(() => Promise.all(posts.map(get)))
    const one = await recordStatements(() => get(posts[0] ?? newId()))

    expect(many).toHaveLength(1)
    expect(many[0]?.text).toContain('unnest')
    expect(one).toHaveLength(1)
    expect(one[0]?.text).not.toContain('unnest')
  })

  test('do not share the error of one: the others get their records', async () => {
    const [, admin = nobody] = callers
    const get = (id: Uuid): Promise<string> =>
      merged.engine
        .resource('post')
        .get(admin, { id })
        .then(
          () => 'found',
          (error: PlinthError) => error.code,
        )

    const answers = await Promise.all([get(posts[0] ?? newId()), get('not-a-uuid' as Uuid), get(posts[2] ?? newId())])

    expect(answers).toEqual(['found', 'VALIDATION_FAILED', 'found'])
  })
})
