/** What the servers are asked to do, as whom, and what Plinth has to reach at it. */
import { encodeTypeId } from '../src/kernel/index.ts'
import type { Database } from './load.ts'
import type { Target } from './target.ts'
import type { Issuer } from './token.ts'

export type WorkloadName = 'get' | 'first-page' | 'deep-page' | 'owner-page' | 'create' | 'patch'

export interface Workload {
  readonly name: WorkloadName
  readonly title: string
  readonly script: 'read' | 'create' | 'patch'
  readonly actor: 'admin' | 'editor' | 'viewer'
  /** The least ratio of CPU time, floor to Plinth, that the foundation has to reach. */
  readonly figure: number
}

/** Writes stand at the end: they change what the reads would find. */
export const WORKLOADS: readonly Workload[] = [
  { name: 'get', title: 'get by id', script: 'read', actor: 'viewer', figure: 1.3 },
  { name: 'first-page', title: 'first page of 20', script: 'read', actor: 'admin', figure: 1.15 },
  { name: 'deep-page', title: 'page of 20, 1,000 rows before the end', script: 'read', actor: 'admin', figure: 1.15 },
  { name: 'owner-page', title: 'page of 20 under an owner policy', script: 'read', actor: 'editor', figure: 1.15 },
  { name: 'create', title: 'create with validation', script: 'create', actor: 'editor', figure: 0.9 },
  { name: 'patch', title: 'patch with version check', script: 'patch', actor: 'editor', figure: 0.95 },
]

export const POSTS = '/api/v1/posts'
const FIRST_PAGE = `${POSTS}?limit=20&sort=-created_at`
/** How many different posts are read by id, and how many are patched in a circle. */
const RECORDS = 20_000

export interface Actors {
  readonly admin: string
  readonly editor: string
  readonly viewer: string
}

/** The users that the seed made for each role. */
export async function findActors({ sql }: Database): Promise<Actors> {
  const rows = await sql<{ role: string; id: string }[]>`
    SELECT DISTINCT ON (role) role, id FROM users WHERE role <> 'viewer' OR created_at > '2020-01-02' ORDER BY role, created_at`
  const idOf = (role: string): string => rows.find((row) => row.role === role)?.id ?? ''
  return { admin: idOf('admin'), editor: idOf('editor'), viewer: idOf('viewer') }
}

export function tokenOf(workload: Pick<Workload, 'actor'>, actors: Actors, issuer: Issuer): Promise<string> {
  return issuer.token(actors[workload.actor], workload.actor)
}

/** The lines that the load script reads: paths, or posts with the versions that they have now. */
export async function linesOf(workload: Workload, database: Database, actors: Actors, deepPath: string): Promise<string[]> {
  const { sql } = database
  switch (workload.name) {
    case 'get': {
      const rows = await sql<{ id: string }[]>`
        SELECT id FROM posts TABLESAMPLE BERNOULLI (5) REPEATABLE (1) WHERE status = 'published' AND version = 1 LIMIT ${RECORDS}`
      return rows.map((row) => `${POSTS}/${encodeTypeId('post', row.id)}`)
    }
    case 'first-page':
    case 'owner-page':
      return [FIRST_PAGE]
    case 'deep-page':
      return [deepPath]
    case 'create':
      return []
    case 'patch': {
      const rows = await sql<{ id: string; version: number }[]>`
        SELECT id, version FROM posts WHERE author_id = ${actors.editor} AND deleted_at IS NULL ORDER BY random() LIMIT ${RECORDS}`
      return rows.map((row) => `${POSTS}/${encodeTypeId('post', row.id)} ${row.version}`)
    }
  }
}

const TEXT = 'She said "yes", and the long day went on as days of that kind do.\n'.repeat(5)

/** The body of a write; `@` stands where the load script puts a number. */
export function bodyOf(workload: Pick<Workload, 'script'>, actors: Actors): string {
  if (workload.script === 'read') return ''
  const author = workload.script === 'create' ? { author_id: encodeTypeId('usr', actors.editor) } : {}
  return JSON.stringify({ ...author, title: 'Notes from day @', body: TEXT, status: 'published' })
}

/**
 * Walks a target's list to the page that begins `row` rows after the first, and returns its path. Each target has cursors of its
 * own form, so each is asked for them, a hundred rows at a time.
 */
export async function walkTo(row: number, target: Target, actors: Actors, issuer: Issuer): Promise<string> {
  const authorization = `Bearer ${await tokenOf({ actor: 'admin' }, actors, issuer)}`
  let path = `${POSTS}?limit=100&sort=-created_at`
  for (let at = 0; at < row; at += 100) {
    const answer = await fetch(target.url + path, { headers: { authorization } })
    const page = (await answer.json()) as { meta?: { cursor?: string } }
    const cursor = page.meta?.cursor
    if (cursor === undefined)
      throw new Error(`Cannot walk the list of ${target.name}: ${answer.status} without a cursor after ${at} rows`)
    path = `${POSTS}?limit=100&sort=-created_at&cursor=${encodeURIComponent(cursor)}`
  }
  return path.replace('limit=100', 'limit=20')
}
