/** Answers what an operation asks of the schema itself. The one place where graphql-js executes anything. */
import { execute, type GraphQLSchema } from 'graphql'
import { type AnswerError, toAnswerError } from './answer-errors.ts'
import type { ReadyOperation } from './document/ready-operation.ts'

export interface SchemaAnswer {
  /** All keys of the answer, in order; those that are no matter of the schema are null, or empty. */
  readonly data: Readonly<Record<string, unknown>> | null
  readonly errors: readonly AnswerError[]
}

export function runIntrospection(schema: GraphQLSchema, { prepared, operation, request }: ReadyOperation): SchemaAnswer {
  const result = execute({
    schema,
    document: prepared.document,
    operationName: operation.name,
    variableValues: request.variables,
    // Data is read elsewhere: `nodes` is the one root that may not be null.
    fieldResolver: (_, __, ___, { fieldName }) => (fieldName === 'nodes' ? [] : null),
  })
  if (result instanceof Promise) throw new TypeError('Cannot answer about the schema: no field of it waits for anything')
  return { data: result.data ?? null, errors: (result.errors ?? []).map((found) => toAnswerError(found, 'VALIDATION_DOCUMENT')) }
}
