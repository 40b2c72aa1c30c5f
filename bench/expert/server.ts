/**
 * The expert's server: as the floor, but PostgreSQL prints the JSON and the server passes the text on. Ids are the one thing that
 * JavaScript still prints, for TypeID in SQL costs more than all the rest.
 */
import { randomFillSync } from 'node:crypto'
import { decodeTypeId, encodeTypeIdSuffix, uuidGenerator } from '../../src/kernel/index.ts'
import * as schema from '../floor/schema.ts'
import { createService, Refused, serve } from '../floor/service.ts'

interface Rendered {
  readonly id: string
  readonly author_id: string
  readonly version: number
  /** The record as JSON, without its ids. */
  readonly rest: string
}

interface RenderedPage {
  /** The id and the author's id of each record, 72 characters without anything between. */
  readonly ids: string | null
  /** The records as JSON without their ids, one a line. */
  readonly rests: string | null
  /** The creation times, with bars between. */
  readonly times: string | null
}

const PATH = '/api/v1/posts'
const JSON_TYPE = 'application/json; charset=utf-8'
const UUID_CHARACTERS = 36
const { app, sql } = await createService()
const newId = uuidGenerator({ now: Date.now, monotonicMs: () => performance.now() }, { fill: (target) => void randomFillSync(target) })
const rest = sql`row_to_json((SELECT rest FROM (SELECT title, body, status, published_at, created_at, updated_at, version) AS rest))::text`

app.get<{ Params: { id: string } }>(`${PATH}/:id`, { schema: { params: schema.PARAMS } }, async (request, reply) => {
  const { actor } = request
  const [row] = await sql<Rendered[]>`
    SELECT id, author_id, version, ${rest} AS rest FROM posts
    WHERE id = ${uuidOf(request.params.id)} AND deleted_at IS NULL
      AND (status = 'published' OR author_id = ${actor.id} OR ${actor.isAdmin})`
  if (row === undefined) throw new Refused(404, 'NOT_FOUND_RECORD', 'There is no such record')
  const etag = `"${row.version}"`
  void reply.header('etag', etag)
  if (request.headers['if-none-match'] === etag) return reply.code(304).send()
  return reply.type(JSON_TYPE).send(recordAnswer(row, request.id))
})

app.get<{ Querystring: schema.ListQuery }>(PATH, { schema: { querystring: schema.LIST_QUERY } }, async (request, reply) => {
  const { actor, query } = request
  const after = query.cursor === undefined ? undefined : schema.decodeCursor(query.cursor)
  if (query.cursor !== undefined && after === undefined) throw new Refused(400, 'VALIDATION_CURSOR', 'The cursor is not valid')
  const [page] = await sql<RenderedPage[]>`
    SELECT string_agg(id::text || author_id::text, '') AS ids, string_agg(${rest}, E'\n') AS rests, string_agg(to_json(created_at)::text, '|') AS times
    FROM (
      SELECT * FROM posts
      WHERE deleted_at IS NULL AND (status = 'published' OR author_id = ${actor.id} OR ${actor.isAdmin})
        ${after === undefined ? sql`` : sql`AND (created_at, id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)`}
      ORDER BY created_at DESC, id DESC LIMIT ${query.limit + 1}
    ) AS page`
  return reply.type(JSON_TYPE).send(pageAnswer(page, query, request.url, request.id))
})

app.post<{ Body: schema.CreateBody }>(PATH, { schema: { body: schema.CREATE_BODY } }, async (request, reply) => {
  const { actor, body } = request
  const author = uuidOf(body.author_id)
  if (!actor.isAdmin && !(actor.isEditor && author === actor.id)) throw new Refused(403, 'AUTH_FORBIDDEN', 'You may not do this')
  const [row] = await sql<Rendered[]>`
    WITH change AS (
      INSERT INTO posts (id, author_id, title, body, status, created_at, updated_at, version)
      VALUES (${newId()}, ${author}, ${body.title}, ${body.body}, ${body.status ?? 'draft'}, now(), now(), 1)
      RETURNING *
    ), entry AS (
      INSERT INTO plinth_journal (at, resource, record_id, operation, version, actor, request_id, changed)
      SELECT now(), 'post', id, 'create', version, ${actor.id}, ${request.id}, ${sql.json({ ...body })}::jsonb FROM change
    )
    SELECT id, author_id, version, ${rest} AS rest FROM change`
  if (row === undefined) throw new Refused(500, 'INTERNAL_ERROR', 'Something went wrong on our side')
  void reply.code(201).header('etag', `"${row.version}"`).header('location', `${PATH}/post_${encodeTypeIdSuffix(row.id)}`)
  return reply.type(JSON_TYPE).send(recordAnswer(row, request.id))
})

