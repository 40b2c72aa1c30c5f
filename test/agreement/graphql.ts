/** GraphQL, asked over the wire, as a client would that has read the schema: every value goes as a variable. */
import { encodeTypeId, toPascalCase, toSnakeCase } from '../../src/kernel/index.ts'
import type { FieldModel, Json, ResourceModel } from '../../src/model/index.ts'
import type { TestAnswer } from '../../src/testing/index.ts'
import { type AgreedRecord, type Operation, type Outcome, PAGES_MAX, type Values } from './operation.ts'
import { agreedRecord, type OpenSurface, refused } from './surface.ts'

interface Failure {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions?: { readonly code?: string; readonly details?: readonly { readonly field: string }[] }
}

interface UserError {
  readonly code: string
  readonly field: readonly string[] | null
}

interface Answer {
  readonly data?: Readonly<Record<string, Json>> | null
  readonly errors?: readonly Failure[]
}

interface Variable {
  readonly type: string
  readonly value: unknown
}

type Variables = Readonly<Record<string, Variable>>
type Send = (query: string, variables: Readonly<Record<string, unknown>>) => Promise<TestAnswer>

export const openGraphql: OpenSurface = (service) => ({
  name: 'GraphQL',
  async run(operation, token) {
    const send: Send = (query, variables) => service.request('/graphql', { method: 'POST', token, body: { query, variables } })
    const surface = new GraphqlResource(operation.resource, send)
    return operation.kind === 'list' ? surface.walk(operation) : surface.runOne(operation)
  },
  close: () => undefined,
})

type List = Operation & { readonly kind: 'list' }

/** The documents about one resource. */
class GraphqlResource {
  readonly #resource: ResourceModel
  readonly #send: Send
  readonly #selection: string
  readonly #shown: readonly FieldModel[]

