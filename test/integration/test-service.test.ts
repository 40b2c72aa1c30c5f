// Proves TST-02.
import { expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { testService } from '../../src/testing/index.ts'

test('testService() starts a service with a database, tokens and a log of its own', async () => {
  await using service = await testService({ app: blog })
  const email = 'ada@example.com'

  const refused = await service.request('/api/v1/users')
  const created = await service.request('/api/v1/users', {
    method: 'POST',
    token: service.token('admin'),
    body: { email, display_name: 'Ada', role: 'editor' },
  })

  expect(refused.status).toBe(401)
  expect(created.status).toBe(201)
  const sql = await service.sql()
  expect(await sql.query('SELECT email FROM users')).toEqual([{ email }])
  const own = await service.request(`/api/v1/users/${created.json.data.id}`, {
    token: service.token('editor', created.json.data.id),
  })
  expect(own.json.data).toMatchObject({ email, display_name: 'Ada' })
  expect(service.logs().map((line) => line['message'])).toContain('The service is ready')
})
