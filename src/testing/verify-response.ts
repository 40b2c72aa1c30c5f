/**
 * Holds an answer against the OpenAPI document: its path, method, status, headers and body must be what the document says. For
 * tests.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Json } from '../model/index.ts'
import type { OpenApiDocument } from '../rest/index.ts'

/** An answer as it came over the wire. */
export interface ObservedResponse {
  readonly method: string
  /** Path, with or without query. */
  readonly path: string
  readonly status: number
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

type Node = Readonly<Record<string, Json>>
type Pointer = readonly string[]

/** What is wrong with an answer, one sentence each; empty: it is as the document says. */
export type VerifyResponse = (response: ObservedResponse) => readonly string[]

const DOCUMENT_ID = 'https://openapi.example/document'
/** Statuses that the server answers before it knows an operation. */
const BEFORE_ROUTING: ReadonlySet<number> = new Set([400, 404, 405, 408, 414, 431, 503])

/**
 * Compiles a document into a verifier. Schemas compile on first use.
 *
 * @example
 * const verify = responseVerifier(document)
 * expect(verify({ method: 'GET', path: '/api/v1/posts', status: 200, headers, body })).toEqual([])
 */
export function responseVerifier(document: OpenApiDocument): VerifyResponse {
  const ajv = new Ajv2020({ strict: false, allErrors: false, logger: false })
  addFormats.default(ajv)
  ajv.addSchema({ ...document, $id: DOCUMENT_ID })
  const validators = new Map<string, ValidateFunction>()
  // A path that is written out wins over one with a parameter in its place, as it does in servers.
  const templates = Object.keys(document['paths'] as Node)
    .sort((left, right) => left.split('{').length - right.split('{').length)
    .map((template) => ({ template, form: templateForm(template) }))

  const validate = (pointer: Pointer, value: unknown): string | undefined => {
    const path = `${DOCUMENT_ID}#/${pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`
    const validator = validators.get(path) ?? ajv.compile({ $ref: path })
    validators.set(path, validator)
    if (validator(value)) return undefined
    return (validator.errors ?? [])
      .map((error) => `${error.instancePath || 'it'} ${error.message ?? ''} ${JSON.stringify(error.params)}`)
      .join('; ')
  }

  return (response) => {
    const path = readPath(response.path)
    const method = response.method === 'HEAD' ? 'get' : response.method.toLowerCase()
    const template = templates.find(({ form }) => form.test(path))?.template
    const operation = template === undefined ? undefined : ((document['paths'] as Node)[template] as Node)[method]
    const where = `${response.method} ${path.slice(0, 120)} ${response.status}`
    if (template === undefined || operation === undefined) return verifyStray(where, response, validate)
    const pointer: Pointer = ['paths', template, method, 'responses', String(response.status)]
    const found = resolve(document, pointer)
    if (found === undefined) return [`${where}: the operation has no such status`]
    return verifyDescribed(where, document, found.node, found.pointer, response, validate)
  }
}

type Validate = (pointer: Pointer, value: unknown) => string | undefined

/** No operation has this method and path: only the server itself can have answered. */
function verifyStray(where: string, response: ObservedResponse, validate: Validate): readonly string[] {
  if (response.method === 'OPTIONS' && response.status === 204) return []
  if (!BEFORE_ROUTING.has(response.status)) return [`${where}: no operation is there, expected a refusal`]
  if (response.method === 'HEAD') return []
  const problem = validate(['components', 'schemas', 'Error'], parse(response.body))
  return problem === undefined ? [] : [`${where}: ${problem}`]
}

function verifyDescribed(
  where: string,
  document: OpenApiDocument,
  node: Node,
  pointer: Pointer,
  response: ObservedResponse,
  validate: Validate,
): readonly string[] {
  const problems: string[] = []
  for (const name of Object.keys((node['headers'] ?? {}) as Node)) {
    const header = resolve(document, [...pointer, 'headers', name])
    const text = response.headers[name.toLowerCase()]
    if (header === undefined) problems.push(`${where}: the document names no header ${name}`)
    else if (text === undefined) {
      if (header.node['required'] === true) problems.push(`${where}: the header ${name} is missing`)
    } else {
      const isNumber = (header.node['schema'] as Node)['type'] === 'integer'
      const problem = validate([...header.pointer, 'schema'], isNumber ? Number(text) : text)
      if (problem !== undefined) problems.push(`${where}: the header ${name} is ${JSON.stringify(text)}: ${problem}`)
    }
  }
  if (node['content'] === undefined || response.method === 'HEAD') {
    if (response.body !== '') problems.push(`${where}: there is a body, expected none`)
    return problems
  }
  if (response.headers['content-type'] !== 'application/json; charset=utf-8')
    problems.push(`${where}: the content type is ${response.headers['content-type']}`)
  const problem = validate([...pointer, 'content', 'application/json', 'schema'], parse(response.body))
  return problem === undefined ? problems : [...problems, `${where}: ${problem}`]
}

/** Finds a node and follows its reference; undefined where there is none. */
function resolve(document: OpenApiDocument, pointer: Pointer): { readonly node: Node; readonly pointer: Pointer } | undefined {
  let node: Json | undefined = document
  for (const part of pointer) node = (node as Node | undefined)?.[part]
  if (node === undefined) return undefined
  const target = (node as Node)['$ref']
  if (typeof target !== 'string') return { node: node as Node, pointer }
  return resolve(document, target.slice(2).split('/'))
}

/** Without its query, and `%61pi` read as `api`, as servers read it. */
function readPath(target: string): string {
  const [path = ''] = target.split('?')
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}

function templateForm(template: string): RegExp {
  const parts = template.split(/\{[a-z_]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^/]*')}$`)
}

/** Undefined where the body is no JSON: no schema of the document accepts that. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
