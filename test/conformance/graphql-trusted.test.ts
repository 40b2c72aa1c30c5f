/** A service that answers declared documents alone, out of a file: by POST, by GET, over web sockets and over streams of events. */
// Proves GQL-05.
import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import blog from '../../examples/blog/app.ts'
import { app } from '../../src/app/index.ts'
import { type TestService, testService, waitFor } from '../../src/testing/index.ts'
import { untilWatching, watchesOf } from './subscriptions-kit.ts'

const COUNT = 'query CountPosts($search: String) { posts(search: $search) { totalCount } }'
const WATCH = 'subscription { postCreated { title } }'
const DOCUMENTS = { 'count-posts': COUNT, watch: WATCH, schema: '{ __schema { queryType { name } } }' }

let service: TestService
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plinth-documents-'))
  const documents = join(folder, 'documents.json')
  writeFileSync(documents, JSON.stringify(DOCUMENTS))
  service = await testService({ app: app({ ...blog, graphql: { documents, only: true } }) })
  const sql = await service.sql()
  await sql.query(`INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES
    ('01890a5d-ac96-774b-bcce-b302099a8057', 'ada@example.com', 'Ada', 'admin', now(), now(), 1)`)
})
afterAll(async () => {
  await service.stop()
  rmSync(folder, { recursive: true, force: true })
})

const ADA = 'usr_01h455vb4pex5vsknk084sn02q'
const POST = { author_id: ADA, title: 'Told', body: 'b', status: 'published' }

type Payload = Readonly<Record<string, unknown>>

/** How a document is asked for: the first answer, or the first error. */
const WAYS: Readonly<Record<string, (payload: Payload) => Promise<string>>> = {
  POST: async (body) => shown((await service.request('/graphql', { method: 'POST', body })).json),
  GET: async (payload) => {
    const pairs = Object.entries(payload).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ])
    return shown((await service.request(`/graphql?${new URLSearchParams(Object.fromEntries(pairs))}`)).json)
  },
  'a web socket': async (payload) => {
    const socket = new WebSocket(`${service.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    // biome-ignore lint/suspicious/noExplicitAny: a message may have any shape here.
    const said: any[] = []
    socket.on('open', () => socket.send('{"type":"connection_init"}'))
    socket.on('message', (data) => {
      const message = JSON.parse(String(data))
      if (message.type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }))
      else said.push(message)
    })
    const [first] = await waitFor('an answer', () => (said.length > 0 ? said : undefined))
    socket.terminate()
    return shown(first.type === 'error' ? { errors: first.payload } : first.payload)
  },
  'a stream of events': async (body) => {
    const abort = new AbortController()
    const headers = { accept: 'text/event-stream', 'content-type': 'application/json' }
    const answer = await fetch(`${service.origin}/graphql`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: abort.signal,
    })
    // A subscription does not end by itself: the first event is enough.
    let text = ''
    for await (const chunk of answer.body ?? []) {
      text += Buffer.from(chunk).toString()
      if (/^data: \{.+\n\n/m.test(text)) break
    }
    abort.abort()
    return shown(JSON.parse(/^data: (\{.+)$/m.exec(text)?.[1] ?? text))
  },
}

function shown(answer: { data?: unknown; errors?: readonly { extensions: { code: string } }[] }): string {
  return answer.errors?.[0]?.extensions.code ?? JSON.stringify(answer.data)
}

describe.each(Object.entries(WAYS))('over %s', (_, ask) => {
  test('a declared document is answered by its id, its digest and its text', async () => {
    const digest = hash('sha256', COUNT)
    const variables = { search: 'nothing like it' }

    const answers = [
      await ask({ documentId: 'count-posts', variables }),
      await ask({ documentId: `sha256:${digest}`, variables }),
      await ask({ extensions: { persistedQuery: { version: 1, sha256Hash: digest } }, variables }),
      await ask({ query: COUNT, variables }),
    ]

    expect(answers).toEqual(Array(4).fill('{"posts":{"totalCount":0}}'))
  })

  test('one that asks for the schema is answered, since the service declared it', async () => {
    expect(await ask({ documentId: 'schema' })).toBe('{"__schema":{"queryType":{"name":"Query"}}}')
  })

  test.each<readonly [string, Payload]>([
    ['a text of its own', { query: '{ posts { totalCount } }' }],
    ['a declared text with a space more', { query: `${COUNT} ` }],
    ['a text under the id of another', { query: '{ posts { nodes { id } } }', documentId: 'unknown' }],
    ['an id that nobody declared', { documentId: 'constructor' }],
    ['a digest that nobody declared', { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } }],
  ])('%s is not answered', async (_what, payload) => {
    expect(await ask(payload)).toBe('NOT_FOUND_DOCUMENT')
  })

  test('variables are judged as ever', async () => {
    expect(await ask({ documentId: 'count-posts', variables: { search: 5 } })).toBe('VALIDATION_FAILED')
  })
})

test.each(['a web socket', 'a stream of events'])('a declared subscription is heard, and no other is (%s)', async (way) => {
  const ask = WAYS[way]
  const refused = await ask?.({ query: 'subscription { postDeleted { title } }' })

  const heard = ask?.({ documentId: 'watch' })
  await untilWatching(service.adminOrigin, 1)
  await service.request('/api/v1/posts', { method: 'POST', token: service.token('admin', ADA), body: POST })

  expect(refused).toBe('NOT_FOUND_DOCUMENT')
  expect(await heard).toBe('{"postCreated":{"title":"Told"}}')
  await waitFor('no watch', async () => (await watchesOf(service.adminOrigin)) === 0)
})
