/** The authorization server as the whole service has it: put together by the application, with its own keys and its own standing. */
// Proves OAU-01.
import { expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { readSettings, withOAuthClients } from '../../src/app/index.ts'
import { testService } from '../../src/testing/index.ts'

const SECRET = 'a secret of the tests, of 48 characters or there'

test('OAU-01: a service registered by command calls the API until it is disabled', async () => {
  await using blog = await testService({ app, environment: { PLINTH_SECRET: SECRET } })
  const settings = readSettings({ DATABASE_URL: blog.databaseUrl, PLINTH_SECRET: SECRET })
  const by = { actor: null, requestId: 'test' }
  const order = { name: 'Export', kind: 'service', scopes: ['posts:read'] } as const
  const { client, secret } = await withOAuthClients(app, settings, (clients) => clients.create(order, by))
  const discovery = (await blog.request('/.well-known/openid-configuration')).json
  const ask = () =>
    blog.request(new URL(discovery.token_endpoint).pathname, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
    })

  const token = (await ask()).json.access_token as string
  const before = await blog.request('/api/v1/posts', { token })
  await withOAuthClients(app, settings, (clients) => clients.setDisabled(client.id, true, by))
  const beganMs = performance.now()
  while ((await blog.request('/api/v1/posts', { token })).status === 200 && performance.now() - beganMs < 5_000)
    await new Promise((resolve) => setTimeout(resolve, 100))

  expect(before.status).toBe(200)
  expect((await blog.request('/api/v1/posts', { token })).status).toBe(401)
  expect(performance.now() - beganMs).toBeLessThan(5_000)
})

test('who is refused before the endpoint runs is told in its form: clients in JSON, people on a page', async () => {
  await using blog = await testService({ app, environment: { RATE_LIMIT_WRITE: '1/1', RATE_LIMIT_READ: '1/1' } })
  const ask = () => blog.request('/oauth/token', { method: 'POST', body: 'grant_type=client_credentials' })
  const look = () => blog.request('/oauth/device', { headers: { accept: 'text/html' } })
  await Promise.all([ask(), look()])

  const [machine, person] = await Promise.all([ask(), look()])

  expect([machine.status, machine.json.error]).toEqual([429, 'temporarily_unavailable'])
  expect([person.status, person.headers.get('content-type')]).toEqual([429, 'text/html; charset=utf-8'])
  expect(person.text).toContain('Too many requests')
  for (const { headers } of [machine, person]) expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
})
