// Proves RPC-04, ACC-01, INP-01: an action of the domain whose messages go both ways, as clients of gRPC see it.
import { setTimeout as sleep } from 'node:timers/promises'
import { type StatusObject, status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { decodeTypeId } from '../../src/kernel/index.ts'
import { testService, waitFor } from '../../src/testing/index.ts'
import { chatApp } from '../domains/chat/app.ts'
import { PEOPLE, type Rooms, startRooms, type Talk, type TalkOptions } from './exchange-kit.ts'
import { readStatus } from './grpc-kit.ts'

let rooms: Rooms
beforeAll(async () => {
  rooms = await startRooms()
})
afterAll(() => rooms[Symbol.asyncDispose]())

const open: Talk[] = []
afterEach(async () => {
  for (const talk of open.splice(0)) talk.leave()
  await waitFor('no watches', async () => (await watches(rooms)) === 0)
})

function talk(method: string, options?: TalkOptions, address?: string): Talk {
  const opened = rooms.talk(method, options, address)
  open.push(opened)
  return opened
}

async function chatIn(room: string, token: string, address?: string): Promise<Talk> {
  const chat = talk('ChatRoom', { token }, address)
  chat.say({ id: room })
  await new Promise((resolve) => chat.stream.once('metadata', resolve))
  return chat
}

async function watches({ service }: Rooms): Promise<number> {
  const text = await (await fetch(`${service.adminOrigin}/metrics`)).text()
  return Number(/^plinth_watches (\d+)$/m.exec(text)?.[1])
}

const reasonOf = (end: StatusObject): string => readStatus(end)['google.rpc.ErrorInfo'] ?? ''
const said = (texts: readonly { readonly text: string }[]): readonly string[] => texts.map(({ text }) => text)

describe('a chat', () => {
  test('tells all in the room what each says, in one order, with who said it', async () => {
    const room = await rooms.room()
    const ada = await chatIn(room, rooms.tokens.ada)
    const ben = await chatIn(room, rooms.tokens.ben)
    const elsewhere = await chatIn(await rooms.room('Looms'), rooms.tokens.ben)

    ada.say({ input: { text: 'The engine weaves' } })
    await ben.hears(1)
    ben.say({ input: { text: 'algebraic patterns' } })
    ben.say({ input: { text: 'as the loom weaves flowers' } })

    expect(said(await ada.hears(3))).toEqual(['The engine weaves', 'algebraic patterns', 'as the loom weaves flowers'])
    expect(await ben.hears(3)).toEqual(ada.heard)
    expect(ada.heard.map(({ author_id }) => author_id)).toEqual([PEOPLE.ada, PEOPLE.ben, PEOPLE.ben])
    expect(elsewhere.heard).toEqual([])
  })

  test('is between instances as it is within one', async () => {
    await using other = await testService({ app: chatApp, databaseUrl: rooms.service.databaseUrl })
    const room = await rooms.room()
    const ada = await chatIn(room, rooms.tokens.ada)
    const ben = await chatIn(room, other.token('guest', PEOPLE.ben), other.grpcAddress)

    ada.say({ input: { text: 'Here' } })
    await ben.hears(1)
    ben.say({ input: { text: 'There' } })

    expect(said(await ada.hears(2))).toEqual(['Here', 'There'])
    expect(said(await ben.hears(2))).toEqual(['Here', 'There'])
  })

  test('takes what the first message says, and is heard by those who say no more', async () => {
    const room = await rooms.room()
    const ada = talk('ChatRoom', { token: rooms.tokens.ada })
    ada.say({ id: room, input: { text: 'All I have to say' } })
    ada.finish()
    await ada.hears(1)
    const ben = await chatIn(room, rooms.tokens.ben)
    ben.say({ input: { text: 'More' } })

    expect(said(await ada.hears(2))).toEqual(['All I have to say', 'More'])
  })

  test('loses nothing of what many say at once', async () => {
    const room = await rooms.room()
    const ada = await chatIn(room, rooms.tokens.ada)
    const ben = await chatIn(room, rooms.tokens.ben)
    for (let at = 0; at < 50; at++) {
      ada.say({ input: { text: `ada ${at}` } })
      ben.say({ input: { text: `ben ${at}` } })
    }

    const heard = said(await ada.hears(100))

    expect(said(await ben.hears(100))).toEqual(heard)
    for (const who of ['ada', 'ben'])
      expect(heard.filter((text) => text.startsWith(who))).toEqual(Array.from({ length: 50 }, (_, at) => `${who} ${at}`))
  })

  test('leaves in the records what was said, as a write of who said it', async () => {
    const room = await rooms.room()
    const ada = await chatIn(room, rooms.tokens.ada)
    ada.say({ input: { text: 'On the record' } })
    await ada.hears(1)

    const { json } = await rooms.service.request(`/api/v1/messages?room_id=${room}`, { token: rooms.tokens.ben })

    expect(json.data).toMatchObject([{ author_id: PEOPLE.ada, text: 'On the record' }])
  })
})

describe('a tally', () => {
  test('answers each message, in order, and ends with its caller', async () => {
    const tally = talk('TallyRoom', { token: rooms.tokens.ada })
    tally.say({ id: await rooms.room() })
    tally.say({ input: { votes: 2 } })
    tally.say({ input: { votes: 2, side: 'TALLY_ROOM_SIDE_AGAINST' } })
    tally.say({ input: { votes: 4, side: 'TALLY_ROOM_SIDE_AGAINST' } })
    tally.finish()

    expect((await tally.ended).code).toBe(status.OK)
    expect(tally.heard).toMatchObject([
      { total: '2', share: '100.00', leads: 'TALLY_ROOM_ANSWER_LEADS_FOR' },
      { total: '4' },
      { total: '8', share: '75.00', leads: 'TALLY_ROOM_ANSWER_LEADS_AGAINST' },
    ])
    expect(tally.heard[1]).not.toHaveProperty('_share')
  })

  test('takes a flood from one who sends faster than it answers', { timeout: 60_000 }, async () => {
    const tally = talk('TallyRoom', { token: rooms.tokens.ada, deadlineMs: 60_000 })
    tally.say({ id: await rooms.room() })
    for (let at = 0; at < 900; at++) tally.say({ input: { votes: 1 } })
    tally.finish()

    await tally.ended

    expect(tally.heard.at(-1)).toMatchObject({ total: '900' })
    expect(tally.heard).toHaveLength(900)
  })

  test('is refused by a rule of its own, behind what was answered', async () => {
    const tally = talk('TallyRoom', { token: rooms.tokens.ada })
    tally.say({ id: await rooms.room() })
    for (let at = 0; at < 11; at++) tally.say({ input: { votes: 100 } })

    const end = await tally.ended

    expect(end.code).toBe(status.FAILED_PRECONDITION)
    expect(reasonOf(end)).toContain('CONFLICT_HOUSE_FULL')
    expect(tally.heard).toHaveLength(10)
  })
})

describe('what is said is judged', () => {
  test.each<[string, object, string]>([
    ['a value out of bounds', { input: { votes: 101 } }, 'input.votes'],
    ['a value that is missing', { input: {} }, 'input.votes'],
    ['a message without a word', {}, 'input'],
    ['another room', { id: 'room_01h455vb4pex5vsknk084sn02q', input: { votes: 1 } }, 'id'],
    ['no room at all', { id: 'chamber', input: { votes: 1 } }, 'id'],
  ])('%s', async (_, message, field) => {
    const tally = talk('TallyRoom', { token: rooms.tokens.ada })
    tally.say({ id: await rooms.room() })
    tally.say({ input: { votes: 1 } })
    tally.say(message)

    const end = await tally.ended

    expect(end.code).toBe(status.INVALID_ARGUMENT)
    expect(readStatus(end)['google.rpc.BadRequest']).toContain(field)
    expect(tally.heard).toHaveLength(1)
  })

  test.each<[string, object | undefined, number]>([
    ['no id', { input: { votes: 1 } }, status.INVALID_ARGUMENT],
    ['an id of another kind', { id: PEOPLE.ada }, status.INVALID_ARGUMENT],
    ['a room that there is not', { id: 'room_01h455vb4pex5vsknk084sn02q' }, status.NOT_FOUND],
    ['no message', undefined, status.INVALID_ARGUMENT],
  ])('the first message with %s', async (_, first, code) => {
    const tally = talk('TallyRoom', { token: rooms.tokens.ada })
    if (first !== undefined) tally.say(first)
    tally.finish()

    expect((await tally.ended).code).toBe(code)
  })
})

describe('access', () => {
  test.each<[string, () => string | undefined, number, string]>([
    ['nobody', () => undefined, status.UNAUTHENTICATED, 'AUTH_REQUIRED'],
    ['a role without the right', () => rooms.service.token('listener'), status.PERMISSION_DENIED, 'AUTH_FORBIDDEN'],
    ['a token that nobody signed', () => 'e30.e30.e30', status.UNAUTHENTICATED, 'AUTH_TOKEN_INVALID'],
  ])('%s is not let in', async (_, token, code, reason) => {
    const chat = talk('ChatRoom', { token: token() })
    chat.say({ id: await rooms.room() })

    const end = await chat.ended

    expect(end.code).toBe(code)
    expect(reasonOf(end)).toContain(reason)
  })

  test('whose condition the record does not fulfil any more ends with the next message', async () => {
    const room = await rooms.room()
    const ada = await chatIn(room, rooms.tokens.ada)
    await change(room, { is_open: false })
    ada.say({ input: { text: 'Is anybody here?' } })

    const end = await ada.ended

    expect(end.code).toBe(status.PERMISSION_DENIED)
    expect(reasonOf(end)).toContain('AUTH_FORBIDDEN')
    const { json } = await rooms.service.request(`/api/v1/messages?room_id=${room}`, { token: rooms.tokens.ben })
    expect(json.data).toEqual([])
  })

  test('whose condition the record does not fulfil any more ends before the next thing that is told', async () => {
    const room = await rooms.room()
    const ada = await chatIn(room, rooms.tokens.ada)
    await change(room, { is_open: false })
    await sleep(600)
    const sql = await rooms.service.sql()
    // Said through an instance that let its caller in a moment before the room was closed.
    await sql.query(
      `WITH m AS (INSERT INTO messages (id, room_id, author_id, text, created_at, updated_at, version)
       VALUES (gen_random_uuid(), $1, $2, 'Behind closed doors', now(), now(), 1) RETURNING id, version)
       INSERT INTO plinth_journal (at, resource, record_id, operation, version) SELECT now(), 'message', id, 'create', version FROM m`,
      [decodeTypeId('room', room), decodeTypeId('person', PEOPLE.ben)],
    )

    const end = await ada.ended

    expect(end.code).toBe(status.PERMISSION_DENIED)
    expect(ada.heard).toEqual([])
  })

  test('to a record that is deleted ends at once', async () => {
    const room = await rooms.room()
    const ada = await chatIn(room, rooms.tokens.ada)
    await rooms.service.request(`/api/v1/rooms/${room}`, { method: 'DELETE', token: rooms.tokens.host })

    const end = await ada.ended

    expect(end.code).toBe(status.NOT_FOUND)
    expect(reasonOf(end)).toContain('NOT_FOUND_RECORD')
  })
})

describe('the end', () => {
  test('at the deadline is told as such', async () => {
    const chat = talk('ChatRoom', { token: rooms.tokens.ada, deadlineMs: 300 })
    chat.say({ id: await rooms.room() })

    expect((await chat.ended).code).toBe(status.DEADLINE_EXCEEDED)
  })

  test('by a caller who hangs up leaves nothing behind', async () => {
    const room = await rooms.room()
    const chats = await Promise.all(Array.from({ length: 20 }, () => chatIn(room, rooms.tokens.ada)))
    expect(await watches(rooms)).toBe(40)
    for (const chat of chats) chat.leave()

    await waitFor('no watches', async () => (await watches(rooms)) === 0)
  })

  test('of the service is told as such', async () => {
    await using own = await startRooms()
    const chat = own.talk('ChatRoom', { token: own.tokens.ada })
    chat.say({ id: await own.room() })
    await new Promise((resolve) => chat.stream.once('metadata', resolve))
    void own.service.stop()

    expect((await chat.ended).code).toBe(status.UNAVAILABLE)
  })
})

describe('bounds', () => {
  test('whoever says more than their budget waits, and is not cut off', async () => {
    await using own = await startRooms({ RATE_LIMIT_WRITE: '600/5' })
    const room = await own.room()
    const tally = own.talk('TallyRoom', { token: own.tokens.ada })
    const beganAtMs = performance.now()
    tally.say({ id: room })
    for (let at = 0; at < 14; at++) tally.say({ input: { votes: 1 } })
    tally.finish()

    expect((await tally.ended).code).toBe(status.OK)
    expect(tally.heard).toHaveLength(14)
    // Ten a second, behind the first few.
    expect(performance.now() - beganAtMs).toBeGreaterThan(500)
  })

  test('a caller has as many as watches', async () => {
    await using own = await startRooms()
    const room = await own.room()
    const { ada: token } = own.tokens
    const tallies = Array.from({ length: 205 }, (_, at) => own.talk('TallyRoom', { token, connection: Math.floor(at / 90) }))
    for (const tally of tallies) tally.say({ id: room, input: { votes: 1 } })
    const outcomes = await Promise.all(
      tallies.map((tally) => Promise.race([tally.hears(1).then(() => status.OK), tally.ended.then(({ code }) => code)])),
    )

    expect(outcomes.filter((code) => code === status.OK)).toHaveLength(200)
    expect(outcomes.filter((code) => code === status.RESOURCE_EXHAUSTED)).toHaveLength(5)
    for (const tally of tallies) tally.leave()
  })
})

test('the other surfaces do not have it', async () => {
  const room = await rooms.room()
  const rest = await rooms.service.request(`/api/v1/rooms/${room}/chat`, { method: 'POST', token: rooms.tokens.ada, body: {} })
  const connect = await rooms.service.request('/room.v1.RoomService/ChatRoom', {
    method: 'POST',
    token: rooms.tokens.ada,
    body: {},
  })
  const graphql = await rooms.service.request('/graphql', {
    method: 'POST',
    token: rooms.tokens.ada,
    body: { query: '{ __type(name: "Mutation") { fields { name } } }' },
  })

  expect([rest.status, connect.status]).toEqual([404, 404])
  expect(graphql.text).toContain('createRoom')
  expect(graphql.text).not.toContain('chat')
})

async function change(room: string, body: object): Promise<void> {
  const { headers } = await rooms.service.request(`/api/v1/rooms/${room}`)
  const answer = await rooms.service.request(`/api/v1/rooms/${room}`, {
    method: 'PATCH',
    token: rooms.tokens.host,
    body,
    headers: { 'if-match': headers.get('etag') ?? '' },
  })
  expect(answer.status).toBe(200)
}
