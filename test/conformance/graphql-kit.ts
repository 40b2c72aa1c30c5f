/** GraphQL requests to the reference service, as somebody. */
import type { TestAnswer } from '../../src/testing/index.ts'
import type { Blog, Role } from './blog.ts'

export interface GraphqlRequest {
  /** Who asks; default nobody. */
  readonly as?: Role
  readonly variables?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  /** Beside `query` and `variables`. */
  readonly more?: Readonly<Record<string, unknown>>
}

export const GRAPHQL_TYPE = 'application/graphql-response+json'

export function askGraphql(blog: Blog, query: string, request: GraphqlRequest = {}): Promise<TestAnswer> {
  const { as, variables, headers = {}, more } = request
  return blog.ask('POST /graphql', {
    ...(as !== undefined && { as }),
    headers: { accept: GRAPHQL_TYPE, ...headers },
    body: { query, ...(variables !== undefined && { variables }), ...more },
  })
}
