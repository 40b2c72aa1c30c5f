// Proves DB-02, DB-04, SEC-03.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChangePlan, CreatePlan, GetPlan, ListPlan, RequestContext } from '../engine/index.ts'
import type { Uuid } from '../kernel/index.ts'
import {
  belongsTo,
  boolean,
  decimal,
  domain,
  type FieldModel,
  list,
  NOBODY,
  permit,
  resource,
  secret,
  text,
  timestamp,
} from '../model/index.ts'
import { Access } from '../policy/index.ts'
import type { Statement } from '../sql/index.ts'
import { RecordOperations, StatementCache } from './operations.ts'

const Owner = resource('owner', {
  fields: { name: text({ max: 20 }) },
  policies: () => [permit('read', 'create', 'update', 'delete')],
})
const Thing = resource('thing', {
  fields: {
    owner: belongsTo(Owner),
    heir: belongsTo(Owner).optional(),
    name: text({ max: 20 }),
    price: decimal({ digits: 8 }).optional(),
    seenAt: timestamp().optional(),
    isOpen: boolean(),
    tags: list(text({ max: 5 }), { max: 3 }),
    code: secret({ max: 9 }).optional(),
  },
  list: { sort: ['name', 'price', 'seenAt'], filter: ['name', 'price', 'seenAt', 'owner'], search: ['name'] },
  policies: ({ actor, record }) => [
    permit('read', 'update', 'read-deleted').when(record.owner.is(actor.id)),
    permit('read', 'update').when(record.isOpen.is(true)),
    permit('read', 'update', 'delete', 'restore').when(record.name.isNot('x')),
    permit('create', 'delete'),
  ],
})
const model = domain({ name: 'things', resources: [Owner, Thing] })
const thing = model.resource('thing')
const context: RequestContext = { actor: NOBODY, nowMs: 0, address: null, requestId: 'r' }
const id = '01935c5a-0000-7000-8000-000000000001' as Uuid

/** Keeps nothing, and notes under which key which text was asked for. */
class WatchedCache extends StatementCache {
  readonly asked: { key: string; texts: readonly string[] }[] = []
  override of<Kind extends Parameters<typeof this.texts>[0]>(key: string, write: () => Kind): Kind {
    const made = write()
    this.asked.push({ key, texts: this.texts(made) })
    return made
  }
  texts(made: { readonly statement: Statement<never> } | Statement<never>): readonly string[] {
    const { text, name } = 'statement' in made ? made.statement : made
    return [text, name]
  }
}

const fields = (among: readonly FieldModel[]) =>
  fc
    .subarray([...among], { minLength: 1 })
    .map((chosen) => ({ key: chosen.map((field) => field.position).join('.'), fields: chosen }))
const outputs = thing.fields.filter((field) => field.rules.isOutput && field.name !== 'id')
const set = fields(outputs).map((chosen) => ({ key: `0.${chosen.key}`, fields: [...thing.fields.slice(0, 1), ...chosen.fields] }))
const access = (verb: string) => fc.integer({ min: 1, max: 7 }).map((rules) => ({ access: new Access(thing, verb), rules }))
const read = fc.oneof(
  access('read'),
  fc.constantFrom({ access: new Access(thing, 'read'), rules: -1 }, { access: new Access(thing, 'read-deleted'), rules: 1 }),
)
const parent = fc.constantFrom(
  undefined,
  ...['owner', 'heir'].map((name) => ({ by: thing.fieldsByName.get(name) as FieldModel, id })),
)
const declared = thing.fields.filter((field) => !field.isStandard)
const base = { resource: fc.constant(thing), context: fc.constant(context), read, fields: set, parent }