app.patch<{ Params: { id: string }; Body: schema.PatchBody; Headers: { 'if-match': string } }>(
  `${PATH}/:id`,
  { schema: { params: schema.PARAMS, headers: schema.PATCH_HEADERS, body: schema.PATCH_BODY } },
  async (request, reply) => {
    const { actor, body } = request
    const id = uuidOf(request.params.id)
    const version = Number(request.headers['if-match'].slice(1, -1))
    const [row] = await sql<Rendered[]>`
      WITH change AS (
        UPDATE posts SET title = coalesce(${body.title ?? null}, title), body = coalesce(${body.body ?? null}, body),
          status = coalesce(${body.status ?? null}, status), updated_at = now(), version = version + 1
        WHERE id = ${id} AND version = ${version} AND deleted_at IS NULL
          AND (${actor.isAdmin} OR (${actor.isEditor} AND author_id = ${actor.id}))
        RETURNING *
      ), entry AS (
        INSERT INTO plinth_journal (at, resource, record_id, operation, version, actor, request_id, changed)
        SELECT now(), 'post', id, 'update', version, ${actor.id}, ${request.id}, ${sql.json({ ...body })}::jsonb FROM change
      )
      SELECT id, author_id, version, ${rest} AS rest FROM change`
    if (row === undefined) throw await whyNothingChanged(id, version, actor.id, actor.isAdmin)
    void reply.header('etag', `"${row.version}"`)
    return reply.type(JSON_TYPE).send(recordAnswer(row, request.id))
  },
)

await serve(app, sql)

/** Tells missing, stale and forbidden apart, once an update has found no row. */
async function whyNothingChanged(id: string, version: number, actor: string, isAdmin: boolean): Promise<Refused> {
  const [row] = await sql<{ version: number }[]>`
    SELECT version FROM posts
    WHERE id = ${id} AND deleted_at IS NULL AND (status = 'published' OR author_id = ${actor} OR ${isAdmin})`
  if (row === undefined) return new Refused(404, 'NOT_FOUND_RECORD', 'There is no such record')
  if (row.version !== version) return new Refused(409, 'CONFLICT_VERSION', 'The record has changed since it was read')
  return new Refused(403, 'AUTH_FORBIDDEN', 'You may not do this')
}

function uuidOf(text: string): string {
  const uuid = decodeTypeId(text.slice(0, text.indexOf('_')), text)
  if (uuid === undefined) throw new Refused(400, 'VALIDATION_FAILED', 'The id is not valid')
  return uuid
}

function recordText(id: string, author: string, json: string): string {
  return `{"id":"post_${encodeTypeIdSuffix(id)}","author_id":"usr_${encodeTypeIdSuffix(author)}",${json.slice(1)}`
}

function recordAnswer(row: Rendered, requestId: string): string {
  const data = recordText(row.id, row.author_id, row.rest)
  return `{"data":${data},"meta":{"request_id":"${requestId}"},"links":{"self":"${PATH}/post_${encodeTypeIdSuffix(row.id)}"}}`
}

function pageAnswer(page: RenderedPage | undefined, query: schema.ListQuery, url: string, requestId: string): string {
  const ids = page?.ids ?? ''
  const rests = page?.rests?.split('\n') ?? []
  const hasNext = rests.length > query.limit
  const count = hasNext ? query.limit : rests.length
  let data = ''
  for (let index = 0; index < count; index++) {
    const at = index * 2 * UUID_CHARACTERS
    const record = recordText(ids.slice(at, at + UUID_CHARACTERS), ids.slice(at + UUID_CHARACTERS, at + 2 * UUID_CHARACTERS), rests[index] ?? '')
    data += index === 0 ? record : `,${record}`
  }
  let cursor: string | null = null
  if (hasNext) {
    const at = (count - 1) * 2 * UUID_CHARACTERS
    const time = page?.times?.split('|')[count - 1] ?? ''
    cursor = schema.encodeCursor({ createdAt: time.slice(1, -1), id: ids.slice(at, at + UUID_CHARACTERS) })
  }
  const next = cursor === null ? null : `${PATH}?limit=${query.limit}&sort=${query.sort}&cursor=${cursor}`
  const meta = JSON.stringify({ has_next: hasNext, cursor, limit: query.limit, request_id: requestId })
  return `{"data":[${data}],"meta":${meta},"links":${JSON.stringify({ self: url, next, prev: null })}}`
}
