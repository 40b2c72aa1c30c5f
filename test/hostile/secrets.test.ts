/** What is secret goes in by every door and comes out by none: not in the log, not in the metrics, not in an answer. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Caller, type Outcome } from '../chaos/caller.ts'
import { report } from '../chaos/rounds.ts'
import { ACCOUNTS, type HostileBlog, newPost, startHostileBlog } from './blog.ts'

const SECRET = canary()
let blog: HostileBlog

beforeAll(async () => {
  blog = await startHostileBlog({ environment: { LOG_LEVEL: 'debug', PLINTH_SECRET: `${SECRET}${SECRET}` } })
})
afterAll(() => blog.stop())

/** A text that comes about by no accident. */
function canary(): string {
  return `cnry${randomBytes(9).toString('hex')}`
}

/** All that an operator, or whoever reads the operator's tools, gets to see. */
async function allOutput(): Promise<string> {
  using operator = new Caller(blog.service.adminOrigin)
  const metrics = await operator.call({ path: '/metrics' })
  return `${JSON.stringify(blog.service.logs())}\n${metrics.text}`
}

interface Planted {
  readonly door: string
  readonly value: string
  /** Answers may not repeat it either: a caller's mistake in an id is quoted to the caller, a credential never. */
  readonly isCredential: boolean
  readonly answer: Outcome
}

async function plant(): Promise<readonly Planted[]> {
  const planted: Planted[] = []
  const by = async (door: string, isCredential: boolean, send: (value: string) => Promise<Outcome>): Promise<void> => {
    const value = canary()
    planted.push({ door, value, isCredential, answer: await send(value) })
  }
  const posts = '/api/v1/posts'
  const users = '/api/v1/users'
  const header = (name: string, render = (value: string) => value) =>
    by(`the header ${name}`, true, (value) => blog.admin.call({ path: `${posts}?limit=1`, headers: { [name]: render(value) } }))
  const user = (value: string): Record<string, unknown> => ({
    email: `${value}@example.com`,
    display_name: 'Canary',
    role: 'viewer',
  })

  await by('a bad token', true, (value) => blog.nobody.call({ path: posts, token: value }))
  await by('a bad token of three parts', true, (value) =>
    blog.nobody.call({ path: posts, token: `eyJhbGciOiJFUzI1NiJ9.${value}.${value}` }),
  )
  await by('a token with a broken signature', true, (value) =>
    blog.nobody.call({ path: posts, token: blog.tokens.admin.replace(/[^.]+$/, value) }),
  )
  await header('authorization', (value) => `Basic ${value}`)
  for (const name of [
    'cookie',
    'x-api-key',
    'proxy-authorization',
    'x-auth-token',
    'user-agent',
    'referer',
    'origin',
    'tracestate',
    'x-forwarded-for',
    'x-csrf-token',
  ])
    await header(name)
  await by('an idempotency key', true, (value) =>
    blog.admin.call({ method: 'POST', path: posts, headers: { 'idempotency-key': value }, body: newPost() }),
  )
  await by('a refused idempotency key', true, (value) =>
    blog.admin.call({ method: 'POST', path: posts, headers: { 'idempotency-key': value.repeat(20) }, body: newPost() }),
  )
  await by('an access token in the query', true, (value) => blog.admin.call({ path: `${posts}?access_token=${value}` }))
  await by('a password in the body', true, (value) =>
    blog.admin.call({ method: 'POST', path: users, body: { ...user('a'), password: value } }),
  )
  await by('an e-mail address that is stored', false, (value) =>
    blog.admin.call({ method: 'POST', path: users, body: user(value) }),
  )
  await by('an e-mail address that is refused', true, (value) =>
    blog.admin.call({ method: 'POST', path: users, body: { ...user('a'), email: `${value}@` } }),
  )
  await by('an e-mail address that is taken', true, async (value) => {
    await blog.admin.call({ method: 'POST', path: users, body: user(value) })
    return blog.admin.call({ method: 'POST', path: users, body: user(value) })
  })
  await by('an e-mail address to filter by', false, (value) => blog.admin.call({ path: `${users}?email=${value}%40example.com` }))
  await by('a text that the database refuses', true, async (value) => {
    await blog.sql(`ALTER TABLE posts ADD CONSTRAINT posts_odd CHECK (body NOT LIKE '%refuse%')`)
    return blog.admin.call({ method: 'POST', path: posts, body: newPost({ body: `refuse ${value}` }) })
  })
  await by('a body that is no JSON', true, (value) =>
    blog.admin.call({ method: 'POST', path: posts, body: `{"title":"${value}` }),
  )
  await by('a title of the wrong type', true, (value) =>
    blog.admin.call({ method: 'POST', path: posts, body: newPost({ title: [value] }) }),
  )
  await by('an over-long title', true, (value) =>
    blog.admin.call({ method: 'POST', path: posts, body: newPost({ title: value.repeat(20) }) }),
  )
  await by('a search', false, (value) => blog.admin.call({ path: `${posts}?q=${value}` }))
  await by('an id', false, (value) => blog.admin.call({ path: `${posts}/${value}` }))
  await by('a cursor', false, (value) => blog.admin.call({ path: `${posts}?cursor=${value}` }))
  await by('a path', false, (value) => blog.admin.call({ path: `/reset/${value}` }))
  await by('the name of a field', false, (value) =>
    blog.admin.call({ method: 'POST', path: posts, body: newPost({ [value]: 1 }) }),
  )
  await by('a version', true, (value) =>
    blog.admin.call({ method: 'PATCH', path: `${posts}/${blog.postId}`, headers: { 'if-match': value }, body: { title: 'a' } }),
  )
  await by('a row that breaks the database', true, async (value) => {
    await blog.sql('ALTER TABLE users RENAME COLUMN display_name TO shown_name')
    const answer = await blog.admin.call({
      method: 'POST',
      path: users,
      body: { ...user('broken'), email: `${value}@example.com`, display_name: value },
    })
    await blog.sql('ALTER TABLE users RENAME COLUMN shown_name TO display_name')
    return answer
  })
  planted.push({
    door: 'PLINTH_SECRET',
    value: SECRET,
    isCredential: true,
    answer: await blog.admin.call({ path: '/openapi.json' }),
  })
  planted.push({
    door: 'a good token',
    value: blog.tokens.admin.slice(-40),
    isCredential: true,
    answer: await blog.admin.call({ path: `${users}/${ACCOUNTS.admin}` }),
  })
  return planted
}

