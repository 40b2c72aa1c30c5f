/** Random records, actors, moments and conditions over one resource that has a field of every kind that conditions compare. */
import fc from 'fast-check'
import type { Uuid } from '../../src/kernel/index.ts'
import {
  type Actor,
  type ActorSession,
  all,
  belongsTo,
  boolean,
  type Comparison,
  type Condition,
  choice,
  DEVICES,
  type Domain,
  date,
  decimal,
  domain,
  either,
  email,
  type FieldModel,
  integer,
  NOBODY,
  not,
  type Operand,
  permit,
  type ResourceModel,
  type Rule,
  resource,
  text,
  timestamp,
  url,
} from '../../src/model/index.ts'
import type { PolicyInput } from '../../src/policy/index.ts'

export const ROLES = ['admin', 'editor', 'viewer']
export const PERMISSIONS = ['things:read', 'things:write', 'persons:read']

const DECLARED_ROLES = { admin: PERMISSIONS, editor: ['things:read'], viewer: [] }

const Person = resource('person', {
  fields: { name: text({ max: 50 }) },
  policies: () => [permit('read').to('admin')],
})

/** A domain whose things are ruled by these rules. Each has a name of its own; all keep their records in one table. */
export function thingDomain(rules: readonly Rule[] = [permit('read')], name = 'thing'): Domain {
  const Thing = resource(name, {
    plural: 'things',
    idPrefix: 'thing',
    fields: {
      owner: belongsTo(Person).optional(),
      reviewer: belongsTo(Person).optional(),
      title: text({ max: 50 }).optional(),
      nickname: text({ max: 50 }).optional(),
      status: choice(['draft', 'published', 'archived']).optional(),
      contact: email().optional(),
      home: url().optional(),
      stock: integer({ min: -2_147_483_648, max: 2_147_483_647 }).optional(),
      views: integer().optional(),
      price: decimal({ digits: 12, scale: 2 }).optional(),
      cost: decimal({ digits: 14, scale: 2 }).optional(),
      isOpen: boolean().optional(),
      isPaid: boolean().optional(),
      startsAt: timestamp().optional(),
      endsAt: timestamp().optional(),
      firstDay: date().optional(),
      lastDay: date().optional(),
    },
    policies: () => rules,
  })
  return domain({ name: 'things', roles: DECLARED_ROLES, resources: [Person, Thing] })
}

/** The table of the things, as their declaration says it. */
export function createTable({ table, fields }: ResourceModel): string {
  return `CREATE TABLE ${table} (${fields.map((field) => `"${field.column}" ${field.kind.sqlType}`).join(', ')}, PRIMARY KEY (id))`
}

/** A record as conditions see it. */
export type Thing = Readonly<Record<string, unknown>> & { readonly id: Uuid }

const uuid = (tail: number): Uuid => `01890a5d-ac96-774b-bcce-${tail.toString(16).padStart(12, '0')}` as Uuid
const PERSONS = [uuid(1), uuid(2), uuid(3)]
const THINGS = [uuid(101), uuid(102), uuid(103)]

/** Few values, so that equality is common; edges of the type and of SQL's syntax among them. */
const TEXTS = [
  '',
  ' ',
  'a',
  'A',
  'a ',
  "o'hara",
  '\\',
  "\\'; --",
  '"',
  '$1',
  '%_',
  'NULL',
  'null',
  'true',
  'ß',
  'ss',
  'é',
  'e\u0301',
  '😀',
  '\ufeff',
  '\u0001',
  '\n',
]
const DAYS = ['0001-01-01', '1999-12-31', '2024-02-29', '2026-01-31', '9999-12-31']
const MOMENTS = [
  '0001-01-01T00:00:00.000Z',
  '1969-12-31T23:59:59.999Z',
  '2026-03-29T01:00:00.000Z',
  '2026-03-29T01:00:00.001Z',
  '9999-12-31T23:59:59.999Z',
]

/** The values that a field may have, constants of conditions among them. */
const POOLS: Readonly<Record<string, readonly unknown[]>> = {
  id: THINGS,
  'belongs-to': PERSONS,
  text: TEXTS,
  choice: ['draft', 'published', 'archived'],
  email: ['ada@example.com', "o'hara@example.com", 'a@b.co'],
  url: ['https://example.com/a', "https://example.com/'"],
  decimal: ['0.00', '-0.01', '0.01', '10.00', '9.99', '-9999999999.99', '9999999999.99'],
  boolean: [true, false],
  timestamp: MOMENTS.map((moment) => new Date(moment)),
  date: DAYS,
}

const SMALL_INTEGERS = [-2_147_483_648, -10, -1, 0, 1, 9, 10, 2_147_483_647]
const INTEGERS = [...SMALL_INTEGERS, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]

