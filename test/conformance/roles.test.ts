/** ACC-01, ACC-02: what nobody and each role of the reference service may do, as a table that a person can read. */
// Proves 11-roles, SEC-01.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { testService } from '../../src/testing/index.ts'
import { ordersApp } from '../domains/orders/app.ts'
import { type Blog, type Role, startBlog, USERS } from './blog.ts'

let blog: Blog
beforeAll(async () => {
  blog = await startBlog()
})
afterAll(() => blog[Symbol.asyncDispose]())
afterEach(() => {
  vi.unstubAllEnvs()
})

const WHO = [undefined, 'viewer', 'editor', 'admin'] as const satisfies readonly (Role | undefined)[]
const EDITORS = { author_id: USERS.editor, title: 'A title', body: 'A body' }
const ADMINS = { ...EDITORS, author_id: USERS.admin }

/** What is asked, and what nobody, the viewer, the editor and the admin are answered. */
const TABLE: readonly (readonly [string, string, unknown, readonly number[]])[] = [
  ['users: list', 'GET /api/v1/users', undefined, [401, 200, 200, 200]],
  ['users: read another', `GET /api/v1/users/${USERS.admin}`, undefined, [401, 404, 404, 200]],
  ['users: create', 'POST /api/v1/users', { email: 'new@example.com', display_name: 'New' }, [401, 403, 403, 201]],
  ['users: change another', `PATCH /api/v1/users/${USERS.viewer}`, { display_name: 'Other' }, [401, 403, 403, 200]],
  // A body is read before access is decided, so nobody hears of the field first.
  ['users: raise a role', `PATCH /api/v1/users/${USERS.editor}`, { role: 'admin' }, [401, 403, 403, 200]],
  ['posts: list', 'GET /api/v1/posts', undefined, [200, 200, 200, 200]],
  ['posts: read what is published', 'GET /api/v1/posts/:published', undefined, [200, 200, 200, 200]],
  ["posts: read the editor's draft", 'GET /api/v1/posts/:draft', undefined, [404, 404, 200, 200]],
  ["posts: read the admin's draft", 'GET /api/v1/posts/:foreign', undefined, [404, 404, 404, 200]],
  ["posts: create in the editor's name", 'POST /api/v1/posts', EDITORS, [401, 403, 201, 201]],
  ["posts: create in the admin's name", 'POST /api/v1/posts', ADMINS, [401, 403, 403, 201]],
  ["posts: change the editor's", 'PATCH /api/v1/posts/:published', { title: 'B' }, [401, 403, 200, 200]],
  ["posts: change the admin's", 'PATCH /api/v1/posts/:admins', { title: 'B' }, [401, 403, 403, 200]],
  ['posts: give away', 'PATCH /api/v1/posts/:published', { author_id: USERS.viewer }, [401, 403, 403, 200]],
  ['posts: publish', 'POST /api/v1/posts/:draft/publish', undefined, [401, 403, 200, 200]],
  ['posts: delete', 'DELETE /api/v1/posts/:published', undefined, [401, 403, 403, 204]],
  ['posts: list what is deleted', 'GET /api/v1/posts?include_deleted=true', undefined, [401, 403, 403, 200]],
]

/** Posts that are new for each question, so that no answer depends on an earlier one. */
async function makePosts(): Promise<Readonly<Record<string, string>>> {
  const byAdmin = async (status: string): Promise<string> =>
    (await blog.ask('POST /api/v1/posts', { as: 'admin', body: { ...ADMINS, status } })).json.data.id
  return {
    ':published': await blog.post(),
    ':draft': await blog.post({ status: 'draft' }),
    ':foreign': await byAdmin('draft'),
    ':admins': await byAdmin('published'),
  }
}

