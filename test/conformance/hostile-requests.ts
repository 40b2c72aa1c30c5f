/** Makes requests from an OpenAPI document: some as it asks for, most of them wrong in ways that have broken services. */
import fc from 'fast-check'
import type { OpenApiDocument } from '../../src/rest/index.ts'

export interface HostileRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: a document is a tree of anything.
type Tree = any

export interface HostileOptions {
  /** Ids of records that exist, by the prefix of their TypeID. */
  readonly ids: Readonly<Record<string, readonly string[]>>
  readonly authorizations: readonly string[]
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete']
const EVIL_TEXTS = [
  '',
  ' ',
  '\0',
  '\u0000x',
  'null',
  'undefined',
  'NaN',
  'true',
  '-0',
  '1e400',
  '0x10',
  '9007199254740993',
  '-1',
  '1.5',
  '١',
  '007',
  "' OR 1=1 --",
  '"; DROP TABLE posts; --',
  '$1',
  '%',
  '%25',
  '\\',
  "\\'",
  '../../etc/passwd',
  '<script>alert(1)</script>',
  '{{7*7}}',
  '__proto__',
  'constructor',
  'toString',
  'ﬀ',
  'İ',
  '\u202e',
  '\ufeff',
  '𝕏',
  'e\u0301',
  '\r\nSet-Cookie: a=b',
  'a,b,,c',
  ',',
  '-',
  '--created_at',
  '2026-02-30',
  '2026-13-01T00:00:00Z',
  '275761-01-01T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '2026-01-31T09:30:00',
  '9999-12-31T23:59:59-12:00',
]
const EVIL_JSON = [
  '',
  ' ',
  'null',
  '[]',
  '"text"',
  '1',
  '{',
  '{"a":1,}',
  '{"a":1}{"b":2}',
  "{'a':1}",
  '{"a":NaN}',
  '\ufeff{}',
  '{"title":1,"title":2}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"title":"\\ud800"}',
  '{"title":"\\u0000"}',
  '{"title":1e400}',
  '{"version":9007199254740993}',
  '{"":""}',
  '['.repeat(100_000),
  `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`,
  `{"title":"${'x'.repeat(300)}"}`,
  `{"title":"${'\u{1f600}'.repeat(200)}"}`,
  `{${Array.from({ length: 500 }, (_, at) => `"k${at}":1`).join()}}`,
]
const CONTENT_TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'APPLICATION/JSON',
  'application/json;',
  'application/json\ta',
  'text/plain',
  'application/vnd.api+json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
]
const TAGS = [
  '*',
  '"1"',
  '"2"',
  'W/"1"',
  '"1", "2"',
  '"1-deadbeef"',
  '"99999999999999"',
  '"0"',
  '"-1"',
  'abc',
  '"',
  '""',
  ',',
  '"1" "2"',
  `"${'x'.repeat(500)}"`,
]