function poolOf({ kind }: FieldModel): readonly unknown[] {
  const pool = kind.name === 'integer' ? (kind.sqlType === 'integer' ? SMALL_INTEGERS : INTEGERS) : POOLS[kind.name]
  if (pool === undefined) throw new TypeError(`Cannot make values of kind ${kind.name}: it has no pool`)
  return pool
}

/** Mostly from the pool; texts also anything that a client could send. */
function arbitraryOf(field: FieldModel): fc.Arbitrary<unknown> {
  const pooled = fc.constantFrom(...poolOf(field))
  const { kind } = field
  if (kind.name !== 'text') return pooled
  return fc.oneof(
    { weight: 5, arbitrary: pooled },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }).filter((one) => !one.includes('\0')) },
  )
}

const STANDARD = ['version', 'deletedAt']

/** The fields that conditions may name. */
export function comparableFields(model: ResourceModel): readonly FieldModel[] {
  return model.fields.filter((field) => !STANDARD.includes(field.name))
}

/** Records of the resource, ids apart: many nulls, since these are where two-valued and three-valued logic part. */
export function things(model: ResourceModel, count: number): fc.Arbitrary<readonly Thing[]> {
  const fields = comparableFields(model).filter((field) => field.name !== 'id')
  const entries = fields.map((field) => {
    const value = arbitraryOf(field)
    return [field.name, field.rules.isNullable ? fc.option(value, { freq: 3, nil: null }) : value] as const
  })
  const record = fc.record(Object.fromEntries(entries))
  return fc
    .array(record, { minLength: count, maxLength: count })
    .map((records) => records.map((one, at) => ({ ...one, id: uuid(101 + at) })))
}

const someOf = (words: readonly string[]): fc.Arbitrary<readonly string[]> => fc.subarray([...words])

/** Round the change of clocks in Europe, a New Year, and the end of a day on the other side of the world. */
const CLOCKS = [
  '2026-03-29T00:59:59Z',
  '2026-03-29T01:00:00Z',
  '2026-10-25T00:30:00Z',
  '2026-10-25T01:30:00Z',
  '2026-12-31T23:59:00Z',
  '2026-06-15T12:00:00Z',
]

/** Ages on both sides of what conditions let pass, a clock that runs ahead among them. */
const AGES_MS = [-1_000, 0, 299_999, 300_000, 300_001, 3_600_000]
const shownAt = fc.option(
  fc.tuple(fc.constantFrom(...CLOCKS), fc.constantFrom(...AGES_MS)).map(([now, ageMs]) => Date.parse(now) - ageMs),
)
const sessions: fc.Arbitrary<ActorSession> = fc.record({
  id: fc.constant(null),
  clientId: fc.constant(null),
  device: fc.option(fc.constantFrom(...DEVICES)),
  authenticatedAtMs: shownAt,
  secondFactorAtMs: shownAt,
})

export const actors: fc.Arbitrary<Actor> = fc.oneof(
  fc.constant(NOBODY),
  fc.record({
    kind: fc.constantFrom('user' as const, 'service' as const),
    id: fc.option(fc.constantFrom(...PERSONS), { freq: 5, nil: null }),
    subject: fc.constantFrom('a', "o'hara", '\\', 'published', 'ada@example.com'),
    roles: someOf(ROLES),
    permissions: someOf(PERMISSIONS),
  }),
  fc.record({
    kind: fc.constant('user' as const),
    id: fc.constantFrom(...PERSONS),
    subject: fc.constant('a'),
    roles: someOf(ROLES),
    permissions: someOf(PERMISSIONS),
    session: sessions,
  }),
)

export const inputs: fc.Arbitrary<PolicyInput> = fc.record({
  actor: actors,
  nowMs: fc.constantFrom(...CLOCKS.map((moment) => Date.parse(moment))),
  address: fc.constantFrom(null, '10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7', '2001:db8::1', 'nonsense'),
})

const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia')

const contextLeaves: fc.Arbitrary<Condition> = fc.oneof(
  fc.boolean().map((holds): Condition => ({ node: 'constant', holds })),
  fc.constantFrom(...ROLES).map((role): Condition => ({ node: 'role', role })),
  fc.constantFrom(...PERMISSIONS).map((permission): Condition => ({ node: 'permission', permission })),
  fc.constantFrom('user' as const, 'service' as const, 'nobody' as const).map((kind): Condition => ({ node: 'kind', kind })),
  fc.record({
    node: fc.constant('time-of-day' as const),
    zone: zones,
    fromMinute: fc.integer({ min: 0, max: 720 }),
    toMinute: fc.integer({ min: 721, max: 1_440 }),
  }),
  fc.record({ node: fc.constant('weekday' as const), zone: zones, days: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }) }),
  fc
    .subarray(['10.0.0.0/8', '192.0.2.0/24', '2001:db8::/32'], { minLength: 1 })
    .map((ranges): Condition => ({ node: 'address', ranges })),
  fc.subarray([...DEVICES], { minLength: 1 }).map((devices): Condition => ({ node: 'device', devices })),
  fc.record({
    node: fc.constant('proof' as const),
    proof: fc.constantFrom('sign-in' as const, 'second-factor' as const),
    withinS: fc.constantFrom(1, 300, 3_600),
  }),
  fc.constantFrom(...PERSONS).map(
    (value): Condition => ({
      node: 'compare',
      comparison: 'eq',
      left: { from: 'actor', property: 'id' },
      right: { from: 'constant', value },
    }),
  ),
  fc.constant<Condition>({ node: 'nothing', operand: { from: 'actor', property: 'id' } }),
)

