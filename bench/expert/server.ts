/**
 * The expert's server: as the floor, but PostgreSQL prints the JSON and the server passes the text on. Ids are the one thing that
 * JavaScript still prints, for TypeID in SQL costs more than all the rest.
 */
import { encodeTypeIdSuffix } from '../../src/kernel/index.ts'
import { newId, PATH, uuidOf, whyNothingChanged } from '../floor/posts.ts'
import * as schema from '../floor/schema.ts'
import { createService, Refused, serve } from '../floor/service.ts'

interface Rendered {
  readonly version: number
  readonly json: string
}

const JSON_TYPE = 'application/json; charset=utf-8'
const { app, sql } = await createService()

app.get<{ Params: { id: string } }>(`${PATH}/:id`, { schema: { params: schema.PARAMS } }, async (request, reply) => {
  const { actor } = request
  const [row] = await sql<Rendered[]>`
    SELECT version, row_to_json(post)::text AS json FROM (
      SELECT id, author_id, created_at, updated_at, version, status, published_at, title, body FROM posts
      WHERE id = ${uuidOf(request.params.id)} AND deleted_at IS NULL
        AND (status = 'published' OR author_id = ${actor.id} OR ${actor.isAdmin})
    ) AS post`
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
  // A line feed never stands in JSON that PostgreSQL prints: in a string it is escaped.
  const [page] = await sql<{ lines: string | null }[]>`
    SELECT string_agg(row_to_json(post)::text, E'\n') AS lines FROM (
      SELECT id, author_id, created_at, updated_at, version, status, published_at, title, body FROM posts
      WHERE deleted_at IS NULL AND (status = 'published' OR author_id = ${actor.id} OR ${actor.isAdmin})
        ${after === undefined ? sql`` : sql`AND (created_at, id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)`}
      ORDER BY created_at DESC, id DESC LIMIT ${query.limit + 1}
    ) AS post`
  return reply.type(JSON_TYPE).send(pageAnswer(page?.lines?.split('\n') ?? [], query, request.url, request.id))
})

app.post<{ Body: schema.CreateBody }>(PATH, { schema: { body: schema.CREATE_BODY } }, async (request, reply) => {
  const { actor, body } = request
  const author = uuidOf(body.author_id)
  if (!actor.isAdmin && !(actor.isEditor && author === actor.id)) throw new Refused(403, 'AUTH_FORBIDDEN', 'You may not do this')
  const [row] = await sql<Rendered[]>`
    WITH change AS (
      INSERT INTO posts (id, author_id, title, body, status, created_at, updated_at, version)
      VALUES (${newId()}, ${author}, ${body.title}, ${body.body}, ${body.status ?? 'draft'}, now(), now(), 1)
      RETURNING id, author_id, created_at, updated_at, version, status, published_at, title, body
    ), entry AS (
      INSERT INTO plinth_journal (at, resource, record_id, operation, version, actor, request_id, changed)
      SELECT now(), 'post', id, 'create', version, ${actor.subject}, ${request.id}, NULL FROM change
    )
    SELECT version, row_to_json(change)::text AS json FROM change`
  if (row === undefined) throw new Refused(500, 'INTERNAL_ERROR', 'Something went wrong on our side')
  void reply
    .code(201)
    .header('etag', `"${row.version}"`)
    .header('location', `${PATH}/${printedId(row.json)}`)
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
        RETURNING id, author_id, created_at, updated_at, version, status, published_at, title, body
      ), entry AS (
        INSERT INTO plinth_journal (at, resource, record_id, operation, version, actor, request_id, changed)
        SELECT now(), 'post', id, 'update', version, ${actor.subject}, ${request.id}, ${sql.json(Object.keys(body))} FROM change
      )
      SELECT version, row_to_json(change)::text AS json FROM change`
    if (row === undefined) throw await whyNothingChanged(sql, id, version, actor.id, actor.isAdmin)
    void reply.header('etag', `"${row.version}"`)
    return reply.type(JSON_TYPE).send(recordAnswer(row, request.id))
  },
)

await serve(app, sql)

// Every statement prints the columns in this order, so the parts that JavaScript needs stand at fixed places:
// {"id":"01890a5d-ac96-774b-bcce-b302099a8057","author_id":"01890a5d-ac96-774b-bcce-b302099a8057","created_at":"2026-11-22T…
const UUID_CHARACTERS = 36
const ID_AT = '{"id":"'.length
const AUTHOR_AT = ID_AT + UUID_CHARACTERS + '","author_id":"'.length
const CREATED_AT = AUTHOR_AT + UUID_CHARACTERS + '","created_at":"'.length

function uuidAt(json: string, start: number): string {
  return json.slice(start, start + UUID_CHARACTERS)
}

function printedId(json: string): string {
  return `post_${encodeTypeIdSuffix(uuidAt(json, ID_AT))}`
}

function printedRecord(json: string): string {
  const author = encodeTypeIdSuffix(uuidAt(json, AUTHOR_AT))
  return `{"id":"${printedId(json)}","author_id":"usr_${author}${json.slice(AUTHOR_AT + UUID_CHARACTERS)}`
}

function recordAnswer({ json }: Rendered, requestId: string): string {
  return `{"data":${printedRecord(json)},"meta":{"request_id":"${requestId}"},"links":{"self":"${PATH}/${printedId(json)}"}}`
}

function pageAnswer(lines: string[], query: schema.ListQuery, url: string, requestId: string): string {
  const hasNext = lines.length > query.limit
  if (hasNext) lines.pop()
  const last = lines.at(-1)
  let cursor: string | null = null
  if (hasNext && last !== undefined) {
    const createdAt = last.slice(CREATED_AT, last.indexOf('"', CREATED_AT))
    cursor = schema.encodeCursor({ createdAt, id: uuidAt(last, ID_AT) })
  }
  const next = cursor === null ? null : `${PATH}?limit=${query.limit}&sort=${query.sort}&cursor=${cursor}`
  const meta = JSON.stringify({ has_next: hasNext, cursor, limit: query.limit, request_id: requestId })
  const links = JSON.stringify({ self: url, next, prev: null })
  return `{"data":[${lines.map(printedRecord).join(',')}],"meta":${meta},"links":${links}}`
}
