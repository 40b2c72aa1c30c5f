/** Prints a schema as SDL: sorted, so that the text changes only when the schema does. */
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql'

/** The schema as text, ending in a line break. */
export function renderSdl(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}
