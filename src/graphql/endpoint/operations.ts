/** The names under which operations are counted and logged: by what they are, never by a name that a client made up. */
export const OPERATIONS = { query: 'graphql.query', mutation: 'graphql.mutation', subscription: 'graphql.subscription' } as const
