/**
 * The floor: the posts of the reference service, written by hand for this API alone, on Fastify and postgres.js.
 * Plain SQL, rows made into objects, objects made into JSON by the schema-compiled serializer. What Plinth is measured against.
 */
import { encodeTypeId } from '../../src/kernel/index.ts'
import { POST_PAGE, POST_RECORD } from './answer.ts'
import { newId, PATH, uuidOf, whyNothingChanged } from './posts.ts'
import * as schema from './schema.ts'
import { createService, Refused, serve } from './service.ts'

interface Row {
  readonly id: string
  readonly author_id: string
  readonly title: string
  readonly body: string
  readonly status: string
  readonly published_at: string | null
  readonly created_at: string
  readonly updated_at: string
  readonly version: number
}

const { app, sql } = await createService()

app.get<{ Params: { id: string } }>(
  `${PATH}/:id`,
  { schema: { params: schema.PARAMS, response: { 200: POST_RECORD } } },
  async (request, reply) => {
    const { actor } = request
    const [row] = await sql<Row[]>`
    SELECT id, author_id, title, body, status, published_at, created_at, updated_at, version FROM posts
    WHERE id = ${uuidOf(request.params.id)} AND deleted_at IS NULL
      AND (status = 'published' OR author_id = ${actor.id} OR ${actor.isAdmin})`
    if (row === undefined) throw new Refused(404, 'NOT_FOUND_RECORD', 'There is no such record')
    const etag = `"${row.version}"`
    void reply.header('etag', etag)
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    return recordAnswer(row, request.id)
  },
)

app.get<{ Querystring: schema.ListQuery }>(
  PATH,
  { schema: { querystring: schema.LIST_QUERY, response: { 200: POST_PAGE } } },
  async (request) => {
    const { actor, query } = request
    const after = query.cursor === undefined ? undefined : schema.decodeCursor(query.cursor)
    if (query.cursor !== undefined && after === undefined) throw new Refused(400, 'VALIDATION_CURSOR', 'The cursor is not valid')
    const rows = await sql<Row[]>`
    SELECT id, author_id, title, body, status, published_at, created_at, updated_at, version FROM posts
    WHERE deleted_at IS NULL AND (status = 'published' OR author_id = ${actor.id} OR ${actor.isAdmin})
      ${after === undefined ? sql`` : sql`AND (created_at, id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)`}
    ORDER BY created_at DESC, id DESC LIMIT ${query.limit + 1}`
    const hasNext = rows.length > query.limit
    if (hasNext) rows.pop()
    const last = rows.at(-1)
    const cursor = hasNext && last !== undefined ? schema.encodeCursor({ createdAt: last.created_at, id: last.id }) : null
    const here = `${PATH}?limit=${query.limit}&sort=${query.sort}`
    return {
      data: rows.map(recordOf),
      meta: { has_next: hasNext, cursor, limit: query.limit, request_id: request.id },
      links: { self: request.url, next: cursor === null ? null : `${here}&cursor=${cursor}`, prev: null },
    }
  },
)

app.post<{ Body: schema.CreateBody }>(
  PATH,
  { schema: { body: schema.CREATE_BODY, response: { 201: POST_RECORD } } },
  async (request, reply) => {
    const { actor, body } = request
    const author = uuidOf(body.author_id)
    if (!actor.isAdmin && !(actor.isEditor && author === actor.id))
      throw new Refused(403, 'AUTH_FORBIDDEN', 'You may not do this')
    const [row] = await sql<Row[]>`
    WITH change AS (
      INSERT INTO posts (id, author_id, title, body, status, created_at, updated_at, version)
      VALUES (${newId()}, ${author}, ${body.title}, ${body.body}, ${body.status ?? 'draft'}, now(), now(), 1)
      RETURNING id, author_id, title, body, status, published_at, created_at, updated_at, version
    ), entry AS (
      INSERT INTO plinth_journal (at, resource, record_id, operation, version, actor, request_id, changed)
      SELECT now(), 'post', id, 'create', version, ${actor.subject}, ${request.id}, NULL FROM change
    )
    SELECT id, author_id, title, body, status, published_at, created_at, updated_at, version FROM change`
    if (row === undefined) throw new Refused(500, 'INTERNAL_ERROR', 'Something went wrong on our side')
    const answer = recordAnswer(row, request.id)
    void reply.code(201).header('etag', `"${row.version}"`).header('location', answer.links.self)
    return answer
  },
)

app.patch<{ Params: { id: string }; Body: schema.PatchBody; Headers: { 'if-match': string } }>(
  `${PATH}/:id`,
  { schema: { params: schema.PARAMS, headers: schema.PATCH_HEADERS, body: schema.PATCH_BODY, response: { 200: POST_RECORD } } },
  async (request, reply) => {
    const { actor, body } = request
    const id = uuidOf(request.params.id)
    const version = Number(request.headers['if-match'].slice(1, -1))
    const [row] = await sql<Row[]>`
      WITH change AS (
        UPDATE posts SET title = coalesce(${body.title ?? null}, title), body = coalesce(${body.body ?? null}, body),
          status = coalesce(${body.status ?? null}, status), updated_at = now(), version = version + 1
        WHERE id = ${id} AND version = ${version} AND deleted_at IS NULL
          AND (${actor.isAdmin} OR (${actor.isEditor} AND author_id = ${actor.id}))
        RETURNING id, author_id, title, body, status, published_at, created_at, updated_at, version
      ), entry AS (
        INSERT INTO plinth_journal (at, resource, record_id, operation, version, actor, request_id, changed)
        SELECT now(), 'post', id, 'update', version, ${actor.subject}, ${request.id}, ${sql.json(Object.keys(body))} FROM change
      )
      SELECT id, author_id, title, body, status, published_at, created_at, updated_at, version FROM change`
    if (row === undefined) throw await whyNothingChanged(sql, id, version, actor.id, actor.isAdmin)
    void reply.header('etag', `"${row.version}"`)
    return recordAnswer(row, request.id)
  },
)

await serve(app, sql)

function recordOf(row: Row): Row {
  return { ...row, id: encodeTypeId('post', row.id), author_id: encodeTypeId('usr', row.author_id) }
}

function recordAnswer(row: Row, requestId: string) {
  const data = recordOf(row)
  return { data, meta: { request_id: requestId }, links: { self: `${PATH}/${data.id}` } }
}