export function hostileRequests(document: OpenApiDocument, options: HostileOptions): fc.Arbitrary<HostileRequest> {
  const paths = document['paths'] as Tree
  const routes = Object.keys(paths).flatMap((template) =>
    METHODS.filter((method) => paths[template][method] !== undefined).map((method) => ({
      template,
      method,
      operation: paths[template][method] as Tree,
    })),
  )
  const forRoute = fc.constantFrom(...routes).chain(({ template, method, operation }) => {
    const parameters: Tree[] = operation.parameters.map((parameter: Tree) => follow(document, parameter))
    return fc.record({
      method: fc.oneof(
        { weight: 30, arbitrary: fc.constant(method.toUpperCase()) },
        { weight: 1, arbitrary: fc.constantFrom('HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'PATCH', 'POST') },
      ),
      path: pathOf(template, parameters, options),
      query: queryOf(parameters),
      headers: headersOf(operation, options),
      body:
        operation.requestBody === undefined
          ? rarely(fc.constantFrom('{}', 'x'))
          : bodyOf(document, operation.requestBody.content['application/json'].schema, options),
    })
  })
  return forRoute.map(({ method, path, query, headers: { 'content-type': contentType, ...headers }, body }) => ({
    method,
    path: query === '' ? path : `${path}?${query}`,
    headers: body === undefined || contentType === undefined ? headers : { ...headers, 'content-type': contentType },
    body,
  }))
}

function rarely<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: 20, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
}

function follow(document: Tree, node: Tree): Tree {
  if (typeof node?.$ref !== 'string') return node
  return follow(
    document,
    node.$ref
      .slice(2)
      .split('/')
      .reduce((at: Tree, part: string) => at[part], document),
  )
}

const evilText = fc.oneof(
  fc.constantFrom(...EVIL_TEXTS),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constant('x'.repeat(300)),
)
const segment = evilText.map((text) => encodeURIComponent(text.toWellFormed()))

function idOf(schema: Tree, { ids }: HostileOptions): fc.Arbitrary<string> {
  const prefix = /^\^([a-z]+)_/.exec(String(schema.pattern))?.[1] ?? 'x'
  const real = ids[prefix] ?? []
  return fc.oneof(
    { weight: 8, arbitrary: real.length > 0 ? fc.constantFrom(...real) : fc.constant(`${prefix}_01h455vb4pex5vsknk084sn02q`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        `${prefix}_00000000000000000000000000`,
        `${prefix}_7zzzzzzzzzzzzzzzzzzzzzzzzz`,
        `${prefix}_8zzzzzzzzzzzzzzzzzzzzzzzzz`,
        'usr_01h455vb4pex5vsknk084sn02q',
        `${prefix.toUpperCase()}_01h455vb4pex5vsknk084sn02q`,
      ),
    },
  )
}

function pathOf(template: string, parameters: readonly Tree[], options: HostileOptions): fc.Arbitrary<string> {
  const named = parameters.filter((parameter) => parameter.in === 'path')
  const values = named.map((parameter) =>
    fc.oneof(
      { weight: 12, arbitrary: idOf(parameter.schema, options) },
      { weight: 1, arbitrary: segment.map((text) => (text === '' ? '%20' : text)) },
    ),
  )
  const plain = fc
    .tuple(...values)
    .map((texts) =>
      named.reduce<string>((path, parameter, at) => path.replace(`{${parameter.name}}`, () => texts[at] ?? ''), template),
    )
  return fc.oneof(
    { weight: 40, arbitrary: plain },
    { weight: 1, arbitrary: plain.map((path) => `${path}/`) },
    { weight: 1, arbitrary: plain.map((path) => path.replace('/api', '/%61pi')) },
    { weight: 1, arbitrary: plain.map((path) => `/${path}`) },
  )
}

/** A value that a schema accepts, or nearly. */
function valueFor(schema: Tree, options?: HostileOptions): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one: Tree) => valueFor(one, options)))
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type: string) => valueFor({ ...schema, type }, options)))
  switch (schema.type) {
    case 'string':
      if (schema.format === 'date-time')
        return fc
          .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
          .map((date) => date.toISOString())
      if (schema.format === 'email') return fc.integer({ min: 1, max: 5_000 }).map((number) => `person${number}@example.com`)
      if (schema.format === 'uri') return fc.webUrl()
      if (schema.pattern !== undefined && options !== undefined) return idOf(schema, options)
      return fc.string({ unit: 'grapheme', minLength: schema.minLength ?? 0, maxLength: Math.min(schema.maxLength ?? 50, 60) })
    case 'integer':
      return fc.integer({
        min: Math.max(schema.minimum ?? -100, -2_147_483_648),
        max: Math.min(schema.maximum ?? 100, 2_147_483_647),
      })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(valueFor(schema.items, options), { maxLength: Math.min((schema.maxItems ?? 5) + 1, 6) })
    default:
      return fc.object({ maxDepth: 2, maxKeys: 3 })
  }
}

