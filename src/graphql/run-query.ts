/** Answers a query: its data in one statement, what it asks of the schema from the schema, both as one text. */
import { type GraphQLSchema, isNonNullType, Kind } from 'graphql'
import type { Engine, RequestContext } from '../engine/index.ts'
import { parseJson } from '../kernel/index.ts'
import type { Answer, AnswerError } from './answer-errors.ts'
import { type CollectScope, collectFields } from './document/collect-fields.ts'
import type { ReadyOperation } from './document/ready-operation.ts'
import type { QueryPlanner } from './plan-query.ts'
import { runIntrospection, type SchemaAnswer } from './run-introspection.ts'

export interface QueryScope {
  readonly schema: GraphQLSchema
  readonly engine: Engine
  readonly planner: QueryPlanner
}

export async function runQuery(scope: QueryScope, ready: ReadyOperation, context: RequestContext): Promise<Answer> {
  const { operation, prepared, variables } = ready
  if (operation.asksSchema && asksSchemaAlone(ready)) {
    const { data, errors } = runIntrospection(scope.schema, ready)
    return { data: JSON.stringify(data), errors }
  }
  const collecting = { schema: scope.schema, fragments: prepared.fragments, variables }
  const plan = scope.planner.plan(collecting, operation.node)
  const { json, failures } = await scope.engine.readTree(context, plan.tree)
  const errors = [...plan.failures, ...failures].map(({ path, error }): AnswerError => ({ path, error }))
  const answer = settle(collecting, ready, { data: json, errors })
  return operation.asksSchema ? merge(runIntrospection(scope.schema, ready), answer) : answer
}

/** Whether no record is asked for. */
function asksSchemaAlone({ operation }: ReadyOperation): boolean {
  return operation.node.selectionSet.selections.every(
    (one) =>
      one.kind === Kind.FIELD &&
      (one.name.value === '__schema' || one.name.value === '__type' || one.name.value === '__typename'),
  )
}

/** A root that may not be null takes all of `data` with it, as the specification wants: `nodes` is the only one. */
function settle(scope: CollectScope, { operation }: ReadyOperation, answer: Answer): Answer {
  if (answer.errors.length === 0) return answer
  const type = scope.schema.getQueryType()
  const fields = type ? collectFields(scope, type, [operation.node.selectionSet]) : new Map()
  const isLost = answer.errors.some(({ path = [] }) => {
    const name = path.length === 1 ? fields.get(String(path[0]))?.[0].name.value : undefined
    return name !== undefined && isNonNullType(type?.getFields()[name]?.type)
  })
  return isLost ? { ...answer, data: 'null' } : answer
}

/** Puts the records into the answer about the schema, which has all keys in their order. */
function merge({ data, errors }: SchemaAnswer, records: Answer): Answer {
  if (data === null || records.data === 'null') return { data: 'null', errors: [...errors, ...records.errors] }
  // Printed by the store a moment ago.
  const read = parseJson(records.data) as Readonly<Record<string, unknown>>
  const merged = Object.entries(data).map(([key, value]) => [key, read[key] ?? value])
  return { data: JSON.stringify(Object.fromEntries(merged)), errors: [...errors, ...records.errors] }
}
