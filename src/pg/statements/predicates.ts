/** The conditions that every statement on records shares: alive, of this parent, permitted. */
import type { AccessPlan, ParentPlan } from '../../engine/index.ts'
import type { FieldModel, ResourceModel } from '../../model/index.ts'
import { type PolicyInput, printCondition } from '../../policy/index.ts'
import { type Binder, identifier } from '../../sql/index.ts'
import { column } from './record-columns.ts'

export function printAccess(
  plan: AccessPlan,
  resource: ResourceModel,
  bind: Binder<PolicyInput>,
  columnOf: (field: FieldModel) => string = (field) => column(field),
): string {
  return printCondition(plan.access.condition(plan.rules), { fields: resource.fieldsByName, column: columnOf, bind })
}

/** Not deleted. */
export function printLive(alias: string): string {
  return `${alias}."deleted_at" IS NULL`
}

export const IS_LIVE = printLive('t')
export const IS_DELETED = 't."deleted_at" IS NOT NULL'

/** Joins what is not trivially true. */
export function joinAnd(conditions: readonly (string | undefined)[]): string {
  const real = conditions.filter((condition) => condition !== undefined && condition !== 'true')
  return real.length === 0 ? 'true' : real.join(' AND ')
}

export function printParent<Input extends { readonly parent: ParentPlan | undefined }>(
  parent: ParentPlan | undefined,
  bind: Binder<Input>,
): string | undefined {
  if (parent === undefined) return undefined
  const id = bind('parent', 'uuid', (input) => input.parent?.id ?? null)
  const belongs = `${column(parent.by)} = ${id}`
  if (parent.resource === undefined) return belongs
  return `${belongs} AND EXISTS (SELECT FROM ${identifier(parent.resource.table)} p WHERE p."id" = ${id} AND p."deleted_at" IS NULL)`
}

/** Names the shape of what a plan's access and parent print. */
export function accessKey(plan: { readonly read: AccessPlan; readonly parent: ParentPlan | undefined }): string {
  return `${plan.read.access.verb}:${plan.read.rules}:${plan.parent?.by.name ?? ''}${plan.parent?.resource === undefined ? '' : '!'}`
}

/** Binds policy inputs out of a plan. */
export function contextBinder<Plan extends { readonly context: PolicyInput }>(bind: Binder<Plan>): Binder<PolicyInput> {
  return (key, sqlType, read) => bind(key, sqlType, (plan) => read(plan.context))
}
