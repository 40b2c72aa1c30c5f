/** Says how many requests an operation counts as against the limits on its caller, so that one document is no cheaper than what it replaces. */
import type { OperationDefinitionNode } from 'graphql'
import { type CollectScope, collectFields } from './collect-fields.ts'

/** The largest page of a list over REST, which is one request. */
const WEIGHT_PER_REQUEST = 100

/**
 * One for each whole hundred records that the answer may hold; of a mutation at least one for each change.
 *
 * @param weight as `Scales` weighs the operation
 * @throws `VALIDATION_FAILED` where a condition of a change turns out to be null
 */
export function requestCost(scope: CollectScope, operation: OperationDefinitionNode, weight: number): number {
  return Math.max(1, changesIn(scope, operation), Math.floor(weight / WEIGHT_PER_REQUEST))
}

function changesIn(scope: CollectScope, { operation, selectionSet }: OperationDefinitionNode): number {
  const type = operation === 'mutation' ? scope.schema.getMutationType() : undefined
  return type === undefined || type === null ? 0 : collectFields(scope, type, [selectionSet]).size
}
