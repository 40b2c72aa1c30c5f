/**
 * SEC-01: every guard of the reference service shows in the table of access. Each rule, each clause of a rule and each rule of a field is taken
 * away in turn, and the engine over that declaration is held to the table: a guard whose loss changes no cell would be one that nobody checks.
 */
import { randomFillSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { Post, User } from '../../examples/blog/domain.ts'
import { uuidGenerator } from '../../src/kernel/index.ts'
import {
  ALWAYS,
  type Condition,
  DeclarationError,
  type Domain,
  domain,
  Field,
  type FieldRules,
  type Resource,
  type Rule,
} from '../../src/model/index.ts'
import { openConnection, PgStore, type PlainConnection } from '../../src/pg/index.ts'
import { appTemplate, type TestDatabase, testDatabase } from '../../src/testing/index.ts'
import { engineSurface } from './access/engine-surface.ts'
import { Records } from './access/records.ts'
import { holdTo } from './access/surface.ts'
import { type Row, readTable } from './access/table.ts'

const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }
const newId = uuidGenerator(clock, { fill: (target) => void randomFillSync(target) })
const ROWS = readTable().filter(({ line, operation }) => line.includes(' /api/v1/') || operation === 'auth.registrations.create')

let database: TestDatabase
let sql: PlainConnection
let records: Records

beforeAll(async () => {
  database = await testDatabase(await appTemplate(app))
  sql = await openConnection(database.url)
  const makers = new Records(sql, {} as never)
  const account = (role: string) => makers.account({ role })
  const standing = {
    viewer: await account('viewer'),
    editor: await account('editor'),
    colleague: await account('editor'),
    admin: await account('admin'),
  }
  records = new Records(sql, standing)
  for (const owner of [standing.editor, standing.colleague]) await records.post(owner, 'published')
})
afterAll(async () => {
  await sql?.close()
  await database?.drop()
})

/** A store keeps statements of the domain that it met first, so each domain has its own. */
async function openStore(): Promise<PgStore & AsyncDisposable> {
  const store = new PgStore({ url: database.url, applicationName: 'access-guards', lanes: 1, listLanes: 1, transactions: 1 })
  await store.connect()
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() })
}

interface Mutant {
  /** `post, rule 2: without its roles`. */
  readonly name: string
  readonly resources: readonly [Resource, Resource]
}

/** What no caller of this service can feel, and why. */
const UNFELT: Readonly<Record<string, string>> = {
  'user, rule 4: without its condition': 'the route registers as nobody, whoever calls',
  'post, rule 3: without posts:read': 'all roles have it, and an app is lent nothing by a rule that asks for no permission',
  'post, rule 4: without its roles': 'posts:write belongs to editors and admins, admins have rule 5, and no service is an author',
  'post, rule 4: without posts:write': 'editors have it, and an app is lent nothing by a rule that asks for no permission',
  'post, rule 5: without posts:write': 'admins have it, and an app is lent nothing by a rule that asks for no permission',
}

const USER = User as unknown as Resource
const POST = Post as unknown as Resource

function ruleMutants(resource: Resource, place: (changed: Resource) => Mutant['resources']): readonly Mutant[] {
  return resource.rules.flatMap((rule, at) => {
    const mutant = (how: string, changed: readonly Rule[]): Mutant => ({
      name: `${resource.name}, rule ${at + 1}: ${how}`,
      resources: place({ ...resource, rules: resource.rules.flatMap((one, index) => (index === at ? changed : [one])) }),
    })
    const { verbs, roles, permissions, condition } = rule
    return [
      mutant('gone', []),
      ...(verbs.length > 1
        ? verbs.map((verb) => mutant(`gone for ${verb}`, [{ ...rule, verbs: verbs.filter((one) => one !== verb) }]))
        : []),
      ...(roles.length > 0 ? [mutant('without its roles', [{ ...rule, roles: [] }])] : []),
      ...permissions.map((permission) =>
        mutant(`without ${permission}`, [{ ...rule, permissions: permissions.filter((one) => one !== permission) }]),
      ),
      ...(condition === ALWAYS ? [] : [mutant('without its condition', [{ ...rule, condition: ALWAYS }])]),
      ...partsOf(condition).map((part, index) =>
        mutant(`without part ${index + 1} of its condition`, [{ ...rule, condition: part }]),
      ),
    ]
  })
}