test('a secret that was planted is in no output, whichever door it came by', async () => {
  const planted = await plant()
  const output = await allOutput()

  const inOutput = planted.filter(({ value }) => output.includes(value)).map(({ door }) => door)
  const inAnswers = planted
    .filter(({ isCredential, value, answer }) => isCredential && (answer.text + JSON.stringify(answer.headers)).includes(value))
    .map(({ door }) => door)

  report('A20 canaries', {
    planted: planted.length,
    in_output: inOutput.length,
    in_answers: inAnswers.length,
    log_lines: blog.service.logs().length,
  })
  expect(planted.length).toBeGreaterThanOrEqual(30)
  expect(planted.filter(({ answer }) => answer.status === 0)).toEqual([])
  expect(inOutput).toEqual([])
  expect(inAnswers).toEqual([])
  // A fault was among them, so that the lines about faults were looked at too.
  expect(planted.filter(({ answer }) => answer.status === 500).map(({ door }) => door)).toEqual([
    'a row that breaks the database',
  ])
  expect(output).not.toMatch(/admin@example\.com|editor@example\.com/)
})

test('the check sees a secret that is in the log, and one that redaction has taken out', async () => {
  const [shown, hidden] = [canary(), canary()]
  blog.service.service.logger.info('A planted line', { note: shown, password: hidden })

  const output = await allOutput()

  expect([output.includes(shown), output.includes(hidden)]).toEqual([true, false])
})
