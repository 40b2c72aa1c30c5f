/**
 * Operations at random, over any domain: every field gets values that fit and values that do not, chosen by what its kind accepts, and every record that
 * is named may be there, be deleted, be somebody else's, or be of another kind altogether.
 */
import fc from 'fast-check'
import { type Domain, type FieldModel, isOffered, type Json, type Operator, type ResourceModel } from '../../src/model/index.ts'
import type { Asked, Comparison, Operation, Values } from './operation.ts'

export interface Pool {
  readonly domain: Domain
  readonly actors: readonly string[]
  /** Ids of records by resource: seeded ones, deleted ones, and names of those that the run makes. */
  readonly ids: Readonly<Record<string, readonly string[]>>
  /** Words that searches find. */
  readonly words: readonly string[]
}

/** Stands for the record that the run made last. */
const MADE = 'made'

/** Ids that no record has: of the right form, of another resource, altered, and none at all. */
const BROKEN_IDS = [
  '',
  'x',
  'post',
  'usr_',
  'post_01h455vb4pex5vsknk084sn02',
  '../users',
  '01890a5d-0000-7000-8000-000000000001',
  '%00',
  "' OR 1=1 --",
]

/** Texts that break what is careless. */
const HOSTILE_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udfff',
  '\u0001',
  '__proto__',
  '<script>',
  '%',
  '_',
  '\\',
  "'; DROP TABLE",
  'a'.repeat(70_000),
  '\u202e\u0301\u{1f468}‍\u{1f469}',
]

const WRONG_TYPES: readonly Json[] = [null, true, 7, 1e300, [], ['a'], {}, { a: 1 }]

/** Values that a field does not take, or does against expectation. */
function hostileFor(field: FieldModel, pool: Pool, owner: ResourceModel): fc.Arbitrary<Json> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
    { weight: 2, arbitrary: fc.constantFrom(...WRONG_TYPES) },
    { weight: 2, arbitrary: near(field) },
    // For fields that nobody may set.
    { weight: 1, arbitrary: fitting(field, pool, owner) },
  )
}

function fitting({ kind, rules, name }: FieldModel, pool: Pool, owner: ResourceModel): fc.Arbitrary<Json> {
  const { schema } = kind
  switch (kind.name) {
    case 'choice':
      return fc.constantFrom(...(schema['enum'] as readonly string[]))
    case 'email':
      return fc.integer({ min: 0, max: 40 }).map((number) => `person${number}@example.com`)
    case 'url':
      return fc.constantFrom('https://example.com/', 'https://example.org/a?b=c#d')
    case 'timestamp':
      return fc.constantFrom('2024-02-29T12:00:00Z', '2020-01-01T00:00:00.123Z', '1999-12-31T23:59:59.999+05:30')
    case 'date':
      return fc.constantFrom('2024-02-29', '1815-12-10')
    case 'decimal':
      return fc.constantFrom('0.00', '12.50', '3', '0.1', '99999.9')
    case 'integer':
      return fc.integer({ min: 0, max: 10_000 })
    case 'boolean':
      return fc.boolean()
    case 'list':
      return fc.constantFrom<Json>([], ['red'], ['red', 'green'])
    case 'json':
      return fc.constantFrom<Json>(
        { street: 'Dorset Street', city: 'London', country: 'GB' },
        { street: 'A', city: 'B', country: 'DE', lines: ['x'] },
        { street: 'A', city: 'B', country: 'Germany' },
        { colour: 'red' },
      )
    case 'secret':
      return fc.constantFrom('violet harbour sings at noon', 'short')
    case 'text':
      return textOf(owner, name, rules.isUnique)
    default:
      return kind.idPrefix === undefined ? fc.constant('a text') : fc.constantFrom(...idsOf(kind.idPrefix, pool))
  }
}

function textOf(owner: ResourceModel, name: string, isUnique: boolean): fc.Arbitrary<string> {
  if (isUnique)
    return fc
      .integer({ min: 0, max: 60 })
      .map((number) => `${owner.name.toUpperCase()}-${name.toUpperCase()}-${number}`.slice(0, 20))
  return fc.constantFrom('On the Engine', 'Notes', 'Ärger – “quoted” \\ back', '\u{1f680} up', 'two\nlines', 'e\u0301')
}

