/** What GraphQL and gRPC are asked to do, against whom, and what Plinth has to reach at it. */
import { encodeTypeId } from '../../src/kernel/index.ts'
import type { Database } from '../load.ts'

export interface SurfaceWorkload {
  readonly name: 'graphql' | 'grpc'
  readonly title: string
  /** All ratios are against this one. */
  readonly yardstick: string
  /** Other servers by hand beside it. */
  readonly rivals: readonly string[]
  /** The least ratio of CPU time, the server to Plinth. An aim is told, and missing it ends nothing. */
  readonly figures: readonly { readonly against: string; readonly least: number; readonly isAim?: boolean }[]
}

export const SURFACE_WORKLOADS: readonly SurfaceWorkload[] = [
  {
    name: 'graphql',
    title: 'GraphQL: 20 users, each with 10 posts',
    yardstick: 'mercurius',
    rivals: [],
    figures: [
      { against: 'mercurius', least: 1.5 },
      { against: 'mercurius', least: 2.5, isAim: true },
    ],
  },
  {
    name: 'grpc',
    title: 'gRPC: GetUser',
    yardstick: 'grpc-js',
    rivals: ['connect-node'],
    figures: [
      { against: 'grpc-js', least: 1.3 },
      { against: 'connect-node', least: 2, isAim: true },
    ],
  },
]

/** What is asked of GraphQL: two levels of lists, each under the limits of the server. */
export const DOCUMENT =
  '{ users(first: 20) { edges { node { id displayName posts(first: 10) { edges { node { id title } } } } } pageInfo { hasNextPage endCursor } } }'
export const GRAPHQL_BODY = JSON.stringify({ query: DOCUMENT })
export const GET_USER = '/user.v1.UserService/GetUser'

/** The users that gRPC is asked for: all of the seed, at random. */
export async function userIds({ sql }: Database): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`SELECT id FROM users WHERE deleted_at IS NULL ORDER BY id`
  return rows.map(({ id }) => encodeTypeId('usr', id))
}
