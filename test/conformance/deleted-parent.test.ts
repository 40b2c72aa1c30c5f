/** API-03: a nested path leads through its parent, so a deleted parent hides what is under it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type TestService, testService } from '../../src/testing/index.ts'

let service: TestService
let admin: string
let user: string
let post: string

beforeAll(async () => {
  service = await testService({ app })
  admin = service.token('admin')
  const made = await service.request('/api/v1/users', {
    method: 'POST',
    token: admin,
    body: { email: 'mary@example.com', display_name: 'Mary' },
  })
  user = made.json.data.id
  const written = await service.request(`/api/v1/users/${user}/posts`, {
    method: 'POST',
    token: admin,
    body: { title: 'Stays', body: '', status: 'published' },
  })
  post = written.json.data.id
  await service.request(`/api/v1/users/${user}`, { method: 'DELETE', token: admin })
})
afterAll(() => service?.stop())

test.each([
  ['GET', '', undefined],
  ['POST', '', { title: 'New', body: '' }],
  ['GET', '/{post}', undefined],
  ['PATCH', '/{post}', { title: 'Changed' }],
  ['DELETE', '/{post}', undefined],
])('%s /users/{id}/posts%s of a deleted user is a 404', async (method, rest, body) => {
  const path = `/api/v1/users/${user}/posts${rest.replace('{post}', post)}`

  const answer = await service.request(path, { method, token: admin, ...(body !== undefined && { body }) })

  expect([answer.status, answer.json.error.code]).toEqual([404, 'NOT_FOUND_RECORD'])
})

test.each([
  ['POST', '', { title: 'New', body: '' }],
  ['PUT', '/{own}', { title: 'Changed', body: '', status: 'draft' }],
  ['PATCH', '/{own}', {}],
])('%s /posts%s that names a deleted user is a 400 at its field', async (method, rest, body) => {
  const other = (
    await service.request('/api/v1/users', {
      method: 'POST',
      token: admin,
      body: { email: `${method}@example.com`, display_name: 'Own' },
    })
  ).json.data.id
  const own = (
    await service.request('/api/v1/posts', { method: 'POST', token: admin, body: { author_id: other, title: 'Own', body: '' } })
  ).json.data.id

  const path = `/api/v1/posts${rest.replace('{own}', own)}`
  const answer = await service.request(path, { method, token: admin, body: { ...body, author_id: user } })

  const message = 'author_id names a record that does not exist'
  expect([answer.status, answer.json.error.details]).toEqual([400, [{ field: 'author_id', code: 'reference', message }]])
})

test('the post of a deleted user can still be changed, its author unchanged', async () => {
  const answer = await service.request(`/api/v1/posts/${post}`, {
    method: 'PUT',
    token: admin,
    body: { author_id: user, title: 'Stays', body: '', status: 'published' },
  })

  expect(answer.status).toBe(200)
})

test('the post itself is still there, and under its author again once that is restored', async () => {
  const alone = await service.request(`/api/v1/posts/${post}`)
  await service.request(`/api/v1/users/${user}/restore`, { method: 'POST', token: admin })
  const nested = await service.request(`/api/v1/users/${user}/posts`, { token: admin })

  expect(alone.status).toBe(200)
  expect(nested.json.data.map(({ id }: { id: string }) => id)).toEqual([post])
})
