/** Proves the promises of an answer that goes on: its order, its end, what it tells when the service stops, who is cut off. */
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openAnswerStream } from './answer-stream.ts'

const LOOK_MS = 20
/** More than the system takes for a client that does not read. */
const MUCH = Buffer.alloc(16 * 1_048_576)

type Opened = ReturnType<typeof openAnswerStream>

let server: Server
let opened: Promise<Opened>

beforeEach(async () => {
  const { promise, resolve } = Promise.withResolvers<Opened>()
  opened = promise
  server = createServer((_, response) => resolve(openAnswerStream(response, 'application/x-pieces', LOOK_MS)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function ask(): Promise<IncomingMessage> {
  const request = get(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  request.on('error', () => undefined)
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  answer.on('error', () => undefined)
  return answer
}

test('the head goes out before the first piece, and the end behind the last', async () => {
  const answer = await ask()
  const { stream } = await opened

  await stream.send('one')
  await stream.send(Buffer.from('two'))
  stream.end('end')

  expect(answer.headers['content-type']).toBe('application/x-pieces')
  expect((await answer.toArray()).join('')).toBe('onetwoend')
})

test('a client that goes away aborts the signal, and nobody waits for it', async () => {
  const answer = await ask()
  const { stream } = await opened

  answer.destroy()
  if (!stream.signal.aborted) await once(stream.signal, 'abort')

  await expect(stream.send('to nobody')).resolves.toBeUndefined()
})

test('a client that takes nothing is cut off', async () => {
  const answer = await ask()
  answer.pause()
  const { stream } = await opened

  await stream.send(MUCH)
  if (!stream.signal.aborted) await once(stream.signal, 'abort')

  expect(stream.signal.aborted).toBe(true)
})

test('a client that takes nothing is cut off behind the end of the stream too', async () => {
  const answer = await ask()
  answer.pause()
  const { stream } = await opened

  stream.end(MUCH)
  await once(stream.signal, 'abort')

  expect(stream.signal.aborted).toBe(true)
})

test('a service that stops is told to the handler, which does not wait for a client that takes nothing', async () => {
  const answer = await ask()
  answer.pause()
  const { stream, endable } = await opened
  const sending = stream.send(MUCH)

  endable.end()

  await sending
  expect([stream.stopping.aborted, stream.signal.aborted]).toEqual([true, false])
})
