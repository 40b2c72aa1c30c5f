// Proves RPC-04, RPC-05: streams in both directions, deadlines and ends, as a client of another make meets them.
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, credentials, Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PlinthError } from '../kernel/index.ts'
import type { MethodHandler, RunExchange, RunStream } from './call.ts'
import { failureDescriber } from './errors.ts'
import { arriveOpen } from './open-services.ts'
import { GrpcServer } from './server.ts'

const PATH = '/test.v1.TestService/Test'
const same = (bytes: Buffer): Buffer => bytes
const READY = Promise.resolve()

let server: GrpcServer
let address: string
let client: Client

beforeEach(async () => {
  server = new GrpcServer({
    describeFailure: failureDescriber({ domain: 'test', docsUrl: (code) => `/docs/errors#${code}` }),
    arriveUnknown: arriveOpen,
    messageTimeoutMs: 100,
  })
  address = await server.listen('127.0.0.1', 0)
  client = new Client(address, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': 0,
  })
})

afterEach(async () => {
  client.close()
  await server.stop({ graceMs: 100 })
})

function serve(handler: MethodHandler): void {
  server.serve(PATH, { arrive: arriveOpen, handler })
}

function exchange(run: (messages: AsyncIterable<Uint8Array>, signal: AbortSignal) => AsyncIterable<Uint8Array>): void {
  const whole: RunExchange = ({ signal }, messages) => ({
    ready: READY,
    [Symbol.asyncIterator]: () => run(messages, signal)[Symbol.asyncIterator](),
  })
  serve({ kind: 'exchange', run: whole })
}

function stream(run: (signal: AbortSignal) => AsyncIterable<Uint8Array>): void {
  const whole: RunStream = ({ signal }) => ({ ready: READY, [Symbol.asyncIterator]: () => run(signal)[Symbol.asyncIterator]() })
  serve({ kind: 'stream', run: whole })
}

function call(request = Buffer.alloc(0), deadlineMs = 5_000, metadata = new Metadata()): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(PATH, same, same, request, metadata, { deadline: Date.now() + deadlineMs }, (error, answer) =>
      error === null ? resolve(answer ?? Buffer.alloc(0)) : reject(error),
    )
  })
}

const endOf = (under: {
  on(event: 'status', hear: (status: StatusObject) => void): unknown
  on(event: 'error', hear: (error: ServiceError) => void): unknown
}): Promise<StatusObject> =>
  new Promise((resolve) => {
    under.on('error', () => undefined)
    under.on('status', resolve)
  })