function queryOf(parameters: readonly Tree[]): fc.Arbitrary<string> {
  const known = parameters.filter((parameter) => parameter.in === 'query')
  const pair = (name: string, text: string): string =>
    `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(text.toWellFormed())}`
  const unknown = fc
    .tuple(
      fc.oneof(
        fc.constantFrom(
          'foo',
          '__proto__',
          'constructor',
          'created_at[foo]',
          'created_at[]',
          'status[eq]',
          'a[b][c]',
          'limit ',
          'Limit',
          'toString',
        ),
        evilText,
      ),
      evilText,
    )
    .map(([name, text]) => pair(name, text))
  const raw = fc.constantFrom(
    '%',
    '%zz',
    '%00',
    '%c0%af',
    '%ed%a0%80',
    '=',
    '&&&',
    'limit',
    'limit=1&limit=2',
    'sort',
    '+=+',
    'a"b=1',
    'created_at[gte]=x',
    'x=%u0041',
    ';limit=1',
  )
  const arbitraries = known.map((parameter) => {
    const good = valueFor(parameter.schema).map((value) =>
      pair(parameter.name, Array.isArray(value) ? value.join(',') : String(value)),
    )
    return fc.oneof({ weight: 5, arbitrary: good }, { weight: 2, arbitrary: evilText.map((text) => pair(parameter.name, text)) })
  })
  const some = arbitraries.length === 0 ? fc.constant<string[]>([]) : fc.array(fc.oneof(...arbitraries), { maxLength: 4 })
  const extra = fc.oneof(
    { weight: 12, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: unknown.map((text) => [text]) },
    { weight: 1, arbitrary: raw.map((text) => [text]) },
  )
  return fc.tuple(some, extra).map(([left, right]) => [...left, ...right].join('&'))
}

function headersOf(operation: Tree, { authorizations }: HostileOptions): fc.Arbitrary<Record<string, string>> {
  const token = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...authorizations) },
    { weight: 1, arbitrary: fc.constantFrom('Bearer', 'Bearer x', 'Bearer a.b.c', 'Basic YTpi', 'bearer  x', '') },
  )
  return fc
    .record({
      authorization: fc.option(token, { nil: undefined, freq: 6 }),
      'content-type': fc.oneof(
        { weight: 25, arbitrary: fc.constant('application/json') },
        { weight: 1, arbitrary: fc.constantFrom(...CONTENT_TYPES) },
      ),
      'if-match': operation.parameters.some((parameter: Tree) => parameter.$ref?.endsWith('/IfMatch'))
        ? fc.option(fc.constantFrom(...TAGS), { nil: undefined, freq: 1 })
        : rarely(fc.constantFrom(...TAGS)),
      'if-none-match': rarely(fc.constantFrom(...TAGS)),
      'idempotency-key': fc.oneof(
        { weight: 10, arbitrary: fc.constant(undefined) },
        { weight: 2, arbitrary: fc.integer({ min: 1, max: 40 }).map((number) => `key-${number}`) },
        { weight: 1, arbitrary: fc.constantFrom('', ' ', 'k'.repeat(256), 'a b', '"') },
      ),
      'x-request-id': rarely(fc.constantFrom('a', 'x'.repeat(65), '"},{"', '<b>')),
    })
    .map((headers) =>
      Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    )
}

function bodyOf(document: Tree, reference: Tree, options: HostileOptions): fc.Arbitrary<string | undefined> {
  const schema = follow(document, reference)
  const names = Object.keys(schema.properties)
  const required = new Set<string>(schema.required ?? [])
  const wrong = fc.oneof(
    evilText,
    fc.constantFrom<unknown>(null, 0, -0, 1.5, true, [], {}, ['x'], { a: 1 }, 2 ** 53, -1e308),
    fc.jsonValue({ maxDepth: 3 }),
  )
  const members = names.map((name) => {
    const value = fc.oneof({ weight: 12, arbitrary: valueFor(schema.properties[name], options) }, { weight: 1, arbitrary: wrong })
    return value.chain((one) =>
      fc.oneof(
        { weight: required.has(name) ? 30 : 2, arbitrary: fc.constant([[name, one]] as [string, unknown][]) },
        { weight: 1, arbitrary: fc.constant([] as [string, unknown][]) },
      ),
    )
  })
  const stray = fc.oneof(
    { weight: 15, arbitrary: fc.constant([] as [string, unknown][]) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('id', 'version', 'created_at', 'deleted_at', 'createdAt', 'authorId', 'x', '', 'toString'), wrong)
        .map((pair) => [pair] as [string, unknown][]),
    },
  )
  const built = fc
    .tuple(fc.tuple(...members), stray)
    .map(([known, more]) => JSON.stringify(Object.fromEntries([...known.flat(), ...more])))
  return fc.oneof(
    { weight: 10, arbitrary: built },
    { weight: 1, arbitrary: fc.constantFrom(...EVIL_JSON) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  )
}