/** Just past what the kind accepts. */
function near({ kind }: FieldModel): fc.Arbitrary<Json> {
  const { schema } = kind
  const max = schema['maxLength']
  if (typeof max === 'number') return fc.constantFrom('a'.repeat(max + 1), 'a'.repeat(Math.min(max, 300)))
  if (kind.name === 'timestamp')
    return fc.constantFrom('2024-02-30T00:00:00Z', '+010000-01-01T00:00:00Z', '2024-01-01', 'yesterday')
  if (kind.name === 'decimal') return fc.constantFrom('-1', '1.23456', '1e5', 'NaN', '9'.repeat(40))
  if (kind.name === 'integer') return fc.constantFrom<Json>(-1, 1.5, 2 ** 53, '7')
  if (kind.name === 'choice') return fc.constantFrom('Draft', 'DRAFT', 'nonsense', '')
  return fc.constantFrom<Json>('nonsense', 'http://example.com', 'ftp://example.com')
}

/** In a query parameter all is text, so a wrong type cannot be asked there. */
function nearText(field: FieldModel): fc.Arbitrary<Json> {
  const { kind } = field
  if (kind.name === 'boolean') return fc.boolean()
  return near(field).filter((value) => typeof value === (kind.name === 'integer' ? 'number' : 'string'))
}

function idsOf(idPrefix: string, { domain, ids }: Pool): readonly string[] {
  const target = domain.resources.find((resource) => resource.idPrefix === idPrefix)
  return ids[target?.name ?? ''] ?? ['x_none']
}

function recordId({ name, idPrefix }: ResourceModel, pool: Pool): fc.Arbitrary<string> {
  const others = Object.entries(pool.ids).flatMap(([other, ids]) => (other === name ? [] : ids.slice(0, 1)))
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(MADE, MADE, ...(pool.ids[name] ?? [])) },
    { weight: 1, arbitrary: fc.constantFrom(`${idPrefix}_00000000000000000000000000`, ...others, ...BROKEN_IDS) },
  )
}

/**
 * Some of these fields; those that must be there come most of the time. In every other body all that is given fits; in the rest one field does not, or is
 * one that nobody may set: two faults at once would hide one another.
 */
function bodyOf(fields: readonly FieldModel[], pool: Pool, owner: ResourceModel, isWhole: boolean): fc.Arbitrary<Values> {
  const settable = fields.filter(({ rules, isStandard }) => rules.input !== 'none' && !isStandard)
  const good = settable.map((field) =>
    fc
      .tuple(fc.integer({ min: 0, max: 19 }), fitting(field, pool, owner))
      .map(
        ([dice, value]): Values =>
          dice < (isWhole && field.rules.input === 'required' ? 19 : 8) ? { [field.column]: value } : {},
      ),
  )
  const faults = fields.map((field) => hostileFor(field, pool, owner).map((value): Values => ({ [field.column]: value })))
  const fault = fc.oneof(...faults, fc.constant<Values>({ is_admin: true }), fc.constant<Values>({ constructor: 'x' }))
  return fc
    .tuple(fc.option(fault, { nil: undefined, freq: 1 }), ...good)
    .map(([wrong, ...parts]) => Object.assign({}, ...parts, wrong) as Values)
}

function comparison(field: FieldModel, pool: Pool, owner: ResourceModel): fc.Arbitrary<Comparison> {
  const operators = field.kind.operators.filter((operator) => operator !== 'null' || field.rules.isNullable)
  return fc.constantFrom<Operator>(...operators).chain((operator) => {
    const value: fc.Arbitrary<Json> =
      operator === 'null'
        ? fc.boolean()
        : operator === 'in'
          ? fc.array(fitting(field, pool, owner), { minLength: 1, maxLength: 3 })
          : fc.oneof({ weight: 6, arbitrary: fitting(field, pool, owner) }, { weight: 1, arbitrary: nearText(field) })
    return value.map((one) => ({ column: field.column, operator, value: one }))
  })
}

function listOf(resource: ResourceModel, pool: Pool): fc.Arbitrary<Operation> {
  const { list } = resource
  const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 1 })
  const sortKeys = list.sortable.flatMap(({ column }) => [column, `-${column}`])
  const filters = list.filterable.map((field) => comparison(field, pool, resource))
  return fc
    .record({
      filter:
        filters.length === 0 ? fc.constant(undefined) : optional(fc.array(fc.oneof(...filters), { minLength: 1, maxLength: 2 })),
      sort:
        list.sortable.length === 0
          ? fc.constant(undefined)
          : optional(
              fc.oneof(
                { weight: 9, arbitrary: fc.uniqueArray(fc.constantFrom(...sortKeys), { minLength: 1, maxLength: 2 }) },
                { weight: 1, arbitrary: fc.constantFrom(['version'], ['-nothing'], ['']) },
              ),
            ),
      search:
        list.searchable.length === 0
          ? fc.constant(undefined)
          : fc.option(fc.constantFrom(...pool.words, 'ab', '%%%', '\u0000\u0000\u0000'), { nil: undefined, freq: 1 }),
      limit: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(3, 7, 50, list.limitMax) },
        { weight: 1, arbitrary: fc.constantFrom(0, -1, list.limitMax + 1) },
      ),
      cursor: fc.oneof(
        { weight: 14, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom('abc', 'AAAA') },
      ),
      includesDeleted: isOffered(resource, 'read-deleted') ? fc.boolean() : fc.constant(false),
    })
    .map(
      ({ filter, sort, search, cursor, ...rest }): Operation => ({
        kind: 'list',
        resource,
        ...rest,
        ...(filter !== undefined && {
          filter: filter.filter((one, at) => filter.findIndex((other) => other.column === one.column) === at),
        }),
        ...(sort !== undefined && { sort }),
        ...(search !== undefined && { search }),
        ...(cursor !== undefined && list.pages === 'cursor' && { cursor }),
      }),
    )
}