const getPlan: fc.Arbitrary<GetPlan> = fc.record({ ...base, id: fc.constant(id), includesDeleted: fc.boolean() })
const filter = fc.record({
  field: fc.constantFrom(...thing.list.filterable),
  operator: fc.constantFrom('eq', 'ne', 'gt', 'lte', 'in', 'null') as fc.Arbitrary<'eq' | 'ne' | 'gt' | 'lte' | 'in' | 'null'>,
  value: fc.boolean(),
})
const sort = fc
  .array(fc.record({ field: fc.constantFrom(...thing.list.sortable), isDescending: fc.boolean() }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((keys) => [...keys, { field: thing.fields[0] as FieldModel, isDescending: keys.at(-1)?.isDescending === true }])
const listPlan: fc.Arbitrary<ListPlan> = fc
  .record({
    ...base,
    filters: fc.array(filter, { maxLength: 3 }),
    search: fc.constantFrom(undefined, 'a', 'b'),
    sort,
    place: fc.option(fc.record({ nulls: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), isBackward: fc.boolean() }), {
      nil: undefined,
    }),
    limit: fc.constantFrom(1, 20),
    offset: fc.constantFrom(0, 20, 40),
    wantsTotal: fc.boolean(),
    includesDeleted: fc.boolean(),
  })
  .map(({ place, ...plan }) => {
    const values = plan.sort.map(({ field }, at) => (field.rules.isNullable && place?.nulls[at] === true ? null : 'v'))
    return { ...plan, position: place === undefined ? undefined : { values, isBackward: place.isBackward } }
  })
const createPlan: fc.Arbitrary<CreatePlan> = fc.record({
  resource: fc.constant(thing),
  context: fc.constant(context),
  fields: set,
  id: fc.constant(id),
  values: fc.subarray(declared).map((chosen) => new Map(chosen.map((field) => [field, null]))),
})
const changePlan: fc.Arbitrary<ChangePlan> = fc.record({
  ...base,
  id: fc.constant(id),
  operation: fc.constantFrom('update', 'replace', 'publish'),
  target: fc.constantFrom('live', 'deleted') as fc.Arbitrary<'live' | 'deleted'>,
  sets: fc.constantFrom('fields', 'deletion', 'restoration') as fc.Arbitrary<'fields' | 'deletion' | 'restoration'>,
  changes: fc.shuffledSubarray(declared).map((chosen) => new Map(chosen.map((field) => [field, null]))),
  expectedVersion: fc.constantFrom(null, 1, 2),
  write: access('update'),
})

const ALLOWED = /^(?:WITH w AS \((?:INSERT|UPDATE)|SELECT) /

describe('a key of the statement cache', () => {
  test('never stands for two texts, and no text has anything in it but names and constants of the domain', async () => {
    const texts = new Map<string, readonly string[]>()
    const names = new Map<string, string>()
    const plans = fc.oneof(
      getPlan.map((plan) => (operations: RecordOperations) => [
        operations.get(plan),
        operations.lock(plan),
        operations.getMerged([plan, plan]),
      ]),
      listPlan.map((plan) => (operations: RecordOperations) => [operations.list(plan)]),
      createPlan.map((plan) => (operations: RecordOperations) => [operations.create(plan)]),
      changePlan.map((plan) => (operations: RecordOperations) => [operations.change(plan)]),
    )
    await fc.assert(
      fc.asyncProperty(plans, async (run) => {
        const cache = new WatchedCache()
        // A database that answers nothing: the texts are all that is looked at.
        await Promise.allSettled(run(new RecordOperations(async () => [], cache)))

        expect(cache.asked.length).toBeGreaterThan(0)
        for (const { key, texts: made } of cache.asked) {
          expect(texts.get(key) ?? made, key).toEqual(made)
          texts.set(key, made)
          const [text = '', name = ''] = made
          expect(names.get(name) ?? text).toBe(text)
          names.set(name, text)
          expect(text).toMatch(ALLOWED)
          expect(text).not.toMatch(/SELECT \*|\.\*|RETURNING \*|undefined|NaN|\[object/)
          expect(Buffer.byteLength(name)).toBeLessThan(64)
        }
      }),
      { numRuns: 5_000 },
    )
    expect(texts.size).toBeGreaterThan(1_000)
  }, 60_000)
})