describe('ACC-02 the roles of the reference service', () => {
  test.each(TABLE)('%s', async (_, template, body, expected) => {
    const statuses: number[] = []
    for (const as of WHO) {
      const posts = await makePosts()
      const line = template.replace(/:(?:published|draft|foreign|admins)/, (name) => posts[name] ?? name)
      statuses.push((await blog.ask(line, { body, ...(as !== undefined && { as }) })).status)
    }

    expect(statuses).toEqual(expected)
  })

  test('a list holds for each what that one may read, and no more', async () => {
    const ids = Object.values(await makePosts())
    const seen = async (as: Role | undefined): Promise<readonly boolean[]> => {
      const { json } = await blog.ask('GET /api/v1/posts?limit=4', as === undefined ? {} : { as })
      return ids.map((id) => json.data.some((post: { id: string }) => post.id === id))
    }

    expect(await seen(undefined)).toEqual([true, false, false, true])
    expect(await seen('viewer')).toEqual([true, false, false, true])
    expect(await seen('editor')).toEqual([true, true, false, true])
    expect(await seen('admin')).toEqual([true, true, true, true])
  })

  test('each sees of the users herself, and the admin all', async () => {
    const emails = async (as: Role): Promise<readonly string[]> =>
      (await blog.ask('GET /api/v1/users', { as })).json.data.map((user: { email: string }) => user.email).sort()

    expect(await emails('viewer')).toEqual(['viewer@example.com'])
    expect(await emails('editor')).toEqual(['editor@example.com'])
    expect(await emails('admin')).toEqual(
      expect.arrayContaining(['admin@example.com', 'editor@example.com', 'viewer@example.com']),
    )
  })

  test.each([
    [12, [201, 201]],
    [3, [403, 201]],
  ])('office hours: at %i o’clock the editor and the admin get %j', async (hour, expected) => {
    vi.stubEnv('OFFICE_HOURS_ZONE', zoneAt(hour))
    vi.resetModules()
    const { default: app } = await import('../../examples/blog/app.ts')
    const { testService: start } = await import('../../src/testing/index.ts')
    await using service = await start({ app })
    const sql = await service.sql()
    await sql.query(
      `INSERT INTO users (id, email, display_name, role, created_at, updated_at, version)
       VALUES ('01890a5d-ac96-774b-bcce-b302099a8058', 'e@example.com', 'E', 'editor', now(), now(), 1)`,
    )

    const statuses: number[] = []
    for (const role of ['editor', 'admin'] as const) {
      const answer = await service.request('/api/v1/posts', {
        method: 'POST',
        token: service.token(role, USERS[role]),
        body: EDITORS,
      })
      statuses.push(answer.status)
    }

    expect(USERS.editor).toBe('usr_01h455vb4pex5vsknk084sn02r')
    expect(statuses).toEqual(expected)
  })
})

/** A zone in which it is now between this hour and the next. The sign of `Etc/GMT` zones is the other way round. */
function zoneAt(hour: number): string {
  const ahead = ((hour - new Date().getUTCHours() + 36) % 24) - 12
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`
}

describe('ACC-01 an operation that no rule permits', () => {
  test('is not there, for anybody', async () => {
    await using service = await testService({ app: ordersApp })
    const token = service.token('manager')
    const id = 'shelf_01h455vb4pex5vsknk084sn02q'
    const ask = async (method: string, path: string, body?: unknown): Promise<readonly unknown[]> => {
      const answer = await service.request(`/api/v1/${path}`, { method, token, ...(body !== undefined && { body }) })
      return [answer.status, answer.json?.error?.code]
    }

    expect(await ask('PATCH', `shelves/${id}`, { code: 'B' })).toEqual([405, 'VALIDATION_METHOD_NOT_ALLOWED'])
    expect(await ask('PUT', `shelves/${id}`, { code: 'B' })).toEqual([405, 'VALIDATION_METHOD_NOT_ALLOWED'])
    expect(await ask('POST', `shelves/${id}/restore`)).toEqual([404, 'NOT_FOUND_ROUTE'])
    expect(await ask('GET', 'shelves?include_deleted=true')).toEqual([400, 'VALIDATION_FAILED'])
    expect(await ask('GET', `shelves/${id}`)).toEqual([404, 'NOT_FOUND_RECORD'])
  })

  test('is named at the start', async () => {
    await using service = await testService({ app: ordersApp })

    const line = service.logs().find(({ message }) => message === 'No rule permits these operations, so they are not there')

    expect(line?.['level']).toBe('info')
    expect(line?.['fields']).toEqual({
      operations: [
        'orderLines: restore',
        'orderLines: read-deleted',
        'warehouses: restore',
        'warehouses: read-deleted',
        'shelves: update',
        'shelves: restore',
        'shelves: read-deleted',
      ],
    })
  })
})
