/**
 * The yardstick of GraphQL: mercurius as an expert sets it up. Queries are compiled (graphql-jit), posts come through a loader, so that a page of
 * users with their posts is two statements, and the frame around it is that of the floor: token check, security headers, body limit, log line.
 */
import mercurius, { type MercuriusContext, type MercuriusLoaders } from 'mercurius'
import type postgres from 'postgres'
import { decodeCursor, encodeCursor } from '../floor/schema.ts'
import { createService, Refused, serve } from '../floor/service.ts'
import type { Actor } from '../floor/token.ts'
import { globalId } from './global-id.ts'

declare module 'mercurius' {
  interface MercuriusContext {
    readonly actor: Actor
  }
}

interface UserRow {
  readonly id: string
  readonly display_name: string
  readonly created_at: string
}

interface PostRow {
  readonly id: string
  readonly title: string
  readonly created_at: string
}

interface PageArguments {
  readonly first: number
  readonly after?: string
}

interface Connection<Row> {
  readonly edges: readonly { readonly node: Row; readonly cursor: string }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

const SCHEMA = `
  type Query { users(first: Int! = 10, after: String): UserConnection! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type User { id: ID! displayName: String! posts(first: Int! = 10, after: String): PostConnection! }
  type UserEdge { cursor: String! node: User! }
  type UserConnection { edges: [UserEdge!]! pageInfo: PageInfo! }
  type Post { id: ID! title: String! }
  type PostEdge { cursor: String! node: Post! }
  type PostConnection { edges: [PostEdge!]! pageInfo: PageInfo! }
`
const FIRST_MAX = 100
/** The deepest of its queries: users, edges, node, posts, edges, node, id. */
const DEPTH_MAX = 7
/** A query is compiled when it comes for the second time. */
const JIT_AFTER = 1

const { app, sql } = await createService()

const resolvers = {
  Query: {
    users: (_: unknown, page: PageArguments, { actor }: MercuriusContext) => readUsers(sql, actor, page),
  },
  User: { id: (user: UserRow) => globalId('usr', user.id), displayName: (user: UserRow) => user.display_name },
  Post: { id: (post: PostRow) => globalId('post', post.id) },
}

const loaders = {
  User: {
    posts: {
      loader: (queries: readonly { readonly obj: UserRow; readonly params: PageArguments }[], { actor }: MercuriusContext) =>
        readPosts(sql, actor, queries),
      // Nobody asks twice for the posts of one user, and the keys of the cache cost more than they could save.
      opts: { cache: false },
    },
  },
}

await app.register(mercurius, {
  schema: SCHEMA,
  resolvers,
  loaders: loaders as unknown as MercuriusLoaders,
  jit: JIT_AFTER,
  queryDepth: DEPTH_MAX,
  allowBatchedQueries: false,
  graphiql: false,
  context: (request) => ({ actor: request.actor }),
})
await serve(app, sql)

async function readUsers(sql: postgres.Sql, actor: Actor, page: PageArguments): Promise<Connection<UserRow>> {
  const { limit, after } = readPage(page)
  const rows = await sql<UserRow[]>`
    SELECT id, display_name, created_at FROM users
    WHERE deleted_at IS NULL AND (${actor.isAdmin} OR id = ${actor.id})
      ${after === undefined ? sql`` : sql`AND (created_at, id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)`}
    ORDER BY created_at DESC, id DESC LIMIT ${limit + 1}`
  return connectionOf(rows, limit)
}

/** The posts of all users of a page in one statement: of each as many as were asked for, by the index of their authors. */
async function readPosts(
  sql: postgres.Sql,
  actor: Actor,
  queries: readonly { readonly obj: UserRow; readonly params: PageArguments }[],
): Promise<Connection<PostRow>[]> {
  const [one] = queries
  if (one === undefined) return []
  // Under one field of a query all users are asked alike; aliases are batches of their own.
  const { limit, after } = readPage(one.params)
  const rows = await sql<(PostRow & { readonly place: number })[]>`
    SELECT author.place::integer, post.* FROM unnest(${queries.map(({ obj }) => obj.id)}::uuid[]) WITH ORDINALITY AS author (id, place)
    CROSS JOIN LATERAL (
      SELECT id, title, created_at FROM posts
      WHERE author_id = author.id AND deleted_at IS NULL AND (status = 'published' OR author_id = ${actor.id} OR ${actor.isAdmin})
        ${after === undefined ? sql`` : sql`AND (created_at, id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)`}
      ORDER BY created_at DESC, id DESC LIMIT ${limit + 1}
    ) AS post`
  const found: PostRow[][] = queries.map(() => [])
  for (const row of rows) found[row.place - 1]?.push(row)
  return found.map((posts) => connectionOf(posts, limit))
}

function readPage({ first, after }: PageArguments) {
  if (first < 1 || first > FIRST_MAX) throw new Refused(400, 'VALIDATION_FAILED', `first must be from 1 to ${FIRST_MAX}`)
  const position = after === undefined ? undefined : decodeCursor(after)
  if (after !== undefined && position === undefined) throw new Refused(400, 'VALIDATION_CURSOR', 'The cursor is not valid')
  return { limit: first, after: position }
}

/** Cursors are made when they are asked for: the getters cost nothing else. */
function connectionOf<Row extends { readonly id: string; readonly created_at: string }>(
  rows: readonly Row[],
  limit: number,
): Connection<Row> {
  const cursorOf = ({ created_at, id }: Row): string => encodeCursor({ createdAt: created_at, id })
  const edges = rows.slice(0, limit).map((node) => ({
    node,
    get cursor() {
      return cursorOf(node)
    },
  }))
  const last = edges.at(-1)
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > limit,
      get endCursor() {
        return last === undefined ? null : last.cursor
      },
    },
  }
}
