import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectNats } from '@nats-io/transport-node'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { privateNats, privateRedis, recordSkip, startNats, startRedis } from '../../src/testing/index.ts'
import { findProgram } from '../../src/testing/private-server.ts'

const redis = await privateRedis()
const nats = await privateNats()

describe.skipIf(redis === undefined)('Redis for tests', () => {
  test('privateRedis() answers the same server every time, and it keeps what is written', async () => {
    const again = await privateRedis()
    const client = new Redis(again?.url ?? '')

    await client.set('servers:greeting', 'hello')

    expect(again).toEqual(redis)
    expect(await client.get('servers:greeting')).toBe('hello')
    client.disconnect()
  })

  test('startRedis() gives a server that can be killed and started again at the same address', async () => {
    const server = await startRedis()
    if (server === undefined) throw new Error('expected a server, for there was one before')

    await server.halt('SIGKILL')
    const refused = new Redis(server.url, { retryStrategy: () => null, lazyConnect: true })
    refused.on('error', () => {})
    await expect(refused.connect()).rejects.toThrow()
    await server.start()
    const client = new Redis(server.url)

    expect(await client.ping()).toBe('PONG')
    client.disconnect()
    await server.stop()
  })
})

describe.skipIf(nats === undefined)('NATS for tests', () => {
  test('privateNats() delivers a message', async () => {
    const connection = await connectNats({ servers: nats?.url ?? '' })
    const subscription = connection.subscribe('servers.greeting', { max: 1 })

    connection.publish('servers.greeting', 'hello')

    const heard: string[] = []
    for await (const message of subscription) heard.push(message.string())
    expect(heard).toEqual(['hello'])
    await connection.close()
  })

  test('startNats() gives a server with JetStream', async () => {
    const server = await startNats()
    if (server === undefined) throw new Error('expected a server, for there was one before')
    const connection = await connectNats({ servers: server.url })

    const info = await connection.request('$JS.API.INFO', '')

    expect(info.json()).toMatchObject({ type: 'io.nats.jetstream.api.v1.account_info_response', streams: 0 })
    await connection.close()
    await server.stop()
  })
})

test('findProgram() finds the first of the names, and nothing where nothing is', () => {
  expect(findProgram(['no-such-program', 'sh'])).toMatch(/\/sh$/)
  expect(findProgram(['no-such-program'])).toBeUndefined()
})

test('recordSkip() appends a line of JSON for the summary', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-skips-'))
  const file = join(folder, 'skips.jsonl')
  const before = process.env['PLINTH_SKIPS_FILE']
  process.env['PLINTH_SKIPS_FILE'] = file

  recordSkip('cache on Redis', 'redis-server is not installed')

  if (before === undefined) delete process.env['PLINTH_SKIPS_FILE']
  else process.env['PLINTH_SKIPS_FILE'] = before
  expect(existsSync(file) && readFileSync(file, 'utf8')).toBe(
    '{"name":"cache on Redis","reason":"redis-server is not installed"}\n',
  )
  rmSync(folder, { recursive: true })
})
