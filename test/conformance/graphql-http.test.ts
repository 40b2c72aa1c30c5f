/** GraphQL over HTTP: the audits of the working group, and what they leave out. */
// Proves GQL-05, ERR-01.
import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Blog, startBlog } from './blog.ts'
import { askGraphql, GRAPHQL_TYPE } from './graphql-kit.ts'

let blog: Blog

beforeAll(async () => {
  blog = await startBlog()
})

afterAll(async () => {
  await blog[Symbol.asyncDispose]()
})

const AUDITS = serverAudits({ url: () => `${blog.service.origin}/graphql`, fetchFn: fetch })

describe('the audit suite of GraphQL over HTTP', () => {
  test.each(AUDITS.map((audit) => [audit.name, audit] as const))('%s', async (_, audit) => {
    const result = await audit.fn()

    expect(result.status === 'ok' ? '' : result.reason).toBe('')
  })

  test('has all its audits here', () => {
    console.info(`graphql-http: ${AUDITS.length} audits, every MUST, SHOULD and MAY`)
    expect(AUDITS.length).toBeGreaterThanOrEqual(61)
  })
})

describe('an answer', () => {
  test('to a document that cannot be run has the status of its error, and no data', async () => {
    const answer = await askGraphql(blog, '{ nothing }', { headers: { 'x-request-id': 'req-audit-1' } })

    expect(answer.status).toBe(400)
    expect(answer.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8')
    expect(answer.json).toEqual({
      errors: [
        {
          message: 'Cannot query field "nothing" on type "Query".',
          locations: [{ line: 1, column: 3 }],
          extensions: {
            code: 'VALIDATION_DOCUMENT',
            requestId: 'req-audit-1',
            docsUrl: expect.stringContaining('/docs/errors#VALIDATION_DOCUMENT'),
            details: [],
          },
        },
      ],
    })
  })

  test('to a client that asks for application/json alone is 200 all the same', async () => {
    const answer = await askGraphql(blog, '{ nothing }', { headers: { accept: 'application/json' } })

    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
  })

  test('differs by Accept, and says so', async () => {
    const answer = await askGraphql(blog, '{ __typename }')

    expect(answer.headers.get('vary')).toContain('accept')
  })

  test('to a request without a document names what is missing', async () => {
    const answer = await blog.ask('POST /graphql', { body: {} })

    expect(answer.status).toBe(400)
    expect(answer.json.errors[0].extensions).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: [{ field: 'query', code: 'required' }],
    })
  })

  test('to a bad token is 401 in the form of GraphQL', async () => {
    const answer = await askGraphql(blog, '{ __typename }', { headers: { authorization: 'Bearer nonsense' } })

    expect(answer.status).toBe(401)
    expect(answer.json.errors[0].extensions.code).toBe('AUTH_TOKEN_INVALID')
  })
})

describe('GET', () => {
  test('answers queries', async () => {
    const answer = await blog.ask(`GET /graphql?query=${encodeURIComponent('{ __typename }')}`)

    expect(answer.json).toEqual({ data: { __typename: 'Query' } })
  })

  test('refuses mutations with 405 and the methods that there are', async () => {
    const query = encodeURIComponent('mutation { deletePost(input: { id: "x" }) { errors { code } } }')

    const answer = await blog.ask(`GET /graphql?query=${query}`, { as: 'admin' })

    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toContain('POST')
    expect(answer.json.errors[0].extensions.code).toBe('VALIDATION_METHOD_NOT_ALLOWED')
  })
})

describe('a page of another site', () => {
  const cross = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }

  test('cannot make a browser send a query without asking first', async () => {
    const answer = await blog.ask(`GET /graphql?query=${encodeURIComponent('{ __typename }')}`, { headers: cross })

    expect(answer.status).toBe(403)
    expect(answer.json.errors[0].extensions.code).toBe('AUTH_CROSS_SITE')
  })

  test.each(['graphql-require-preflight', 'apollo-require-preflight'])(
    'may, with the header %s, which makes the browser ask',
    async (name) => {
      const answer = await blog.ask(`GET /graphql?query=${encodeURIComponent('{ __typename }')}`, {
        headers: { ...cross, [name]: '1' },
      })

      expect(answer.status).toBe(200)
    },
  )

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/graphql'])(
    'cannot post with content type %s',
    async (type) => {
      const answer = await fetch(`${blog.service.origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: JSON.stringify({ query: '{ __typename }' }),
      })

      expect(answer.status).toBe(415)
    },
  )
})

test('a batch of operations is refused', async () => {
  const answer = await fetch(`${blog.service.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: GRAPHQL_TYPE },
    body: JSON.stringify(Array.from({ length: 500 }, () => ({ query: '{ __typename }' }))),
  })

  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'VALIDATION_BODY_MALFORMED' } }] })
})