/** The fields that whoever may read the record may see: of others GraphQL says null, where REST has no such field. */
function plainColumns({ fields }: ResourceModel): string[] {
  return fields.filter(({ rules }) => rules.isOutput && rules.readableBy === undefined).map(({ column }) => column)
}

function operationOn(resource: ResourceModel, pool: Pool): fc.Arbitrary<Operation> {
  const id = recordId(resource, pool)
  const version = fc.constantFrom(undefined, undefined, undefined, 1, 2, 99)
  const body = (isWhole: boolean) => bodyOf(resource.fields, pool, resource, isWhole)
  const kinds: [number, boolean, fc.Arbitrary<Operation>][] = [
    [
      3,
      isOffered(resource, 'read'),
      fc.record({
        kind: fc.constant('get' as const),
        resource: fc.constant(resource),
        id,
        includesDeleted: isOffered(resource, 'read-deleted') ? fc.boolean() : fc.constant(false),
        fields: fc.option(fc.subarray(plainColumns(resource), { minLength: 1 }), { nil: undefined, freq: 1 }),
      }),
    ],
    [4, isOffered(resource, 'read'), listOf(resource, pool)],
    ...resource.children.map((child): [number, boolean, fc.Arbitrary<Operation>] => [
      2,
      isOffered(child.resource, 'read'),
      fc
        .tuple(listOf(child.resource, pool), fc.constantFrom(...(pool.ids[resource.name] ?? []), ...BROKEN_IDS.slice(1, 3)))
        .map(([list, id]) => ({ ...list, under: { parent: resource, child, id } })),
    ]),
    [
      4,
      isOffered(resource, 'create'),
      fc.record({ kind: fc.constant('create' as const), resource: fc.constant(resource), values: body(true) }),
    ],
    [
      4,
      isOffered(resource, 'update'),
      fc.record({ kind: fc.constant('update' as const), resource: fc.constant(resource), id, version, values: body(false) }),
    ],
    [
      2,
      isOffered(resource, 'update'),
      fc.record({ kind: fc.constant('replace' as const), resource: fc.constant(resource), id, version, values: body(true) }),
    ],
    [
      2,
      isOffered(resource, 'delete'),
      fc.record({ kind: fc.constant('delete' as const), resource: fc.constant(resource), id, version }),
    ],
    [
      2,
      isOffered(resource, 'restore'),
      fc.record({ kind: fc.constant('restore' as const), resource: fc.constant(resource), id, version }),
    ],
    ...resource.actions.map((action): [number, boolean, fc.Arbitrary<Operation>] => [
      3,
      isOffered(resource, action.verb),
      fc.record({
        kind: fc.constant('act' as const),
        resource: fc.constant(resource),
        action: fc.constant(action.name),
        id,
        version,
        values: bodyOf(action.input, pool, resource, true),
      }),
    ]),
  ]
  return fc.oneof(...kinds.filter(([, isThere]) => isThere).map(([weight, , arbitrary]) => ({ weight, arbitrary })))
}

/** `count` questions, the same for the same seed. */
export function sampleQuestions(pool: Pool, count: number, seed: number): readonly Asked[] {
  const operation = fc.oneof(...pool.domain.resources.map((resource) => operationOn(resource, pool)))
  const questions = fc.sample(fc.record({ as: fc.constantFrom(...pool.actors), operation }), { numRuns: count, seed })
  return questions.map((question, at) => ({ ...question, operation: withMade(question.operation, questions.slice(0, at)) }))
}

/** Points to the record that was asked to be made last. */
function withMade(operation: Operation, before: readonly Asked[]): Operation {
  if (!('id' in operation) || operation.id !== MADE) return operation
  // Until something was made there is no such record.
  const at = before.findLastIndex((one) => one.operation.kind === 'create' && one.operation.resource === operation.resource)
  return { ...operation, id: at < 0 ? `${operation.resource.idPrefix}_00000000000000000000000000` : `new-${at}` }
}
