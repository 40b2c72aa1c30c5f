/** Runs an action: the record is locked, the domain's code decides, and all that it writes is one transaction. */
import { PlinthError, refusal, type Uuid } from '../kernel/index.ts'
import type { ActionModel, FieldModel, Resource, ResourceModel } from '../model/index.ts'
import { UNCONDITIONAL } from '../policy/index.ts'
import type { CompiledResource } from './compiled-resource.ts'
import type { RequestContext } from './context.ts'
import { decideAccess, notFound, refused } from './decide.ts'
import type { ActInput } from './inputs.ts'
import type { AccessPlan } from './plan.ts'
import { type CodeRecord, decodeRecord, encodeRecord } from './record.ts'
import type { Runtime } from './runtime.ts'
import type { StoredRecord, Transaction } from './store.ts'

/** Most records that code may hold at once. */
const LIST_BY_MAX = 1_000

export async function runAction(compiled: CompiledResource, runtime: Runtime, context: RequestContext, input: ActInput): Promise<StoredRecord> {
  const { model, fieldSets } = compiled
  const access = compiled.access(input.action.verb)
  decideAccess(access, model, context)
  const read = decideAccess(compiled.access('read'), model, context)

  return runtime.inTransaction(async (transaction) => {
    const stored = await transaction.lock({ resource: model, context, id: input.id, read, fields: fieldSets.all, parent: undefined, includesDeleted: false })
    if (stored === undefined) throw notFound(model, input.id)
    if (input.expectedVersion !== null && input.expectedVersion !== stored.version) throw new PlinthError('CONFLICT_VERSION')
    const record = decodeRecord(model, stored)
    if (!access.permits(context, record)) throw refused(input.action.verb, model, context)

    const scope = {
      record,
      input: Object.fromEntries(input.action.input.map((field) => [field.name, input.values.get(field) ?? undefined])),
      actor: context.actor,
      clock: runtime.clock,
      refuse: (code: string, message?: string) => makeRefusal(input.action, code, message),
      store: actionStore(compiled, runtime, context, transaction, input.action),
    }
    const answer = (await input.action.action.run(scope)) as CodeRecord
    return { id: answer['id'] as Uuid, version: answer['version'] as number, json: encodeRecord(fieldSets.readable(context.actor), answer) }
  })
}

function makeRefusal(action: ActionModel, code: string, message: string | undefined): PlinthError {
  const declared = action.action.refusals[code]
  if (declared === undefined) throw new TypeError(`Cannot refuse with "${code}": action "${action.name}" does not declare it, expected one of ${Object.keys(action.action.refusals).join(', ')}`)
  return new PlinthError(refusal(code, declared.message, declared.cure), message)
}

/** What the action's code may do with records. It acts for the caller: it finds only what the caller may read. */
function actionStore(compiled: CompiledResource, runtime: Runtime, context: RequestContext, transaction: Transaction, action: ActionModel) {
  const trusted = (verb: string, of = compiled): AccessPlan => ({ access: of.access(verb), rules: UNCONDITIONAL })
  const other = (resource: Resource): CompiledResource => runtime.sibling(resource.name).compiled

  return {
    async update(record: CodeRecord, changes: CodeRecord): Promise<CodeRecord> {
      const { model, fieldSets } = compiled
      const result = await transaction.change({
        resource: model,
        context,
        id: record['id'] as Uuid,
        operation: action.name,
        target: 'live',
        sets: 'fields',
        changes: readChanges(model, changes),
        expectedVersion: record['version'] as number,
        read: trusted('read'),
        write: trusted('update'),
        parent: undefined,
        fields: fieldSets.all,
      })
      if (result.kind !== 'changed') throw new PlinthError('CONFLICT_VERSION')
      return decodeRecord(model, result.record)
    },
    async find(resource: Resource, id: Uuid): Promise<CodeRecord | undefined> {
      const { model, fieldSets, access } = forCaller(other(resource))
      const stored = await transaction.get({ resource: model, context, id, read: decideAccess(access('read'), model, context), fields: fieldSets.all, parent: undefined, includesDeleted: false })
      return stored === undefined ? undefined : decodeRecord(model, stored)
    },
    async listBy(resource: Resource, name: string, id: Uuid, limit = LIST_BY_MAX): Promise<readonly CodeRecord[]> {
      const { model, fieldSets, access } = forCaller(other(resource))
      const by = fieldNamed(model, name)
      const sort = ['createdAt', 'id'].map((key) => ({ field: fieldNamed(model, key), isDescending: false }))
      const page = await transaction.list({
        resource: model,
        context,
        read: decideAccess(access('read'), model, context),
        fields: fieldSets.all,
        parent: { by, id },
        filters: [],
        search: undefined,
        sort,
        position: undefined,
        limit: Math.min(limit, LIST_BY_MAX),
        offset: 0,
        wantsTotal: false,
        includesDeleted: false,
      })
      return page.records.map((stored) => decodeRecord(model, stored))
    },
    async create(resource: Resource, values: CodeRecord): Promise<CodeRecord> {
      const { model, fieldSets } = other(resource)
      const given = readChanges(model, values)
      const complete = new Map(model.fields.filter((field) => !field.isStandard).map((field) => [field, given.get(field) ?? field.rules.fallback ?? null]))
      const stored = await transaction.create({ resource: model, context, id: runtime.newId(), values: complete, fields: fieldSets.all })
      return decodeRecord(model, stored)
    },
  }
}

function forCaller(compiled: CompiledResource) {
  return { model: compiled.model, fieldSets: compiled.fieldSets, access: (verb: string) => compiled.access(verb) }
}

function fieldNamed(model: ResourceModel, name: string): FieldModel {
  const field = model.fieldsByName.get(name)
  if (field === undefined) throw new TypeError(`Cannot find field "${name}" of ${model.name}, expected one of ${[...model.fieldsByName.keys()].join(', ')}`)
  return field
}

function readChanges(model: ResourceModel, changes: CodeRecord): ReadonlyMap<FieldModel, unknown> {
  return new Map(Object.entries(changes).map(([name, value]) => [fieldNamed(model, name), value]))
}
