import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type EventStream, openEventStream } from './event-stream.ts'

const HEARTBEAT_MS = 20
let server: Server
let opened: Promise<EventStream>
let client: Socket

beforeEach(async () => {
  const { promise, resolve } = Promise.withResolvers<EventStream>()
  opened = promise
  server = createServer((_, response) => resolve(openEventStream(response, HEARTBEAT_MS)))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => undefined)
  client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
})
afterEach(() => {
  client.destroy()
  server.close()
})

/** More than the buffers of both sides hold. */
const LARGE = 'x'.repeat(32 * 1_048_576)

function endOf({ signal }: EventStream): Promise<string> {
  const end = new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('cut off')))
  return Promise.race([end, delay(5_000).then(() => 'goes on')])
}

test('a client that takes nothing is cut off after a few heartbeats', async () => {
  client.pause()
  const stream = await opened

  void stream.send('next', LARGE)

  await expect(endOf(stream)).resolves.toBe('cut off')
})

test('a client that takes nothing is cut off behind the end of the stream too', async () => {
  client.pause()
  const stream = await opened

  void stream.send('next', LARGE)
  stream.end()

  await expect(endOf(stream)).resolves.toBe('cut off')
})

test('a client that hears nothing but heartbeats stays', async () => {
  client.resume()
  const stream = await opened

  await delay(HEARTBEAT_MS * 15)

  expect(stream.signal.aborted).toBe(false)
})
