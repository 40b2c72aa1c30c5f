/**
 * Whole rules: that splitting them into a set of bits and a predicate changes nothing. What `Access` decides, what the store reads (alone,
 * merged with the reads of other callers, as a list) and what the rules say word by word must be one.
 */
// Proves ACC-03.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Engine, type RequestContext } from '../../src/engine/index.ts'
import type { ResourceModel, Rule } from '../../src/model/index.ts'
import { openConnection, PgStore } from '../../src/pg/index.ts'
import { Access, DENIED, evaluateCondition, type PolicyInput, UNCONDITIONAL } from '../../src/policy/index.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { createTable, inputs, insertOf, rules, seedOfRun, type Thing, thingDomain, things } from './policy-cases.ts'

const RECORDS = 24
const CALLERS = 4
const RULE_LISTS = 60

const seed = seedOfRun()
const plain = thingDomain().resource('thing')
const records: readonly Thing[] = fc.sample(things(plain, RECORDS), { numRuns: 1, seed })[0] ?? []

let database: Awaited<ReturnType<typeof testDatabase>>
let merging: PgStore
let single: PgStore

beforeAll(async () => {
  database = await testDatabase()
  await using connection = await openConnection(database.url)
  await connection.query(createTable(plain))
  for (const [at, record] of records.entries()) {
    const { text, values } = insertOf(plain, record, at)
    await connection.query(text, values)
  }
  merging = new PgStore({ url: database.url, applicationName: 'policy-rules' })
  single = new PgStore({ url: database.url, applicationName: 'policy-rules', isMerging: false })
})

afterAll(async () => {
  await Promise.all([merging.close(), single.close()])
  await database.drop()
})

/** The rules as they are written, with nothing compiled. */
function permitsNaively(model: ResourceModel, verb: string, input: PolicyInput, record: Thing): boolean {
  const { roles, permissions } = input.actor
  const holds = (rule: Rule): boolean =>
    rule.verbs.includes(verb) &&
    (rule.roles.length === 0 || rule.roles.some((role) => roles.includes(role))) &&
    rule.permissions.every((permission) => permissions.includes(permission)) &&
    evaluateCondition(rule.condition, model.fieldsByName, input, record)
  return model.rules.some(holds)
}

let domains = 0

function ruledModel(ruleList: readonly Rule[]): { readonly model: ResourceModel; readonly engine: (store: PgStore) => Engine } {
  const name = `thing${++domains}`
  const domain = thingDomain(ruleList, name)
  const clock = { now: () => 0, monotonicMs: () => 0 }
  const noIds = (): never => {
    throw new Error('nothing is created here')
  }
  return {
    model: domain.resource(name),
    engine: (store) => new Engine({ domain, store, clock, newId: noIds, seal: (text) => String(text.length) }),
  }
}

const ruleLists = rules(plain, 'read')
const callerLists = fc.array(inputs, { minLength: CALLERS, maxLength: CALLERS })

async function readIds(
  engine: Engine,
  resource: string,
  context: RequestContext,
  ids: readonly Thing['id'][],
): Promise<readonly string[]> {
  const { compiled } = engine.resource(resource)
  if (compiled.access('read').decide(context) === DENIED) return []
  const found = await Promise.all(ids.map((id) => engine.resource(resource).get(context, { id }).catch(expectMissing)))
  return found.filter((record) => record !== undefined).map(({ id }) => id)
}

function expectMissing(error: { readonly code?: string }): undefined {
  if (error.code !== 'NOT_FOUND_RECORD') throw error
  return undefined
}

test('Access and the store permit the records that the rules permit, read alone, merged and as a list', async () => {
  let decisions = 0
  let permitted = 0
  const law = fc.asyncProperty(ruleLists, callerLists, async (ruleList, callers) => {
    const { model, engine } = ruledModel(ruleList)
    const access = new Access(model, 'read')
    const contexts = callers.map((input, at): RequestContext => ({ ...input, requestId: `r${at}` }))
    const expected = contexts.map((input) =>
      records.filter((record) => permitsNaively(model, 'read', input, record)).map(({ id }) => id),
    )
    const ids = records.map(({ id }) => id)

    const byAccess = contexts.map((input) => records.filter((record) => access.permits(input, record)).map(({ id }) => id))
    const mergedEngine = engine(merging)
    // All at once, so that different callers meet in one statement.
    const byMerging = await Promise.all(contexts.map((context) => readIds(mergedEngine, model.name, context, ids)))
    const singleEngine = engine(single)
    const bySingle = await Promise.all(contexts.map((context) => readIds(singleEngine, model.name, context, ids)))
    const byList = await Promise.all(
      contexts.map(async (context) => {
        if (access.decide(context) === DENIED) return []
        const page = await mergedEngine.resource(model.name).list(context, { filters: [], limit: 100 })
        return page.records.map(({ id }) => id).sort()
      }),
    )

    expect(byAccess).toEqual(expected)
    expect(byMerging).toEqual(expected)
    expect(bySingle).toEqual(expected)
    expect(byList).toEqual(expected)
    decisions += RECORDS * CALLERS
    permitted += expected.flat().length
  })
  await fc.assert(law, { seed, numRuns: RULE_LISTS })

  console.log(`${RULE_LISTS} lists of rules, ${decisions} decisions, ${permitted} of them permits`)
  expect(decisions).toBeGreaterThanOrEqual(2_000)
  // A comparison in which one side always wins would prove nothing.
  expect(permitted).toBeGreaterThan(decisions / 20)
  expect(permitted).toBeLessThan((decisions * 19) / 20)
}, 120_000)

test('Access never answers DENIED where a rule permits a record, and UNCONDITIONAL only where all are permitted', () => {
  const law = fc.property(ruleLists, inputs, (ruleList, input) => {
    const { model } = ruledModel(ruleList)
    const set = new Access(model, 'read').decide(input)
    const permitted = records.filter((record) => permitsNaively(model, 'read', input, record)).length

    if (set === DENIED) expect(permitted).toBe(0)
    if (set === UNCONDITIONAL) expect(permitted).toBe(RECORDS)
  })
  fc.assert(law, { seed, numRuns: 300 })
})
