/**
 * Hostile clients of subscriptions: messages that break the protocol, documents that are made to cost much, floods, and clients that do not read.
 * The same documents over a stream of events.
 */
// Proves GQL-05, GQL-07.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { waitFor } from '../../src/testing/index.ts'
import { type Blog, startBlog } from '../conformance/blog.ts'
import { untilWatching, watchesOf } from '../conformance/subscriptions-kit.ts'
import { heldBytes } from './held-memory.ts'

let blog: Blog
const sockets: WebSocket[] = []
beforeAll(async () => {
  blog = await startBlog()
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await waitFor('no watches', async () => (await watchesOf(blog.service.service.adminOrigin)) === 0)
})
afterAll(() => blog[Symbol.asyncDispose]())

interface Talk {
  readonly socket: WebSocket
  /** What the server said, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: a message may have any shape here.
  readonly said: any[]
  readonly closed: Promise<readonly [number, string]>
  say(...messages: readonly unknown[]): void
}

async function open(): Promise<Talk> {
  const socket = new WebSocket(`${blog.service.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  sockets.push(socket)
  const said: unknown[] = []
  socket.on('message', (data) => said.push(JSON.parse(String(data))))
  socket.on('error', () => undefined)
  const closed = once(socket, 'close').then(([code, reason]) => [code as number, String(reason)] as const)
  await once(socket, 'open')
  const say = (...messages: readonly unknown[]): void => {
    for (const message of messages) socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }
  return { socket, said, closed, say }
}

async function ready(): Promise<Talk> {
  const talk = await open()
  talk.say({ type: 'connection_init' })
  await waitFor('the acknowledgement', () => talk.said.length > 0)
  talk.said.length = 0
  return talk
}

const CREATED = 'subscription { postCreated { title body } }'
const subscribe = (id: unknown, query: unknown, more: Record<string, unknown> = {}) => ({
  id,
  type: 'subscribe',
  payload: { query, ...more },
})
const faults = () => blog.service.logs().filter(({ level }) => level === 'error')

describe('a message that breaks the protocol closes the socket', () => {
  test.each([
    ['no JSON', ['{'], 4400],
    ['an array', ['[]'], 4400],
    ['null', ['null'], 4400],
    ['a name twice', ['{"type":"ping","type":"pong"}'], 4400],
    ['a name that is none', ['{"__proto__":{"type":"ping"}}'], 4400],
    ['nested too deep', [`{"type":${'['.repeat(5_000)}${']'.repeat(5_000)}}`], 4400],
    ['an unknown type', [{ type: 'toString' }], 4400],
    ['a type that is no text', [{ type: ['ping'] }], 4400],
    ['an operation before the greeting', [subscribe('1', CREATED)], 4401],
    ['a second greeting', [{ type: 'connection_init' }, { type: 'connection_init' }], 4429],
    ['a token that is none', [{ type: 'connection_init', payload: { authorization: 'Bearer x.y.z' } }], 4403],
    ['a header that is none', [{ type: 'connection_init', payload: { authorization: `Basic ${'a'.repeat(60_000)}` } }], 4403],
  ])('%s', async (_, messages, code) => {
    const talk = await open()

    talk.say(...messages)

    expect((await talk.closed)[0]).toBe(code)
    expect(faults()).toEqual([])
  })

  test.each([
    ['without an id', [{ type: 'subscribe', payload: { query: CREATED } }], 4400],
    ['with an id that is no text', [subscribe(1, CREATED)], 4400],
    ['with an id of 10,000 characters', [subscribe('x'.repeat(10_000), CREATED)], 4400],
    ['without a payload', [{ id: '1', type: 'subscribe' }], 4400],
    ['under an id that is in use', [subscribe('1', CREATED), subscribe('1', CREATED)], 4409],
    ['that ends nothing', [{ type: 'complete' }], 4400],
  ])('%s', async (_, messages, code) => {
    const talk = await ready()

    talk.say(...messages)

    expect((await talk.closed)[0]).toBe(code)
    expect(faults()).toEqual([])
  })

  test('silence for five seconds', async () => {
    const talk = await open()

    expect(await talk.closed).toEqual([4408, 'Connection initialisation timeout'])
  })
})

const many = (count: number, write: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => write(at)).join(' ')
const DOCUMENTS: readonly (readonly [string, string])[] = [
  ['a deep one', `subscription { postCreated { ${many(20, () => 'author { posts { nodes {')} id ${many(20, () => '} } }')} } }`],
  ['a thousand aliases', `subscription { postCreated { ${many(1_000, (at) => `a${at}: title`)} } }`],
  ['a thousand directives', `subscription { postCreated { title ${many(1_000, () => '@skip(if: false)')} } }`],
  [
    'fragments that double',
    `subscription { ...F0 } ${many(30, (at) => `fragment F${at} on Subscription { ...F${at + 1} ...F${at + 1} }`)} fragment F30 on Subscription { postCreated { id } }`,
  ],
  ['fragments in a circle', 'subscription { postCreated { ...A } } fragment A on Post { ...B } fragment B on Post { ...A }'],
  ['fifty roots', `subscription { ${many(50, (at) => `a${at}: postCreated { id }`)} }`],
  [
    'a heavy one',
    'subscription { postCreated { author { posts(first: 100) { nodes { author { posts(first: 100) { nodes { title } } } } } } } }',
  ],
  ['no document', '{{{'],
  ['nothing', ''],
]

describe('a document that is made to cost much is refused', () => {
  test.each(DOCUMENTS)('over a socket: %s', async (_, query) => {
    const talk = await ready()
    const began = process.cpuUsage()

    talk.say(subscribe('1', query))
    await waitFor('an answer', () => talk.said.length > 0)
    const { user } = process.cpuUsage(began)

    const [{ id, type, payload }] = talk.said
    expect([id, type, payload[0].extensions.code]).toEqual(['1', 'error', expect.stringMatching(/^VALIDATION_/)])
    expect(user / 1_000).toBeLessThan(150)
    expect(talk.socket.readyState).toBe(WebSocket.OPEN)
    expect(faults()).toEqual([])
  })

  test.each(DOCUMENTS)('over a stream of events: %s', async (_, query) => {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }

    const answer = await fetch(`${blog.service.origin}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })

    expect([answer.status, JSON.parse(await answer.text()).errors[0].extensions.code]).toEqual([
      400,
      expect.stringMatching(/^VALIDATION_/),
    ])
    expect(faults()).toEqual([])
  })

  test.each([
    ['as a list', [{ query: CREATED }]],
    ['as a number', 7],
    ['with variables that are no object', { query: CREATED, variables: [1] }],
    [
      'with the prototype among the variables',
      {
        query: 'subscription ($id: ID) { postUpdated(id: $id) { id } }',
        variables: { constructor: { prototype: { polluted: 1 } }, id: 7.5 },
      },
    ],
    [
      'with a condition that turns null',
      { query: 'subscription ($v: Boolean = true) { postCreated { id @skip(if: $v) } }', variables: { v: null } },
    ],
    ['with an id that is none', { query: 'subscription { postUpdated(id: "\\u0000") { id } }' }],
    ['as a batch', { query: [CREATED, CREATED] }],
  ])('or is no document, %s', async (_, payload) => {
    const talk = await ready()

    talk.say({ id: '1', type: 'subscribe', payload })
    const ended = await Promise.race([talk.closed, waitFor('an answer', () => talk.said[0])])

    const code = Array.isArray(ended) ? ended[0] : ended.payload[0].extensions.code
    expect(String(code)).toMatch(/^(4400|VALIDATION_\w+)$/)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(faults()).toEqual([])
  })
})

describe('a flood', () => {
  test('of operations on one socket stops at a hundred', async () => {
    const talk = await ready()

    for (let at = 0; at < 150; at++) talk.say(subscribe(`s${at}`, CREATED))
    await waitFor('refusals', () => talk.said.length >= 50)

    expect(new Set(talk.said.map(({ payload }) => payload[0].extensions.code))).toEqual(new Set(['RATE_LIMIT_EXCEEDED']))
    expect(await watchesOf(blog.service.service.adminOrigin)).toBe(100)
  })

  test('of beginnings and ends leaves nothing behind', async () => {
    const talk = await ready()

    for (let at = 0; at < 300; at++) talk.say(subscribe('s', CREATED), { id: 's', type: 'complete' })

    await waitFor('no watches', async () => (await watchesOf(blog.service.service.adminOrigin)) === 0)
    expect(talk.socket.readyState).toBe(WebSocket.OPEN)
  })

  test('of changes to clients that do not read costs no memory, and others hear all', async () => {
    const deaf = await Promise.all(Array.from({ length: 20 }, () => ready()))
    const good = await ready()
    for (const talk of [...deaf, good]) talk.say(subscribe('1', CREATED))
    await untilWatching(blog.service.service.adminOrigin, 21)
    for (const { socket } of deaf) socket.pause()
    const body = 'x'.repeat(40_000)
    const round = async (count: number) => {
      for (let at = 0; at < count; at++) await blog.post({ title: 'Flood', body })
      await sleep(300)
      return heldBytes()
    }

    await round(60)
    const before = await round(60)
    const after = await round(120)
    await waitFor('all that was made', () => good.said.length >= 240)

    // Twenty clients times 120 changes of 40 kB would be 96 MB.
    expect((after - before) / 1_048_576).toBeLessThan(24)
    expect(good.said.filter(({ type }) => type === 'next')).toHaveLength(240)
  }, 60_000)
})
