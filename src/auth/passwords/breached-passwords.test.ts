import { createHash } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createBreachedPasswords } from './breached-passwords.ts'

const BREACHED = 'velvet otter juggles nine lamps'
const sha1 = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase()
const OTHER_ROW = '0018A45C4D1DEF81644B54AB7F969B88D65:10'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/range`
}

/** The port at `url`, and what it says when it cannot be asked. */
function open(url: string, timeoutMs?: number) {
  const failures: Error[] = []
  const onFailure = (error: Error) => void failures.push(error)
  return { failures, ...createBreachedPasswords({ url, fetch, onFailure, ...(timeoutMs !== undefined && { timeoutMs }) }) }
}

describe('isBreached()', () => {
  test('sends five digits of the SHA-1 and asks for padding, and finds the ending among the rows', async () => {
    const asked: unknown[] = []
    const url = await serve((request, response) => {
      asked.push([request.method, request.url, request.headers['add-padding']])
      response.end([OTHER_ROW, `${sha1(BREACHED).slice(5)}:3`, OTHER_ROW].join('\r\n'))
    })
    const { isBreached, failures } = open(url)

    expect(await isBreached(BREACHED)).toBe(true)
    expect(await isBreached('something else entirely')).toBe(false)
    expect(asked).toEqual([
      ['GET', `/range/${sha1(BREACHED).slice(0, 5)}`, 'true'],
      ['GET', `/range/${sha1('something else entirely').slice(0, 5)}`, 'true'],
    ])
    expect(failures).toEqual([])
  })

  test('a row that was seen no time is padding', async () => {
    const url = await serve((_, response) => response.end(`${sha1(BREACHED).slice(5)}:0\r\n${OTHER_ROW}`))

    expect(await open(url).isBreached(BREACHED)).toBe(false)
  })

  test.each<[string, RequestListener]>([
    ['answers 503', (_, response) => response.writeHead(503).end()],
    ['is silent', () => undefined],
    ['stops in the middle', (_, response) => response.write(OTHER_ROW)],
    ['closes the connection', (request) => request.socket.destroy()],
    ['sends no end of rows', (_, response) => response.end(`${OTHER_ROW}\n`.repeat(60_000))],
    ['leads elsewhere', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ])('holds no password back when the service %s, and tells why', async (_, listener) => {
    const { isBreached, failures } = open(await serve(listener), 300)

    expect(await isBreached(BREACHED)).toBe(false)
    expect(failures.map(({ message }) => message)).toEqual(['Cannot ask whether a password is known from a breach'])
    expect(failures[0]?.cause).toBeInstanceOf(Error)
  })
})

test.each(['', 'api.pwnedpasswords.com', 'http://api.pwnedpasswords.com/range/', 'file:///etc/passwd'])(
  'createBreachedPasswords() refuses the URL %j',
  (url) => {
    expect(() => open(url)).toThrow(/does not begin with https:\/\//)
  },
)
