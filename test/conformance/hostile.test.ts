// Proves API-10.
import { Agent, request as httpRequest } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ObservedResponse } from '../../src/testing/index.ts'
import { type Blog, startBlog, USERS } from './blog.ts'
import { type HostileRequest, hostileRequests } from './hostile-requests.ts'

const COUNT = Number(process.env['HOSTILE_REQUESTS'] ?? 10_000)
const SEED = Number(process.env['HOSTILE_SEED'] ?? Date.now() % 2 ** 31)
const CONCURRENCY = 24

let blog: Blog
const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY })

beforeAll(async () => {
  blog = await startBlog()
})
afterAll(async () => {
  agent.destroy()
  await blog[Symbol.asyncDispose]()
})

/** Sends bytes as they are: `fetch` would mend paths and headers. */
function send({ method, path, headers, body }: HostileRequest): Promise<ObservedResponse> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const request = httpRequest(blog.service.origin, { agent, method, path, headers: { ...headers, ...length } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const answered = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]))
        resolve({
          method,
          path,
          status: response.statusCode ?? 0,
          headers: answered,
          body: Buffer.concat(chunks).toString('utf8'),
        })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** What the log says about the request of an error, for whoever has to find out. */
function faultOf(body: string): string {
  const id = /"request_id":"([^"]+)"/.exec(body)?.[1]
  return JSON.stringify(
    blog.service.logs().find((line) => line['request_id'] === id && line['level'] !== 'info') ?? 'nothing in the log',
  )
}

/** Without its token, which nobody needs to see. */
function describeRequest(request: HostileRequest | undefined): string {
  return JSON.stringify(request)
    .replace(/Bearer ey[^"]{500,}/, 'Bearer …')
    .slice(0, 1_000)
}

test(`${COUNT} hostile requests over all routes meet no 5xx and no answer that breaks the document (HOSTILE_SEED=${SEED})`, {
  timeout: 600_000,
}, async () => {
  const posts = await Promise.all(
    Array.from({ length: 60 }, (_, at) => blog.post({ status: at % 3 === 0 ? 'draft' : 'published', title: `Post ${at}` })),
  )
  const authorizations = Object.values(blog.tokens).map((token) => `Bearer ${token}`)
  const requests = fc.sample(
    hostileRequests(blog.document, { ids: { post: posts, usr: Object.values(USERS) }, authorizations }),
    { numRuns: COUNT, seed: SEED },
  )

  // All are sent before any is judged: compiling schemas would hold up the service, which runs in this very process.
  const responses: ObservedResponse[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < requests.length) {
      const at = next++
      const request = requests[at] as HostileRequest
      responses[at] = await send(request).catch((error: Error) => ({ ...request, headers: {}, status: 0, body: error.message }))
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))

  const statuses: Record<string, number> = {}
  const problems: string[] = []
  for (const [at, response] of responses.entries()) {
    statuses[response.status] = (statuses[response.status] ?? 0) + 1
    const found =
      response.status >= 500 || response.status === 0
        ? [`${response.status} ${response.body}\n  ${faultOf(response.body)}`]
        : blog.verify(response)
    if (found.length > 0 && problems.length < 10) problems.push(`${found.join('\n')}\n  ${describeRequest(requests[at])}`)
  }
  expect(problems.join('\n\n')).toBe('')
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  // Requests that never got past the first check would prove nothing.
  expect(Object.keys(statuses)).toEqual(expect.arrayContaining(['200', '201', '204', '400', '401', '403', '404', '415', '422']))
  expect((statuses['200'] ?? 0) + (statuses['201'] ?? 0) + (statuses['204'] ?? 0)).toBeGreaterThan(COUNT / 20)
})
