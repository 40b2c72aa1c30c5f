/** Makes sure, before anything is timed, that all targets do the same work: same answers, same refusals, same headers. */
import { deepStrictEqual } from 'node:assert/strict'
import { encodeTypeId } from '../src/kernel/index.ts'
import type { Database } from './load.ts'
import type { Target } from './target.ts'
import type { Issuer } from './token.ts'
import { type Actors, bodyOf, linesOf, POSTS, tokenOf, WORKLOADS } from './workload.ts'

interface Probe {
  readonly title: string
  readonly status: number
  readonly method?: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly json: unknown
}

const SECURITY_HEADERS = [
  'strict-transport-security',
  'content-security-policy',
  'x-content-type-options',
  'x-frame-options',
  'referrer-policy',
  'permissions-policy',
]

/** @throws with the first difference that it finds. @returns the number of answers that were compared. */
export async function verifyTargets(
  targets: readonly Target[],
  deepPaths: ReadonlyMap<Target, string>,
  database: Database,
  actors: Actors,
  issuer: Issuer,
): Promise<number> {
  const probes = [...(await reads(database, actors, issuer)), ...(await refusals(database, actors, issuer))]
  let compared = 0
  for (const target of targets) {
    for (const probe of probes) {
      const [reference] = targets
      const expected = await ask(reference as Target, probe)
      const answer = await ask(target, probe)
      expectSame(target, probe, answer, expected)
      compared += 1
    }
    const admin = { authorization: `Bearer ${await tokenOf({ actor: 'admin' }, actors, issuer)}` }
    const deep = await Promise.all(
      [targets[0] as Target, target].map((each) =>
        ask(each, { title: 'deep page', status: 200, path: deepPaths.get(each) ?? '', headers: admin }),
      ),
    )
    expectSame(
      target,
      { title: 'deep page', status: 200, path: '' },
      withoutSelf(deep[1] as Answer),
      withoutSelf(deep[0] as Answer),
    )
    compared += 1
  }
  return compared + (await verifyWrites(targets, database, actors, issuer))
}

async function reads(database: Database, actors: Actors, issuer: Issuer): Promise<Probe[]> {
  const probes: Probe[] = []
  for (const workload of WORKLOADS.filter((each) => each.script === 'read' && each.name !== 'deep-page')) {
    const headers = { authorization: `Bearer ${await tokenOf(workload, actors, issuer)}` }
    const paths = (await linesOf(workload, database, actors, '')).slice(0, 20)
    probes.push(...paths.map((path) => ({ title: workload.title, status: 200, path, headers })))
  }
  return probes
}

