import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { headerBlock } from './header-block.ts'
import { splitLines, writeAnswer } from './write-answer.ts'

const BLOCK = headerBlock({ 'content-type': 'text/plain; charset=utf-8' })

/** Answers one request and returns what the client saw. */
async function answerOf(method: string, answer: (response: ServerResponse) => void): Promise<unknown> {
  const server = createServer((_, response) => answer(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await new Promise((resolve, reject) => {
      const sent = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', method }, (response) => {
        let body = ''
        response.on('data', (chunk) => {
          body += chunk
        })
        response.on('end', () => {
          const headers = response.rawHeaders.filter((_, at) => response.rawHeaders[at - (at % 2)] !== 'Date')
          resolve({ status: response.statusCode, text: response.statusMessage, headers, body })
        })
      })
      sent.on('error', reject)
      sent.end()
    })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const LINES = 'ratelimit: "read";r=1;t=2\r\nx-two: a: b\r\n'

test('reads header lines back as names and values', () => {
  expect(splitLines(LINES)).toEqual(['ratelimit', '"read";r=1;t=2', 'x-two', 'a: b'])
  expect(splitLines('')).toEqual([])
})

test.each([
  ['GET', 200, 'body', ['content-length', '4', 'etag', '"1"']],
  ['HEAD', 200, 'body', ['content-length', '4']],
  ['GET', 200, 'Köbe ☃ 𝒳', ['content-length', '14']],
  ['GET', 204, undefined, []],
  ['GET', 304, undefined, ['etag', '"1"']],
  ['GET', 503, 'body', ['content-length', '4', 'connection', 'close']],
])('writes for %s %i the same bytes as writeHead', async (method, status, body, pairs) => {
  const fast = await answerOf(method, (response) =>
    writeAnswer(response, status, BLOCK, LINES, pairs, body, Buffer.byteLength(body ?? '')),
  )
  const documented = await answerOf(method, (response) => {
    response.writeHead(status, [...BLOCK.pairs, 'ratelimit', '"read";r=1;t=2', 'x-two', 'a: b', ...pairs])
    response.end(body)
  })

  expect(fast).toEqual(documented)
})

test('a value that would break out of its header is refused, in a block and beside it', async () => {
  expect(() => headerBlock({ location: '/a\r\nset-cookie: a=b' })).toThrow('Invalid character')
  const outcome = await answerOf('GET', (response) => {
    try {
      writeAnswer(response, 200, BLOCK, '', ['location', '/a\r\nset-cookie: a=b'], '', 0)
    } catch {
      response.end('refused')
    }
  })

  expect(outcome).toMatchObject({ body: 'refused' })
})
