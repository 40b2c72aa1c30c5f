/** What hangs on a record that a subscription tells of is read under the rules of the moment in which it is told. */
// Proves GQL-07.
import { expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { Engine } from '../../src/engine/index.ts'
import { Executor } from '../../src/graphql/executor.ts'
import { Subscriptions } from '../../src/graphql/subscriptions/subscriptions.ts'
import { belongsTo, choice, domain, email, permit, resource, text } from '../../src/model/index.ts'
import { JournalFeed, SqlPool } from '../../src/pg/index.ts'
import { newId, nobody, openStorage, valuesOf } from './storage-kit.ts'
import { seal } from './watch-kit.ts'

/** Over the tables of the reference service: users can be read in the day only. */
const User = resource('user', {
  idPrefix: 'usr',
  fields: { email: email(), displayName: text({ max: 100 }), role: choice(['admin', 'editor', 'viewer']) },
  policies: ({ context }) => [permit('read').when(context.timeOfDay('UTC').isBetween('09:00', '18:00')), permit('create')],
})
const Post = resource('post', {
  fields: {
    author: belongsTo(User),
    title: text({ max: 200 }),
    body: text({ max: 50_000 }),
    status: choice(['draft', 'published']).default('draft'),
  },
  policies: () => [permit('read', 'create')],
})
const app = { ...blog, domain: domain({ name: 'hours', roles: {}, resources: [User, Post] }) }

test('a rule that asks for the time of day is asked at each change, not when the subscription began', async () => {
  await using storage = await openStorage(app)
  let nowMs = Date.parse('2026-01-05T12:00:00Z')
  const clock = { now: () => nowMs, monotonicMs: () => performance.now() }
  const sql = new SqlPool({ url: storage.url, applicationName: 'rights-test', connections: 3 })
  const feed = new JournalFeed({ sql, resources: ['user', 'post'], everyMs: 20 })
  const engine = new Engine({ domain: app.domain, store: storage.store, feed, clock, newId, seal })
  const executor = new Executor({ domain: app.domain, engine, docsUrl: (code) => code })
  const subscriptions = new Subscriptions({ schema: executor.schema, engine, clock })
  const abort = new AbortController()
  const create = (name: string, values: Record<string, unknown>) =>
    engine.resource(name).create({ ...nobody, nowMs }, { values: valuesOf(storage.resource(name), values, true) })
  const author = await create('user', { email: 'ada@example.com', displayName: 'Ada', role: 'editor' })
  const query = 'subscription { postCreated { title author { displayName } } }'
  const readiness = executor.read({ text: query, documentId: undefined, operationName: undefined, variables: {} })
  if (readiness.kind === 'refused') throw readiness.errors[0]?.error
  const answers = await subscriptions.run(readiness.ready, { ...nobody, nowMs }, abort.signal, async () => undefined)
  const told = answers[Symbol.asyncIterator]()

  await create('post', { author: author.id, title: 'By day', body: 'b' })
  const byDay = await told.next()
  nowMs = Date.parse('2026-01-05T20:00:00Z')
  await create('post', { author: author.id, title: 'By night', body: 'b' })
  const byNight = await told.next()

  expect(byDay.value).toBe('{"data":{"postCreated":{"title":"By day","author":{"displayName":"Ada"}}}}')
  expect(byNight.value).toBe('{"data":{"postCreated":{"title":"By night","author":null}}}')
  abort.abort()
  await feed.close()
  await sql.close()
})
