/**
 * What graphql-cop looks for in a production service, each of its checks under its own name, written anew. It looks at a service from outside,
 * as somebody without a token.
 * @see https://github.com/dolevf/graphql-cop
 */
// Proves GQL-05, SEC-05.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type TestService, testService } from '../../src/testing/index.ts'

let service: TestService
beforeAll(async () => {
  service = await testService({ app, mode: 'production', environment: { PUBLIC_URL: 'https://api.example.com' } })
})
afterAll(() => service.stop())

interface Answer {
  readonly status: number
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: an answer may have any shape here.
  readonly json: any
}

async function send(path: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(`${service.origin}${path}`, init)
  const text = await answer.text()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  return { status: answer.status, text, json }
}

const post = (body: unknown, type = 'application/json'): Promise<Answer> =>
  send('/graphql', {
    method: 'POST',
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const ask = (query: string): Promise<Answer> => post({ query })
const get = (query: string, headers: Record<string, string> = {}): Promise<Answer> =>
  send(`/graphql?query=${encodeURIComponent(query)}`, { headers })
const times = (count: number, write: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => write(at)).join(' ')

describe('denial of service', () => {
  test.each([
    ['alias_overloading', `query { ${times(101, (at) => `a${at}: __typename`)} }`],
    ['field_duplication', `query { ${times(500, () => '__typename')} }`],
    ['directive_overloading', `query { __typename ${times(10, () => '@aa')} }`],
    ['directive_overloading, of one that is there', `query { __typename ${times(30, () => '@include(if: true)')} }`],
    [
      'circular_query_introspection',
      'query { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }',
    ],
    [
      'circular_fragment',
      'query { __schema { ...A } } fragment A on __Schema { __typename ...B } fragment B on __Schema { ...A }',
    ],
  ])('%s is refused with few words', async (_, query) => {
    const { json, text } = await ask(query)

    expect(json.data).toBeUndefined()
    expect(json.errors[0].extensions.code).toMatch(/^VALIDATION_/)
    expect(text.length).toBeLessThan(5_000)
  })

  // It counts the errors: as many as there are directives are a finding.
  test('directive_overloading: the same mistake made ten times is one error with ten places', async () => {
    const { json } = await ask(`query { __typename ${times(10, () => '@aa')} }`)

    expect(json.errors).toHaveLength(1)
    expect(json.errors[0].locations).toHaveLength(10)
  })

  test('batch_query is refused: one request is one operation', async () => {
    const { status, json } = await post(Array.from({ length: 10 }, () => ({ query: 'query { __typename }' })))

    expect(status).toBe(400)
    expect(Array.isArray(json)).toBe(false)
    expect(json.errors[0].extensions.code).toMatch(/^VALIDATION_/)
  })
})

describe('what is told of the service', () => {
  test('introspection: the schema is told to nobody', async () => {
    for (const query of ['query { __schema { types { name fields { name } } } }', '{ __type(name: "User") { name } }']) {
      const { json } = await ask(query)
      expect(json.data).toBeUndefined()
    }
  })

  test('field_suggestions: nobody is helped to find a name', async () => {
    for (const query of ['query { __schema { directive } }', '{ usrs { totalCount } }', '{ users { nodes { emial } } }'])
      expect((await ask(query)).text).not.toMatch(/did you mean|expected one of/i)
  })

  test.each(['/graphiql', '/playground', '/console', '/graphql'])('detect_graphiql: there is no editor at %s', async (path) => {
    const { text } = await send(path, { headers: { accept: 'text/html' } })

    expect(text).not.toMatch(/graphiql|playground/i)
  })

  test('trace_mode: answers say nothing of their making, asked for or not', async () => {
    const answers = [
      await ask('query { __typename }'),
      await send('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-apollo-tracing': '1' },
        body: '{"query":"query { __typename }","extensions":{"tracing":true}}',
      }),
    ]

    for (const { text } of answers) expect(text).toBe('{"data":{"__typename":"Query"}}')
  })

  test.each(['qwerty cop { abc }', '{', '{ node(id: 1, id: 2) { id } }', 'query ($a: Nothing) { __typename }'])(
    'unhandled_error_detection: %s is a clear error, without a stack',
    async (query) => {
      const { json, text } = await ask(query)

      expect(json.errors[0].extensions.code).toMatch(/^VALIDATION_/)
      expect(text).not.toMatch(/exception|stack|node_modules|\.ts:|\.js:/i)
    },
  )
})

describe('requests that a page of another site can forge', () => {
  test.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x'])(
    'post_based_csrf: a body of %s is refused',
    async (type) => {
      const bodies = ['query=query%20%7B__typename%7D', '{"query":"{ __typename }"}']
      for (const body of bodies) expect((await post(body, type)).status).toBe(415)
    },
  )

  test('post_based_csrf: a query in the address of a POST is not read', async () => {
    const { status, json } = await send('/graphql?query=%7B__typename%7D', { method: 'POST' })

    expect(status).toBe(400)
    expect(json.data).toBeUndefined()
  })

  test('get_based_mutation is refused', async () => {
    const { status, json } = await get('mutation { __typename }')

    expect(status).toBe(405)
    expect(json.data).toBeUndefined()
  })

  // The one check that finds something: queries come by GET, as GraphQL over HTTP has it. What makes it a finding is forgery.
  test('get_method_support: queries come by GET, but not from a page of another site', async () => {
    const forged = await get('{__typename}', { 'sec-fetch-site': 'cross-site' })
    const asked = await get('{__typename}', { 'sec-fetch-site': 'cross-site', 'graphql-require-preflight': '1' })

    expect((await get('{__typename}')).json).toEqual({ data: { __typename: 'Query' } })
    expect([forged.status, forged.json.errors[0].extensions.code]).toEqual([403, 'AUTH_CROSS_SITE'])
    expect(asked.status).toBe(200)
  })
})