/** Alternatives, each left out in turn. */
function partsOf(condition: Condition): readonly Condition[] {
  if (condition.node !== 'either') return []
  return condition.parts.map((_, at) => ({ node: 'either', parts: condition.parts.filter((__, index) => index !== at) }))
}

function fieldMutants(resource: Resource, place: (changed: Resource) => Mutant['resources']): readonly Mutant[] {
  return Object.entries(resource.fields).flatMap(([name, field]) => {
    const { isOutput, isImmutable, input, writableBy, readableBy, ...others } = field.rules
    const rules: FieldRules = {
      ...others,
      isOutput,
      isImmutable,
      input,
      ...(writableBy && { writableBy }),
      ...(readableBy && { readableBy }),
    }
    const mutant = (how: string, changed: Partial<FieldRules>): Mutant => ({
      name: `${resource.name}.${name}: ${how}`,
      resources: place({ ...resource, fields: { ...resource.fields, [name]: new Field(field.kind, { ...rules, ...changed }) } }),
    })
    return [
      ...(isOutput ? [] : [mutant('shown', { isOutput: true })]),
      ...(isImmutable ? [mutant('changeable', { isImmutable: false })] : []),
      ...(input === 'none' ? [mutant('settable', { input: 'optional' })] : []),
      ...(writableBy === undefined ? [] : [mutant('settable by all', { writableBy: undefined as never })]),
      ...(readableBy === undefined ? [] : [mutant('shown to all', { readableBy: undefined as never })]),
    ]
  })
}

const MUTANTS: readonly Mutant[] = [ruleMutants, fieldMutants].flatMap((make) => [
  ...make(USER, (changed) => [changed, POST]),
  ...make(POST, (changed) => [USER, changed]),
])

/** Undefined where the declaration is refused at the start. */
function tryDeclare(resources: Mutant['resources']): Domain | undefined {
  try {
    return declare(resources)
  } catch (error) {
    if (error instanceof DeclarationError) return undefined
    throw error
  }
}

function declare([user, post]: Mutant['resources']): Domain {
  return domain({
    name: 'blog',
    roles: app.domain.roles,
    resources: [user, post],
    accounts: { resource: user, login: 'email', password: 'password', role: 'role', displayName: 'displayName' },
  })
}

/** Whether a cell changes, or the service does not start; the rows of the resource that was changed come first. */
async function isFelt({ name, resources }: Mutant): Promise<boolean> {
  const mutated = tryDeclare(resources)
  if (mutated === undefined) return true
  await using store = await openStore()
  const surface = engineSurface({ domain: mutated, store, clock, newId, records })
  const isNear = ({ operation }: Row): boolean => operation.includes(name.slice(0, 4))
  for (const row of [...ROWS.filter(isNear), ...ROWS.filter((one) => !isNear(one))]) {
    const { differences } = await holdTo([row], surface, records)
    if (differences.length > 0) return true
  }
  return false
}

describe('SEC-01 the guards of the reference service', () => {
  test('ACC-02 the engine gives every cell of the table that is about records', async () => {
    await using store = await openStore()
    const surface = engineSurface({ domain: declare([USER, POST]), store, clock, newId, records })

    const { cells, differences } = await holdTo(ROWS, surface, records)

    expect(differences).toEqual([])
    expect(cells).toBe(ROWS.length * 8)
  })

  test('each change a cell of the table when they are taken away', { timeout: 60_000 }, async () => {
    const began = performance.now()
    const unfelt: string[] = []
    for (const mutant of MUTANTS) {
      if (!(await isFelt(mutant))) unfelt.push(mutant.name)
    }

    console.info(
      `A1 guards: ${MUTANTS.length} taken away, ${MUTANTS.length - unfelt.length} felt, ${Math.round(performance.now() - began)} ms`,
    )
    expect(MUTANTS.filter(({ name }) => name.endsWith(': gone'))).toHaveLength(USER.rules.length + POST.rules.length)
    // As docs/threat-model.md says.
    expect(MUTANTS).toHaveLength(44)
    expect(unfelt.sort()).toEqual(Object.keys(UNFELT).sort())
  })
})