const ORDERINGS: readonly Comparison[] = ['eq', 'gt', 'gte', 'lt', 'lte']

/** What a comparison may stand between: like with like, as the verifier of declarations asks. */
function partnersOf(field: FieldModel, fields: readonly FieldModel[]): readonly Operand[] {
  const family = ({ kind }: FieldModel) =>
    kind.idPrefix ?? (kind.sqlType === 'bigint' ? 'integer' : kind.sqlType.replace(/\(.*\)/, ''))
  const others = fields
    .filter((one) => one !== field && family(one) === family(field))
    .map((one): Operand => ({ from: 'record', field: one.name }))
  const { name, sqlType, idPrefix } = field.kind
  const own: readonly Operand[] =
    idPrefix === 'person'
      ? [{ from: 'actor', property: 'id' }]
      : name !== 'id' && sqlType === 'text'
        ? [{ from: 'actor', property: 'subject' }]
        : []
  return [...others, ...own]
}

function comparisonsOf(field: FieldModel, fields: readonly FieldModel[]): fc.Arbitrary<Condition> {
  const { kind } = field
  const comparisons = kind.sqlType !== 'text' && kind.operators.includes('gt') ? ORDERINGS : (['eq'] as const)
  const left: Operand = { from: 'record', field: field.name }
  const constants = arbitraryOf(field).map((value): Operand => ({ from: 'constant', value }))
  const partners = partnersOf(field, fields)
  const right = partners.length === 0 ? constants : fc.oneof(constants, fc.constantFrom(...partners))
  return fc
    .tuple(fc.constantFrom(...comparisons), right, fc.boolean())
    .map(([comparison, other, isTurned]) =>
      isTurned ? { node: 'compare', comparison, left: other, right: left } : { node: 'compare', comparison, left, right: other },
    )
}

/** Whole trees, of about a dozen leaves at the most. */
export function conditions(model: ResourceModel): fc.Arbitrary<Condition> {
  const fields = comparableFields(model)
  const recordLeaves = fc.oneof(
    ...fields.map((field) => comparisonsOf(field, fields)),
    fc.constantFrom(...fields).map((field): Condition => ({ node: 'nothing', operand: { from: 'record', field: field.name } })),
  )
  const leaves = fc.oneof({ weight: 4, arbitrary: recordLeaves }, { weight: 1, arbitrary: contextLeaves })
  const { tree } = fc.letrec<{ tree: Condition }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
      leaves,
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((parts) => all(...parts)),
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((parts) => either(...parts)),
      tie('tree').map(not),
    ),
  }))
  return tree
}

/** Rules for one verb: some to roles, some with permissions, some under conditions. */
export function rules(model: ResourceModel, verb: string): fc.Arbitrary<readonly Rule[]> {
  const rule = fc
    .record({
      roles: fc.oneof(fc.constant([]), someOf(ROLES)),
      permissions: fc.oneof(fc.constant([]), someOf(PERMISSIONS)),
      condition: conditions(model),
    })
    .map((parts): Rule => ({ verbs: [verb], ...parts }))
  return fc.array(rule, { minLength: 1, maxLength: 4 })
}

/** Inserts the records as `create` would bind them. */
export function insertOf(
  model: ResourceModel,
  record: Thing,
  at: number,
): { readonly text: string; readonly values: readonly unknown[] } {
  const cells = model.fields.map((field): unknown => {
    if (field.name === 'version') return at + 1
    const value = record[field.name]
    return value === null || value === undefined ? null : field.kind.toSql(value)
  })
  const columns = model.fields.map((field) => `"${field.column}"`).join(', ')
  const places = model.fields.map((field, position) => `$${position + 1}::${field.kind.sqlType}`).join(', ')
  return { text: `INSERT INTO ${model.table} (${columns}) VALUES (${places})`, values: cells }
}

/** The seed of this run; the same again with `SEED=… npx vitest run test/integration/policy`. */
export function seedOfRun(): number {
  const given = Number(process.env['SEED'])
  const seed = Number.isSafeInteger(given) && given !== 0 ? given : Math.trunc(Math.random() * 0x7fff_ffff)
  console.log(`seed ${seed}`)
  return seed
}
