/**
 * The law of policies: what is decided in memory is what PostgreSQL selects, for every condition, actor, moment and record.
 * Each condition is asked of all records, for several callers, in the two forms in which statements print it: alone, with bound
 * parameters, and merged, with the columns of `unnest`.
 */
// Proves ACC-03.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Condition } from '../../src/model/index.ts'
import { openConnection } from '../../src/pg/index.ts'
import { evaluateCondition, type PolicyInput, printCondition } from '../../src/policy/index.ts'
import { type BoundValue, identifier, StatementWriter } from '../../src/sql/index.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { conditions, createTable, inputs, insertOf, seedOfRun, type Thing, thingDomain, things } from './policy-cases.ts'

const RECORDS = 48
const CALLERS = 4
const CONDITIONS = 400

const model = thingDomain().resource('thing')
const seed = seedOfRun()
const records: readonly Thing[] = fc.sample(things(model, RECORDS), { numRuns: 1, seed })[0] ?? []

let database: Awaited<ReturnType<typeof testDatabase>>
let connection: Awaited<ReturnType<typeof openConnection>>

beforeAll(async () => {
  database = await testDatabase()
  connection = await openConnection(database.url)
  await connection.query(createTable(model))
  for (const [at, record] of records.entries()) {
    const { text, values } = insertOf(model, record, at)
    await connection.query(text, values)
  }
})

afterAll(async () => {
  await connection.close()
  await database.drop()
})

type Printer = typeof printCondition

function selectInMemory(condition: Condition, input: PolicyInput): readonly string[] {
  return records.filter((record) => evaluateCondition(condition, model.fieldsByName, input, record)).map(({ id }) => id)
}

async function selectAlone(condition: Condition, input: PolicyInput, print: Printer): Promise<readonly string[]> {
  const writer = new StatementWriter<PolicyInput>()
  const predicate = print(condition, {
    fields: model.fieldsByName,
    column: (field) => `t.${identifier(field.column)}`,
    bind: writer.bind,
  })
  const statement = writer.finish('alone', `SELECT t.id FROM things t WHERE ${predicate} ORDER BY t.id`)
  const rows = await connection.query<{ id: string }>(statement.text, statement.bind(input))
  return rows.map(({ id }) => id)
}

/** As `src/pg/statements/get.ts` prints it: what each caller binds is a row of `q`. */
async function selectMerged(
  condition: Condition,
  callers: readonly PolicyInput[],
  print: Printer,
): Promise<readonly (readonly string[])[]> {
  const keys = new Map<string, string>([['caller', 'q.k0']])
  const types = ['integer']
  const readers: ((input: PolicyInput, at: number) => BoundValue)[] = [(_, at) => at]
  const bind = (key: string, sqlType: string, read: (input: PolicyInput) => BoundValue): string => {
    const known = keys.get(key)
    if (known !== undefined) return known
    const name = `q.k${readers.length}`
    keys.set(key, name)
    types.push(sqlType)
    readers.push(read)
    return name
  }
  const predicate = print(condition, { fields: model.fieldsByName, column: (field) => `t.${identifier(field.column)}`, bind })
  const arrays = types.map((type, at) => `$${at + 1}::${type}[]`).join(', ')
  const names = types.map((_, at) => `k${at}`).join(', ')
  const text = `SELECT q.n, t.id FROM unnest(${arrays}) WITH ORDINALITY AS q(${names}, n) JOIN things t ON ${predicate} ORDER BY t.id`
  const rows = await connection.query<{ n: string; id: string }>(
    text,
    readers.map((read) => callers.map(read)),
  )
  return callers.map((_, at) => rows.filter(({ n }) => Number(n) === at + 1).map(({ id }) => id))
}

/** Throws with the smallest condition for which the three disagree. */
async function compareAll(print: Printer): Promise<number> {
  let decisions = 0
  const callers = fc.array(inputs, { minLength: CALLERS, maxLength: CALLERS })
  const law = fc.asyncProperty(conditions(model), callers, async (condition, some) => {
    const inMemory = some.map((input) => selectInMemory(condition, input))
    const alone: (readonly string[])[] = []
    for (const input of some) alone.push(await selectAlone(condition, input, print))

    expect(alone).toEqual(inMemory)
    expect(await selectMerged(condition, some, print)).toEqual(inMemory)
    decisions += RECORDS * CALLERS
  })
  await fc.assert(law, { seed, numRuns: CONDITIONS })
  return decisions
}

test('evaluateCondition() decides what PostgreSQL selects by the printed predicate, alone and merged', async () => {
  const decisions = await compareAll(printCondition)

  console.log(`${CONDITIONS} conditions, ${decisions} decisions`)
  expect(decisions).toBeGreaterThanOrEqual(2_000)
}, 120_000)

test('the comparison of memory and SQL catches a printer that says NOT where IS NOT TRUE must stand', async () => {
  const printNot: Printer = (condition, printer) => printCondition(condition, printer).replaceAll(') IS NOT TRUE', ') = false')

  await expect(compareAll(printNot)).rejects.toThrow('Counterexample')
}, 120_000)

test('the comparison of memory and SQL catches a printer that mistakes the bound of a range', async () => {
  const printStrict: Printer = (condition, printer) => printCondition(condition, printer).replaceAll(' >= ', ' > ')

  await expect(compareAll(printStrict)).rejects.toThrow('Counterexample')
}, 120_000)