async function refusals({ sql }: Database, actors: Actors, issuer: Issuer): Promise<Probe[]> {
  const bearer = async (actor: keyof Actors) => ({ authorization: `Bearer ${await tokenOf({ actor }, actors, issuer)}` })
  const [viewer, editor] = await Promise.all([bearer('viewer'), bearer('editor')])
  const json = { ...editor, 'content-type': 'application/json' }
  const [draft] = await sql<
    { id: string }[]
  >`SELECT id FROM posts WHERE status = 'draft' AND author_id <> ${actors.viewer} LIMIT 1`
  const [own] = await sql<{ id: string }[]>`SELECT id FROM posts WHERE author_id = ${actors.editor} LIMIT 1`
  const [foreign] = await sql<{ id: string; version: number }[]>`
    SELECT id, version FROM posts WHERE author_id <> ${actors.editor} AND status = 'published' LIMIT 1`
  const ownPath = `${POSTS}/${encodeTypeId('post', own?.id ?? '')}`
  const foreignPath = `${POSTS}/${encodeTypeId('post', foreign?.id ?? '')}`
  const good = JSON.parse(bodyOf({ script: 'create' }, actors)) as Record<string, unknown>
  const post = (title: string, status: number, body: string, headers = json): Probe => ({
    title,
    status,
    method: 'POST',
    path: POSTS,
    headers,
    body,
  })
  const [head = '', claims = '', signature = ''] = viewer.authorization.split('.')
  const altered = `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  return [
    { title: 'a page without a token', status: 401, path: `${POSTS}?limit=20`, headers: { authorization: 'Bearer nothing' } },
    { title: 'a page with an altered token', status: 401, path: `${POSTS}?limit=20`, headers: { authorization: altered } },
    { title: "somebody else's draft", status: 404, path: `${POSTS}/${encodeTypeId('post', draft?.id ?? '')}`, headers: viewer },
    { title: 'a page that is too long', status: 400, path: `${POSTS}?limit=1000`, headers: viewer },
    { title: 'an unknown parameter', status: 400, path: `${POSTS}?colour=red`, headers: viewer },
    { title: 'a broken cursor', status: 400, path: `${POSTS}?cursor=abc`, headers: viewer },
    post('a post without a title', 400, JSON.stringify({ ...good, title: undefined })),
    post('a title that is too long', 400, JSON.stringify({ ...good, title: 'a'.repeat(201) })),
    post('an unknown field', 400, JSON.stringify({ ...good, colour: 'red' })),
    post('a status that is none', 400, JSON.stringify({ ...good, status: 'lost' })),
    post('half a body', 400, '{"title":'),
    post('a body that is not JSON', 415, 'title', { ...editor, 'content-type': 'text/plain' }),
    post('a post by a viewer', 403, JSON.stringify(good), { ...viewer, 'content-type': 'application/json' }),
    {
      title: 'a stale version',
      status: 409,
      method: 'PATCH',
      path: ownPath,
      headers: { ...json, 'if-match': '"999"' },
      body: '{"title":"New"}',
    },
    {
      title: "a change of somebody else's post",
      status: 403,
      method: 'PATCH',
      path: foreignPath,
      headers: { ...json, 'if-match': `"${foreign?.version}"` },
      body: '{"title":"New"}',
    },
  ]
}

/** Writes differ in ids, times and versions; what was written must not, and each must have left its row in the journal. */
async function verifyWrites(targets: readonly Target[], { sql }: Database, actors: Actors, issuer: Issuer): Promise<number> {
  const headers = {
    authorization: `Bearer ${await tokenOf({ actor: 'editor' }, actors, issuer)}`,
    'content-type': 'application/json',
  }
  const body = bodyOf({ script: 'create' }, actors)
  const patch = bodyOf({ script: 'patch' }, actors)
  const written: { create: unknown; patch: unknown; journal: unknown }[] = []
  for (const target of targets) {
    const create = await ask(target, { title: 'create', status: 201, method: 'POST', path: POSTS, headers, body })
    expectStatus(target, 'create', create, 201)
    const path = create.headers.get('location') ?? ''
    const change = {
      title: 'patch',
      status: 200,
      method: 'PATCH',
      path,
      headers: { ...headers, 'if-match': create.headers.get('etag') ?? '' },
    }
    const patched = await ask(target, { ...change, body: patch })
    expectStatus(target, 'patch', patched, 200)
    expectStatus(target, 'patch again with the old version', await ask(target, { ...change, body: patch }), 409)
    const journal = await sql`SELECT resource, operation, version FROM plinth_journal ORDER BY position DESC LIMIT 2`
    written.push({ create: withoutChance(create.json), patch: withoutChance(patched.json), journal: [...journal] })
  }
  for (const [index, each] of written.entries()) compare(`${targets[index]?.name}: writes`, each, written[0])
  return targets.length * 3
}

async function ask(target: Target, probe: Probe): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = probe
  const answer = await fetch(target.url + probe.path, { method, headers, ...(body === undefined ? {} : { body }) })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, json: text === '' ? null : JSON.parse(text) }
}

function expectSame(target: Target, probe: Probe, answer: Answer, expected: Answer): void {
  expectStatus(target, probe.title, answer, probe.status)
  const absent = SECURITY_HEADERS.filter((name) => !answer.headers.has(name))
  if (absent.length > 0) throw new Error(`Cannot compare ${target.name}: ${probe.title} came without ${absent.join(', ')}`)
  if (probe.status !== 200) return
  compare(`${target.name}: ${probe.title}`, withoutChance(answer.json, []), withoutChance(expected.json, []))
  compare(`${target.name}: ETag of ${probe.title}`, answer.headers.get('etag'), expected.headers.get('etag'))
}

function expectStatus(target: Target, title: string, answer: Answer, status: number): void {
  if (answer.status === status) return
  throw new Error(
    `Cannot compare ${target.name}: ${title} was answered ${answer.status} ${JSON.stringify(answer.json)}, expected ${status}`,
  )
}

function compare(title: string, actual: unknown, expected: unknown): void {
  deepStrictEqual(
    actual,
    expected,
    new Error(`Cannot compare ${title}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`),
  )
}

const CHANCE_OF_WRITES = ['id', 'self', 'created_at', 'updated_at', 'published_at']

/** Takes out what may differ: request ids, cursors (each target has its own form), and for writes ids and times. */
function withoutChance(value: unknown, more: readonly string[] = CHANCE_OF_WRITES): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutChance(item, more))
  if (typeof value !== 'object' || value === null) return value
  const dropped = new Set(['request_id', 'cursor', 'next', ...more])
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !dropped.has(name))
      .map(([name, item]) => [name, withoutChance(item, more)]),
  )
}

function withoutSelf(answer: Answer): Answer {
  return { ...answer, json: withoutChance(answer.json, ['self', 'prev']) }
}