describe('an exchange', () => {
  test('answers each message as it comes, in order, while the caller still sends', async () => {
    exchange(async function* (messages) {
      for await (const message of messages) yield Buffer.concat([Buffer.from('re: '), message])
    })
    const talk = client.makeBidiStreamRequest(PATH, same, same)
    const heard: string[] = []
    const ended = endOf(talk)
    talk.on('data', (answer: Buffer) => heard.push(answer.toString()))

    talk.write(Buffer.from('0'))
    await expect.poll(() => heard).toEqual(['re: 0'])
    for (let at = 1; at < 1_000; at++) talk.write(Buffer.from(String(at)))
    talk.end()

    expect((await ended).code).toBe(status.OK)
    expect(heard).toEqual(Array.from({ length: 1_000 }, (_, at) => `re: ${at}`))
  })

  test('may end before the caller does', async () => {
    exchange(async function* (messages) {
      for await (const message of messages) {
        yield message
        return
      }
    })
    const talk = client.makeBidiStreamRequest(PATH, same, same)
    talk.on('data', () => undefined)
    const ended = endOf(talk)

    talk.write(Buffer.from('one'))

    expect((await ended).code).toBe(status.OK)
  })

  test('that fails amid its answers says how', async () => {
    exchange(async function* (messages) {
      for await (const message of messages) {
        yield message
        throw new PlinthError('CONFLICT_VERSION', 'Grün ist nicht 100 % blau')
      }
    })
    const talk = client.makeBidiStreamRequest(PATH, same, same)
    talk.on('data', () => undefined)
    const ended = endOf(talk)

    talk.write(Buffer.from('one'))

    expect(await ended).toMatchObject({ code: status.ABORTED, details: 'Grün ist nicht 100 % blau' })
  })

  test('does not read ahead of its handler', async () => {
    let taken = 0
    exchange(async function* (messages, signal) {
      for await (const message of messages) {
        taken += 1
        if (taken === 1) yield message
        await sleep(60_000, undefined, { signal }).catch(() => undefined)
        return
      }
    })
    const talk = client.makeBidiStreamRequest(PATH, same, same)
    const ended = endOf(talk)
    talk.on('data', () => undefined)
    let sent = 0
    // The windows of HTTP/2 fill up, and the client is told to wait.
    while (sent < 1_000 && talk.write(Buffer.alloc(60_000))) sent += 1
    await sleep(200)

    expect(taken).toBe(1)
    expect(sent).toBeLessThan(1_000)
    talk.cancel()
    expect((await ended).code).toBe(status.CANCELLED)
  })

  test.each([
    ['at its deadline', status.DEADLINE_EXCEEDED, 200, () => undefined],
    ['when the server stops', status.UNAVAILABLE, 10_000, () => server.stop({ graceMs: 5_000 })],
  ])('that waits for a message ends %s, and its handler with it', async (_, code, deadlineMs, end) => {
    let isCleanedUp = false
    exchange(async function* (messages) {
      try {
        for await (const message of messages) yield message
      } finally {
        isCleanedUp = true
      }
    })
    const talk = client.makeBidiStreamRequest(PATH, same, same, { deadline: Date.now() + deadlineMs })
    const ended = endOf(talk)
    const heard = new Promise((resolve) => talk.on('data', resolve))
    talk.write(Buffer.from('hello'))
    await heard

    const stopped = end()

    expect((await ended).code).toBe(code)
    await stopped
    await expect.poll(() => isCleanedUp).toBe(true)
  })

  test('ends its handler when the caller goes away', async () => {
    let isCleanedUp = false
    exchange(async function* (messages) {
      try {
        for await (const message of messages) yield message
      } finally {
        isCleanedUp = true
      }
    })
    const talk = client.makeBidiStreamRequest(PATH, same, same)
    const heard = new Promise((resolve) => talk.on('data', resolve))
    talk.on('error', () => undefined)
    talk.write(Buffer.from('hello'))
    await heard

    talk.cancel()

    await expect.poll(() => isCleanedUp).toBe(true)
  })
})

describe('a stream', () => {
  test('waits for a reader that is slow, and says UNAVAILABLE when the server stops', async () => {
    let sent = 0
    stream(async function* (signal) {
      while (!signal.aborted) {
        sent += 1
        yield Buffer.alloc(60_000)
      }
    })
    const slow = client.makeServerStreamRequest(PATH, same, same, Buffer.alloc(0))
    const ended = endOf(slow)
    await new Promise((resolve) => slow.once('data', resolve))
    slow.pause()
    await sleep(200)
    const sentThen = sent
    await sleep(200)

    expect(sent).toBe(sentThen)
    const stopped = server.stop({ graceMs: 2_000 })
    slow.resume()
    expect((await ended).code).toBe(status.UNAVAILABLE)
    await stopped
  })

  test('that fails before its first message says how', async () => {
    // biome-ignore lint/correctness/useYield: it fails before.
    stream(async function* () {
      throw new PlinthError('AUTH_FORBIDDEN')
    })
    const failing = client.makeServerStreamRequest(PATH, same, same, Buffer.alloc(0))
    failing.on('data', () => undefined)

    expect((await endOf(failing)).code).toBe(status.PERMISSION_DENIED)
  })
})

