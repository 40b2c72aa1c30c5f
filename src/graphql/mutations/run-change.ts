/** Runs one mutation through the engine, exactly as the other surfaces do. */
import type { RequestContext, ResourceOperations, StoredRecord } from '../../engine/index.ts'
import { PlinthError } from '../../kernel/index.ts'
import type { MutationInput, MutationMeaning } from './read-input.ts'

export function runChange(
  operations: ResourceOperations,
  context: RequestContext,
  meaning: MutationMeaning,
  { id, expectedVersion, values }: MutationInput,
): Promise<StoredRecord> {
  if (meaning.kind === 'create') return operations.create(context, { values })
  if (id === undefined) throw new PlinthError('INTERNAL_ERROR', undefined, { cause: new TypeError('the input names no record') })
  switch (meaning.kind) {
    case 'update':
    case 'replace':
      return operations[meaning.kind](context, { id, values, expectedVersion })
    case 'delete':
    case 'restore':
      return operations[meaning.kind](context, { id, expectedVersion })
    case 'act':
      return operations.act(context, { id, action: meaning.action, values, expectedVersion })
  }
}