  constructor(resource: ResourceModel, send: Send) {
    this.#resource = resource
    this.#send = send
    const showsDeleted = resource.rules.some(({ verbs }) => verbs.includes('read-deleted'))
    this.#shown = resource.fields.filter(
      ({ rules, name, isStandard }) => rules.isOutput || (isStandard && name === 'deletedAt' && showsDeleted),
    )
    this.#selection = this.#shown.map(({ publicName }) => publicName).join(' ')
  }

  async runOne(operation: Exclude<Operation, { kind: 'list' }>): Promise<Outcome | undefined> {
    const { typeName, idPrefix } = this.#resource
    switch (operation.kind) {
      case 'get':
        if (operation.includesDeleted !== true) return this.#get(operation.id, operation.fields)
        // A list cannot be asked for what is no id.
        return isTypeId(operation.id, idPrefix) ? this.#findDeleted(operation.id) : undefined
      case 'create':
        return this.#mutate(`create${typeName}`, this.#input(operation.values))
      case 'update':
      case 'replace':
        return this.#mutate(`${operation.kind}${typeName}`, { ...target(operation), ...this.#input(operation.values) })
      case 'delete':
      case 'restore':
        return this.#mutate(`${operation.kind}${typeName}`, target(operation))
      case 'act': {
        const fields = this.#resource.actions.find(({ name }) => name === operation.action)?.input ?? []
        return this.#mutate(`${operation.action}${typeName}`, { ...target(operation), ...spellInput(fields, operation.values) })
      }
    }
  }

  async walk(operation: List): Promise<Outcome | undefined> {
    const { typeName, plural, fieldsByColumn } = this.#resource
    const { filter = [], sort, search, limit, cursor, includesDeleted, under } = operation
    const filters: Record<string, Record<string, unknown>> = {}
    for (const { column, operator, value } of filter) {
      const field = fieldsByColumn.get(column)
      const spell = (one: Json): unknown => (field === undefined ? one : spellValue(field, one))
      const name = field?.publicName ?? column
      filters[name] = {
        ...filters[name],
        [operator === 'null' ? 'isNull' : operator]: Array.isArray(value) ? value.map(spell) : spell(value),
      }
    }
    const variables: Record<string, Variable> = { first: { type: 'Int', value: limit } }
    if (filter.length > 0) variables['filter'] = { type: `${typeName}Filter`, value: filters }
    if (sort !== undefined) variables['orderBy'] = { type: `[${typeName}Order!]`, value: sort.map(spellOrder) }
    if (search !== undefined) variables['search'] = { type: 'String', value: search }
    if (includesDeleted === true) variables['includeDeleted'] = { type: 'Boolean', value: true }
    if (cursor !== undefined) variables['after'] = { type: 'String', value: cursor }

    const pages: AgreedRecord[][] = []
    while (pages.length < PAGES_MAX) {
      const selection = `{ nodes { ${this.#selection} } pageInfo { hasNextPage endCursor } }`
      const answer = await this.#ask('query', under?.child.name ?? plural, variables, selection, under)
      if (isOutcome(answer)) return answer
      // Whoever may not know of the parent sees nothing under it here; REST has an address for what belongs to it.
      if (answer === null) return undefined
      const page = answer as unknown as {
        readonly nodes: readonly Readonly<Record<string, Json>>[]
        readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
      }
      pages.push(page.nodes.map((node) => this.#readRecord(node)))
      if (!page.pageInfo.hasNextPage) break
      variables['after'] = { type: 'String', value: page.pageInfo.endCursor }
    }
    return { kind: 'pages', pages }
  }

  async #get(id: string, fields: readonly string[] | undefined): Promise<Outcome> {
    const name = lowerFirst(this.#resource.typeName)
    const { fieldsByColumn } = this.#resource
    // REST gives the id along with whatever was asked for.
    const selection =
      fields === undefined
        ? this.#selection
        : [...new Set(['id', ...fields.map((column) => fieldsByColumn.get(column)?.publicName ?? column)])].join(' ')
    const answer = await this.#ask('query', name, { id: { type: 'ID!', value: id } }, `{ ${selection} }`)
    if (isOutcome(answer)) return answer
    // Null is how GraphQL says that there is no such record for this caller.
    if (answer === null) return refused('NOT_FOUND_RECORD', this.#resource, [])
    return { kind: 'record', record: this.#readRecord(answer as Readonly<Record<string, Json>>) }
  }

  /** A deleted record is reached through its list alone. */
  async #findDeleted(id: string): Promise<Outcome | undefined> {
    const walked = await this.walk({ kind: 'list', resource: this.#resource, limit: 50, includesDeleted: true })
    if (walked?.kind !== 'pages') return walked
    const record = walked.pages.flat().find((one) => one['id'] === id)
    return record === undefined ? refused('NOT_FOUND_RECORD', this.#resource, []) : { kind: 'record', record }
  }

  async #mutate(name: string, input: object): Promise<Outcome> {
    const isDeletion = name.startsWith('delete')
    const record = lowerFirst(this.#resource.typeName)
    const type = `${toPascalCase(name)}Input!`
    const selection = `{ ${record} { ${isDeletion ? 'id version' : this.#selection} } errors { code message field } }`
    const answer = await this.#ask('mutation', name, { input: { type, value: input } }, selection)
    if (isOutcome(answer)) return answer
    const payload = answer as unknown as Readonly<Record<string, Readonly<Record<string, Json>> | null>> & {
      readonly errors: readonly UserError[]
    }
    const [first] = payload.errors
    if (first !== undefined) {
      const fields = payload.errors.flatMap(({ field }) => (field === null ? [] : [field.join('.')]))
      return refused(first.code, this.#resource, fields)
    }
    if (isDeletion) return { kind: 'done' }
    return { kind: 'record', record: this.#readRecord(payload[record] ?? {}) }
  }

  /** The value of the one root field, or how the question was refused. */
  async #ask(
    kind: 'query' | 'mutation',
    root: string,
    variables: Variables,
    selection: string,
    under?: List['under'],
  ): Promise<Json | Outcome> {
    const names = Object.keys(variables)
    const parent = under === undefined ? {} : { parent: { type: 'ID!', value: under.id } }
    const all: Variables = { ...variables, ...parent }
    const declared = Object.entries(all).map(([name, { type }]) => `$${name}: ${type}`)
    const field = `${root}(${names.map((name) => `${name}: $${name}`).join(', ')}) ${selection}`
    const outer = under === undefined ? undefined : lowerFirst(under.parent.typeName)
    const document = `${kind}(${declared.join(', ')}) { ${outer === undefined ? field : `${outer}(id: $parent) { ${field} }`} }`
    const answer = await this.#send(document, Object.fromEntries(Object.entries(all).map(([name, { value }]) => [name, value])))
    const { data, errors = [] } = (answer.json ?? {}) as Answer
    const [failure] = errors
    if (failure !== undefined) {
      if (failure.extensions?.code === undefined)
        throw new Error(`Cannot read the refusal of GraphQL: ${answer.status} ${answer.text}`)
      const { code, details = [] } = failure.extensions
      // Not the list is refused, but the parent that it hangs on.
      if (outer !== undefined && failure.path?.length === 1 && code.startsWith('AUTH_')) return null
      // The schema's own types refused a variable.
      if (details.some(({ field }) => field.startsWith('variables'))) return { kind: 'refused', code, fields: undefined }
      const path = outer === undefined ? `${root}.` : `${outer}.${root}.`
      return refused(
        code,
        this.#resource,
        details.map(({ field }) => (field.startsWith(path) ? field.slice(path.length) : field)),
      )
    }
    if (data === undefined || data === null)
      throw new Error(`Cannot read the answer of GraphQL: ${answer.status} ${answer.text}\n${document}`)
    if (outer === undefined) return data[root] ?? null
    return (data[outer] as Readonly<Record<string, Json>> | null)?.[root] ?? null
  }

  #input(values: Values): Readonly<Record<string, unknown>> {
    return spellInput(this.#resource.fields, values)
  }

  #readRecord(record: Readonly<Record<string, Json>>): AgreedRecord {
    return agreedRecord(this.#resource, (field) => {
      if (!this.#shown.includes(field)) return undefined
      const value = record[field.publicName]
      if (typeof value !== 'string') return value
      if (field.kind.idPrefix !== undefined) return readId(value)
      return wordsOf(field)?.find((word) => spellWord(word) === value) ?? value
    })
  }
}

function isOutcome(answer: Json | Outcome): answer is Outcome {
  return typeof answer === 'object' && answer !== null && 'kind' in answer && answer['kind'] === 'refused'
}

function target({ id, version }: { readonly id: string; readonly version?: number | undefined }): object {
  return { id, ...(version !== undefined && { version }) }
}

/** Names that no field has go as they are: a guess of somebody's. */
function spellInput(fields: readonly FieldModel[], values: Values): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(values).map(([column, value]) => {
      const field = fields.find((one) => one.column === column)
      return field === undefined ? [column, value] : [field.publicName, spellValue(field, value)]
    }),
  )
}

function spellValue(field: FieldModel, value: Json): unknown {
  const words = wordsOf(field)
  return typeof value === 'string' && words?.includes(value) === true ? spellWord(value) : value
}

function wordsOf({ kind }: FieldModel): readonly string[] | undefined {
  return kind.name === 'choice' ? (kind.schema['enum'] as readonly string[]) : undefined
}

function spellWord(word: string): string {
  return word.toUpperCase().replaceAll('-', '_')
}

/** `-created_at` → `CREATED_AT_DESC`. */
function spellOrder(key: string): string {
  const isDescending = key.startsWith('-')
  return `${toSnakeCase(isDescending ? key.slice(1) : key).toUpperCase()}_${isDescending ? 'DESC' : 'ASC'}`
}

function isTypeId(id: string, prefix: string): boolean {
  return id.startsWith(`${prefix}_`) && id.length === prefix.length + 1 + TYPE_ID_SUFFIX
}

const TYPE_ID_SUFFIX = 26

/** Base64 of the prefix, filled up with underscores, and the 16 bytes of the key. */
function readId(id: string): string {
  const bytes = Buffer.from(id, 'base64')
  const prefix = bytes.subarray(0, -16).toString().replace(/_+$/, '')
  const uuid = bytes
    .subarray(-16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return encodeTypeId(prefix, uuid)
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}
