/** What every read is held to, alone or in a tree: which rules decide, which fields may be felt, which order is total. */
import { invalid } from '../kernel/index.ts'
import type { ResourceModel, SortModel } from '../model/index.ts'
import { isReadable } from '../policy/index.ts'
import type { CompiledResource } from './compiled-resource.ts'
import type { RequestContext } from './context.ts'
import { decideAccess } from './decide.ts'
import { fieldNamed } from './field-named.ts'
import type { ListInput } from './inputs.ts'
import type { AccessPlan } from './plan.ts'

/** @throws what `decideAccess` throws where no rule can permit it */
export function decideRead(compiled: CompiledResource, context: RequestContext, includesDeleted: boolean): AccessPlan {
  if (!includesDeleted) return decideAccess(compiled.access('read'), compiled.model, context)
  // Deleted records have a rule of their own: what is hidden stays hidden from those who merely read.
  decideAccess(compiled.access('read-deleted'), compiled.model, context)
  return decideAccess(compiled.readWithDeleted, compiled.model, context)
}

/**
 * What may not be seen may not be felt: a filter, an order or a hit would tell what the field holds.
 * @throws `VALIDATION_FAILED` as for a field that is not there
 */
export function expectSeen(
  model: ResourceModel,
  { actor }: RequestContext,
  { filters, sort = [], search }: Pick<ListInput, 'filters' | 'sort' | 'search'>,
): void {
  const used = [...filters, ...sort].map(({ field }) => field)
  const searched = search === undefined ? [] : model.list.searchable
  const hidden = [...used, ...searched].find((field) => !isReadable(field, actor))
  if (hidden === undefined) return
  throw invalid([{ field: hidden.publicName, code: 'unknown', message: `${hidden.column} is not a field here` }])
}

/**
 * Adds the key that makes the order total, in the direction of the key before it, so that one index serves both. Whoever may
 * not see the field of the default order gets the newest first: its values would stand in the cursor.
 */
export function completeSort(
  model: ResourceModel,
  { actor }: RequestContext,
  sort: readonly SortModel[] | undefined,
): readonly SortModel[] {
  const { list } = model
  const id = fieldNamed(model, 'id')
  const isShown = isReadable(list.defaultSort.field, actor)
  const chosen = sort ?? [isShown ? list.defaultSort : { field: fieldNamed(model, 'createdAt'), isDescending: true }]
  const isDescending = chosen.at(-1)?.isDescending === true
  return chosen.some(({ field }) => field === id) ? chosen : [...chosen, { field: id, isDescending }]
}
