/** Names what validation cannot see: a variable that may be null, by its default, stands where there must be a value, and holds null. */
import { GraphQLError } from 'graphql'
import { invalid } from '../../kernel/index.ts'

/**
 * @param field what the values belong to, as the document names it
 * @param read takes values of a validated document out of coerced variables
 * @throws `VALIDATION_FAILED` for such a null: nothing else is left to be wrong
 */
export function expectCoerced<Values>(field: string, read: () => Values): Values {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error
    throw invalid([{ field, code: 'null', message: error.message }])
  }
}
