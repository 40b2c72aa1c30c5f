/** Runs an action: the record is locked, the domain's code decides, and all that it writes is one transaction. */
import { PlinthError, refusal, type Uuid } from '../kernel/index.ts'
import type { FieldModel, RefusalDeclaration, Resource, ResourceModel } from '../model/index.ts'
import { DENIED, UNCONDITIONAL } from '../policy/index.ts'
import type { CompiledResource } from './compiled-resource.ts'
import type { RequestContext } from './context.ts'
import { decideAccess, notFound, refused } from './decide.ts'
import { fieldNamed } from './field-named.ts'
import type { ActInput } from './inputs.ts'
import type { AccessPlan } from './plan.ts'
import { type CodeRecord, decodeRecord, pickFields } from './record.ts'
import type { Runtime } from './runtime.ts'
import type { StoredRecord, Transaction } from './store.ts'

/** Most records that code may hold at once. */
const LIST_BY_MAX = 1_000

export async function runAction(
  compiled: CompiledResource,
  runtime: Runtime,
  context: RequestContext,
  input: ActInput,
): Promise<StoredRecord> {
  const { model, fieldSets } = compiled
  const access = compiled.access(input.action.verb)
  decideAccess(access, model, context)
  const read = decideAccess(compiled.access('read'), model, context)

  return runtime.inTransaction(async (transaction) => {
    const stored = await transaction.lock({
      resource: model,
      context,
      id: input.id,
      read,
      fields: fieldSets.held,
      parent: undefined,
      includesDeleted: false,
    })
    if (stored === undefined) throw notFound(model, input.id)
    const held = decodeRecord(model, stored)
    // The same order as in a change: who may not do this at all is not told whether their version is the current one.
    if (!access.permits(context, held)) throw refused(input.action.verb, model, context)
    if (input.expectedVersion !== null && input.expectedVersion !== stored.version) throw new PlinthError('CONFLICT_VERSION')

    const scope = {
      record: pickFields(fieldSets.all, held),
      input: Object.fromEntries(input.action.input.map((field) => [field.name, input.values.get(field) ?? undefined])),
      actor: context.actor,
      clock: runtime.clock,
      refuse: (code: string, message?: string) =>
        makeRefusal(`action "${input.action.name}"`, input.action.action.refusals, code, message),
      store: actionStore(compiled, runtime, context, transaction, input.action.name),
    }
    const answer = (await input.action.action.run(scope)) as CodeRecord
    // Printed by the store, as every other answer is: the same record has the same text whichever operation returns it.
    const printed = await transaction.get({
      resource: model,
      context,
      id: answer['id'] as Uuid,
      read: { access: compiled.access('read'), rules: UNCONDITIONAL },
      fields: fieldSets.readable(context.actor),
      parent: undefined,
      includesDeleted: false,
    })
    if (printed === undefined) throw notFound(model, input.id)
    return printed
  })
}

/** @param owner who refuses, for the one who wrote it: `action "publish"` */
export function makeRefusal(
  owner: string,
  refusals: Readonly<Record<string, RefusalDeclaration>>,
  code: string,
  message: string | undefined,
): PlinthError {
  const declared = Object.hasOwn(refusals, code) ? refusals[code] : undefined
  if (declared === undefined)
    throw new TypeError(
      `Cannot refuse with "${code}": ${owner} does not declare it, expected one of ${Object.keys(refusals).join(', ')}`,
    )
  return new PlinthError(refusal(code, declared.message, declared.cure), message)
}

/**
 * What the action's code may do with records. It finds only what the caller may read; what it writes is the domain's own
 * decision, which the rule for the action has permitted.
 */
export function actionStore(
  compiled: CompiledResource,
  runtime: Runtime,
  context: RequestContext,
  transaction: Transaction,
  /** What the journal calls a change that it makes. */
  operation: string,
) {
  const trusted = (verb: string): AccessPlan => ({ access: compiled.access(verb), rules: UNCONDITIONAL })
  const other = (resource: Pick<Resource, 'name'>): CompiledResource => runtime.sibling(resource.name).compiled
  /** What the caller may read of another resource; undefined when that is nothing. */
  const readOf = (of: CompiledResource): AccessPlan | undefined => {
    const read = of.access('read')
    const rules = read.decide(context)
    return rules === DENIED ? undefined : { access: read, rules }
  }

  return {
    async update(record: CodeRecord, changes: CodeRecord): Promise<CodeRecord> {
      const { model, fieldSets } = compiled
      const result = await transaction.change({
        resource: model,
        context,
        id: record['id'] as Uuid,
        operation,
        target: 'live',
        sets: 'fields',
        changes: readValues(model, changes),
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
      const compiledOther = other(resource)
      const { model, fieldSets } = compiledOther
      const read = readOf(compiledOther)
      if (read === undefined) return undefined
      const stored = await transaction.get({
        resource: model,
        context,
        id,
        read,
        fields: fieldSets.all,
        parent: undefined,
        includesDeleted: false,
      })
      return stored === undefined ? undefined : decodeRecord(model, stored)
    },
    async listBy(resource: Resource, name: string, id: Uuid, limit = LIST_BY_MAX): Promise<readonly CodeRecord[]> {
      const compiledOther = other(resource)
      const { model, fieldSets } = compiledOther
      const by = fieldNamed(model, name)
      const read = readOf(compiledOther)
      if (read === undefined) return []
      const page = await transaction.list({
        resource: model,
        context,
        read,
        fields: fieldSets.all,
        parent: { by, id },
        filters: [],
        search: undefined,
        sort: ['createdAt', 'id'].map((key) => ({ field: fieldNamed(model, key), isDescending: false })),
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
      const given = readValues(model, values)
      const declared = model.fields.filter((field) => !field.isStandard)
      const complete = new Map(
        declared.map((field) => [field, given.has(field) ? given.get(field) : (field.rules.fallback ?? null)]),
      )
      const stored = await transaction.create({
        resource: model,
        context,
        id: runtime.newId(),
        values: complete,
        fields: fieldSets.all,
      })
      return decodeRecord(model, stored)
    },
  }
}

/** The values that code gives; undefined is as if the name were not there. */
function readValues(model: ResourceModel, values: CodeRecord): ReadonlyMap<FieldModel, unknown> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return new Map(given.map(([name, value]) => [settableField(model, name), value]))
}

function settableField(model: ResourceModel, name: string): FieldModel {
  const field = fieldNamed(model, name)
  if (field.isStandard)
    throw new TypeError(`Cannot set field "${name}" of ${model.name}: Plinth keeps it, expected a declared field`)
  return field
}