describe('a call', () => {
  test('takes messages that are packed', async () => {
    serve({ kind: 'unary', run: async (_, request) => ({ message: request, metadata: [] }) })
    const address = client.getChannel().getTarget().replace('dns:', '')
    const packing = new Client(address, credentials.createInsecure(), { 'grpc.default_compression_algorithm': 2 })
    const long = Buffer.alloc(100_000, 'ab')

    const answer = await new Promise((resolve, reject) =>
      packing.makeUnaryRequest(PATH, same, same, long, (error, got) => (error === null ? resolve(got) : reject(error))),
    )
    packing.close()

    expect(answer).toEqual(long)
  })

  test('at its deadline is answered DEADLINE_EXCEEDED, and its signal is aborted', async () => {
    let isAborted = false
    serve({
      kind: 'unary',
      run: async ({ signal }) => {
        await sleep(5_000, undefined, { signal }).catch(() => undefined)
        isAborted = signal.aborted
        return { message: Buffer.alloc(0), metadata: [] }
      },
    })

    await expect(call(undefined, 100)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED })
    await expect.poll(() => isAborted).toBe(true)
  })

  test('whose message does not come is ended', async () => {
    serve({ kind: 'unary', run: async (_, request) => ({ message: request, metadata: [] }) })
    const silent = client.makeClientStreamRequest(PATH, same, same, () => undefined)

    expect(await endOf(silent)).toMatchObject({ code: status.DEADLINE_EXCEEDED, details: 'The request did not arrive in time' })
  })

  test('that is under way when the server stops is answered', async () => {
    serve({
      kind: 'unary',
      run: async () => {
        await sleep(200)
        return { message: Buffer.from('done'), metadata: [] }
      },
    })
    const answer = call()
    await sleep(50)

    await server.stop({ graceMs: 2_000 })

    expect((await answer).toString()).toBe('done')
  })

  test('may be cancelled at any moment of its answer', async () => {
    let isOver = 0
    stream(async function* (signal) {
      try {
        for (let at = 0; at < 5 && !signal.aborted; at++) {
          yield Buffer.alloc(20_000)
          await sleep(1)
        }
      } finally {
        isOver += 1
      }
    })
    for (let round = 0; round < 300; round++) {
      const cancelled = client.makeServerStreamRequest(PATH, same, same, Buffer.alloc(0))
      cancelled.on('error', () => undefined).on('data', () => undefined)
      setTimeout(() => cancelled.cancel(), round % 12)
      if (round % 10 === 9) await sleep(2)
    }
    const last = client.makeServerStreamRequest(PATH, same, same, Buffer.alloc(0))
    last.on('data', () => undefined)

    expect((await endOf(last)).code).toBe(status.OK)
    // Those that were cancelled before they came were never begun.
    expect(isOver).toBeGreaterThan(100)
  })
})

describe('a client that does not read', () => {
  /** The bytes of a client of HTTP/2 up to its settings. */
  const HELLO = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])])

  test.each([
    ['and does not speak either', Buffer.alloc(0)],
    ['what it asked for with its first bytes', HELLO],
  ])('%s does not hold the server when it stops', async (_, bytes) => {
    const deaf = connect(Number(address.split(':')[1]), '127.0.0.1').on('error', () => undefined)
    await once(deaf, 'connect')
    deaf.write(bytes)
    await sleep(50)

    const beganAtMs = performance.now()
    await server.stop({ graceMs: 20_000 })

    expect(performance.now() - beganAtMs).toBeLessThan(6_000)
    deaf.destroy()
  })

  test('its answer is cut off when the grace is over', async () => {
    let isRunning = false
    stream(async function* () {
      isRunning = true
      while (true) yield Buffer.alloc(65_536)
    })
    const session = connectHttp2(`http://${address}`).on('error', () => undefined)
    const unread = session.request({ ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', te: 'trailers' })
    unread.on('error', () => undefined).end(Buffer.alloc(5))
    await once(session, 'connect')
    await vi.waitFor(() => expect(isRunning).toBe(true))

    const beganAtMs = performance.now()
    await server.stop({ graceMs: 300 })

    expect(performance.now() - beganAtMs).toBeLessThan(3_000)
    session.destroy()
  })
})
