/**
 * gRPC, asked over the wire through `@grpc/grpc-js`. Messages are made from JSON by the descriptors, so what a message cannot hold (another type, an
 * unknown field, a word that no enum has) is not asked.
 */
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  toBinary,
  toJson,
} from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { type FieldMask, FieldMaskSchema } from '@bufbuild/protobuf/wkt'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { describeGrpc, EMPTY_LOCK, type GrpcDescription, type GrpcMethod, type ProtoLock } from '../../src/grpc/index.ts'
import { toSnakeCase } from '../../src/kernel/index.ts'
import type { Domain, FieldModel, Json, ResourceModel } from '../../src/model/index.ts'
import type { TestService } from '../../src/testing/index.ts'
import { type AgreedRecord, type Operation, type Outcome, PAGES_MAX, type Values } from './operation.ts'
import { agreedRecord, type OpenSurface, refused } from './surface.ts'

const OPERATORS: Readonly<Record<string, string>> = { in: 'any_of', null: 'is_null' }
/** A call that takes longer has failed. */
const PATIENCE_MS = 10_000
const DETAILS = 'grpc-status-details-bin'

/**
 * @param addressOf where the service serves gRPC: `127.0.0.1:50051`
 * @param lock the numbers that the service has; default those of a domain without a lock
 */
export function openGrpc(domain: Domain, addressOf: (service: TestService) => string, lock: ProtoLock = EMPTY_LOCK): OpenSurface {
  const description = describeGrpc(domain, lock)
  return (service) => {
    const client = new Client(addressOf(service), credentials.createInsecure())
    return {
      name: 'gRPC',
      run: (operation, token) => new GrpcCalls(description, askOver(client, token)).run(operation),
      close: () => client.close(),
    }
  }
}

/** A message of `google.rpc`, as a refusal carries it. */
export interface RefusalDetail {
  /** `google.rpc.ErrorInfo`. */
  readonly type: string
  readonly value: Uint8Array
}

/** Calls one method over some transport: the answer, or what its refusal says. */
export type Ask = (
  method: DescMethod,
  request: Message,
) => Promise<{ readonly message: Message } | { readonly details: readonly RefusalDetail[] }>

function askOver(client: Client, token: string | undefined): Ask {
  const metadata = new Metadata()
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`)
  return ({ parent, name, input, output }, request) =>
    new Promise((resolve) => {
      client.makeUnaryRequest(
        `/${parent.typeName}/${name}`,
        (message: Message) => Buffer.from(toBinary(input, message)),
        (bytes) => fromBinary(output, bytes),
        request,
        metadata,
        { deadline: Date.now() + PATIENCE_MS },
        (error, message) => resolve(error === null ? { message: message as Message } : { details: detailsOf(error) }),
      )
    })
}

/** The operations of the suite as calls of methods, whatever transport carries them. */
export class GrpcCalls {
  readonly #description: GrpcDescription
  readonly #call: Ask

  constructor(description: GrpcDescription, call: Ask) {
    this.#description = description
    this.#call = call
  }

  async run(operation: Operation): Promise<Outcome | undefined> {
    const method = this.#methodOf(operation)
    if (method === undefined) return undefined
    if (operation.kind === 'list') return this.#walk(method, operation)
    const request = requestOf(method, operation)
    return request === undefined ? undefined : this.#callOne(method, request, operation.resource)
  }

  #methodOf({ kind, resource, ...rest }: Operation): GrpcMethod | undefined {
    // To replace is to update under the mask of everything.
    const wanted = kind === 'replace' ? 'update' : kind
    return this.#description.methods.find(
      (method) =>
        method.resource.name === resource.name &&
        method.kind === wanted &&
        (method.kind !== 'act' || ('action' in rest && method.action.name === rest.action)),
    )
  }

  async #walk(method: GrpcMethod, operation: Operation & { readonly kind: 'list' }): Promise<Outcome | undefined> {
    const { resource, under } = operation
    // A parent is a filter like any other here, and a filter does not ask whether there is such a parent.
    if (under !== undefined) return undefined
    // To protobuf nought is not said.
    if (operation.limit === 0) return undefined
    const json = listJson(resource, operation)
    if (json === undefined) return undefined
    const pages: AgreedRecord[][] = []
    const isNumbered = resource.list.pages === 'numbered'
    let place: Readonly<Record<string, JsonValue>> = operation.cursor === undefined ? {} : { page_token: operation.cursor }
    while (pages.length < PAGES_MAX) {
      const request = messageOf(method.descMethod.input, { ...json, ...place })
      if (request === undefined) return undefined
      const answer = await this.#call(method.descMethod, request)
      if (!('message' in answer)) return refusalOf(answer.details, resource)
      const page = jsonOf(method.descMethod.output, answer.message)
      const records = (page[toSnakeCase(resource.plural)] ?? []) as readonly Readonly<Record<string, Json>>[]
      pages.push(records.map((record) => readRecord(resource, record)))
      const isLast = isNumbered
        ? pages.length * operation.limit >= Number(page['total_size'] ?? 0)
        : (page['next_page_token'] ?? '') === ''
      if (isLast) break
      place = isNumbered ? { page: pages.length + 1 } : { page_token: page['next_page_token'] as string }
    }
    return { kind: 'pages', pages }
  }

  async #callOne({ descMethod }: GrpcMethod, request: Message, resource: ResourceModel): Promise<Outcome> {
    const answer = await this.#call(descMethod, request)
    if (!('message' in answer)) return refusalOf(answer.details, resource)
    const member = descMethod.output.fields.find((field) => field.fieldKind === 'message')
    if (member === undefined) return { kind: 'done' }
    const json = jsonOf(descMethod.output, answer.message)
    return { kind: 'record', record: readRecord(resource, json[member.name] as Readonly<Record<string, Json>>) }
  }
}

function requestOf(method: GrpcMethod, operation: Exclude<Operation, { kind: 'list' }>): Message | undefined {
  const { input } = method.descMethod
  const { resource, kind } = operation
  const wrapper = toSnakeCase(resource.name)
  switch (kind) {
    case 'get': {
      const request = messageOf(input, { id: operation.id, ...(operation.includesDeleted === true && { include_deleted: true }) })
      if (request === undefined || operation.fields === undefined) return request
      return Object.assign(request, { readMask: create(FieldMaskSchema, { paths: [...operation.fields] }) })
    }
    case 'create': {
      const json = inputJson(resource, resource.fields, operation.values, false)
      return json && messageOf(input, { [wrapper]: json })
    }
    case 'update':
    case 'replace': {
      const json = inputJson(resource, resource.fields, operation.values, true)
      const request = json && messageOf(input, { ...target(operation), [wrapper]: json })
      if (request === undefined) return undefined
      const paths = kind === 'replace' ? ['*'] : Object.keys(operation.values)
      // Without a mask the fields that are given count: no mask says that there are none.
      if (paths.length === 0) return undefined
      const mask: FieldMask = create(FieldMaskSchema, { paths })
      return Object.assign(request, { updateMask: mask })
    }
    case 'delete':
    case 'restore':
      return messageOf(input, target(operation))
    case 'act': {
      const fields = resource.actions.find(({ name }) => name === operation.action)?.input ?? []
      const json = inputJson(resource, fields, operation.values, false)
      return json && messageOf(input, { ...target(operation), ...json })
    }
  }
}

function listJson(
  resource: ResourceModel,
  { filter = [], sort, search, limit, includesDeleted }: Operation & { readonly kind: 'list' },
): Readonly<Record<string, JsonValue>> | undefined {
  const filters: Record<string, Record<string, JsonValue>> = {}
  for (const { column, operator, value } of filter) {
    const field = resource.fieldsByColumn.get(column)
    if (field === undefined) return undefined
    const values = Array.isArray(value) ? value : [value]
    if (operator !== 'null' && !values.every((one) => isFit(field, one))) return undefined
    const spelt = values.map((one) => spell(field, resource, one))
    filters[column] = {
      ...filters[column],
      [OPERATORS[operator] ?? operator]: (Array.isArray(value) ? spelt : spelt[0]) as JsonValue,
    }
  }
  return {
    page_size: limit,
    ...(filter.length > 0 && { filter: filters }),
    ...(sort !== undefined && { order_by: sort.map((key) => (key.startsWith('-') ? `${key.slice(1)} desc` : key)).join(', ') }),
    ...(search !== undefined && { search }),
    ...(includesDeleted === true && { include_deleted: true }),
  }
}

/** @param hasMask null is then a field that the mask names and the message leaves out */
function inputJson(
  resource: ResourceModel,
  fields: readonly FieldModel[],
  values: Values,
  hasMask: boolean,
): Readonly<Record<string, JsonValue>> | undefined {
  const json: Record<string, JsonValue> = {}
  for (const [column, value] of Object.entries(values)) {
    const field = fields.find((one) => one.column === column)
    if (field === undefined) return undefined
    if (value === null && hasMask) continue
    if (!isFit(field, value)) return undefined
    json[column] = spell(field, resource, value) as JsonValue
  }
  return json
}

/** Whether a message can hold the value, where JSON would be read too kindly. */
function isFit({ kind }: FieldModel, value: Json): boolean {
  const type = kind.protobufType
  if (type.startsWith('repeated ')) return Array.isArray(value)
  switch (type) {
    case 'string':
      return typeof value === 'string' && value.isWellFormed()
    case 'bool':
      return typeof value === 'boolean'
    case 'int32':
      return Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31
    case 'int64':
      return Number.isSafeInteger(value)
    case 'google.protobuf.Timestamp':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value)
    default:
      return value !== null
  }
}

/** The word of a choice as its enum has it; a word that it has not is spelt the same way, and no message takes it. */
function spell(field: FieldModel, resource: ResourceModel, value: Json): Json {
  return field.kind.name === 'choice' && typeof value === 'string' ? prefixOf(field, resource) + spellWord(value) : value
}

/** `POST_STATUS_`. */
function prefixOf({ publicName }: FieldModel, { typeName }: ResourceModel): string {
  return `${toSnakeCase(typeName).slice(1)}_${toSnakeCase(publicName)}_`.toUpperCase()
}

function spellWord(word: string): string {
  return word.toUpperCase().replaceAll('-', '_')
}

/** Undefined where the message cannot hold it. */
function messageOf(schema: DescMessage, json: Readonly<Record<string, JsonValue>>): Message | undefined {
  try {
    return fromJson(schema, json)
  } catch {
    return undefined
  }
}

function target({
  id,
  version,
}: {
  readonly id: string
  readonly version?: number | undefined
}): Readonly<Record<string, JsonValue>> {
  return { id, ...(version !== undefined && { version }) }
}

function jsonOf(schema: DescMessage, message: Message): Readonly<Record<string, Json>> {
  return toJson(schema, message, { alwaysEmitImplicit: true, useProtoFieldName: true }) as Readonly<Record<string, Json>>
}

function readRecord(resource: ResourceModel, record: Readonly<Record<string, Json>>): AgreedRecord {
  return agreedRecord(resource, (field) => {
    const value = record[field.column]
    if (field.kind.name === 'choice') {
      const words = field.kind.schema['enum'] as readonly string[]
      return words.find((word) => prefixOf(field, resource) + spellWord(word) === value)
    }
    // JSON spells 64 bits as text, since its numbers have 53.
    return field.kind.protobufType === 'int64' && typeof value === 'string' ? Number(value) : value
  })
}

/** @see https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto */
function detailsOf(error: ServiceError): readonly RefusalDetail[] {
  const [bytes] = error.metadata.get(DETAILS)
  if (!(bytes instanceof Buffer))
    throw new Error(`Cannot read the refusal of gRPC: ${error.code} ${error.details} carries no details`)
  const details = read(bytes).filter(({ number }) => number === STATUS_DETAILS)
  return details.map(({ value }) => {
    const any = read(value as Uint8Array)
    const [, type = ''] = textOf(any, ANY_TYPE).split('/')
    return { type, value: any.find(({ number }) => number === ANY_VALUE)?.value as Uint8Array }
  })
}

function refusalOf(details: readonly RefusalDetail[], resource: ResourceModel): Outcome {
  const of = (name: string) => details.find(({ type }) => type === name)?.value
  const info = of('google.rpc.ErrorInfo')
  const bad = of('google.rpc.BadRequest')
  if (info === undefined)
    throw new Error(`Cannot read the refusal of gRPC: it has no ErrorInfo, only ${details.map(({ type }) => type).join(', ')}`)
  const violations = bad === undefined ? [] : read(bad)
  return refused(
    textOf(read(info), ERROR_REASON),
    resource,
    violations.map(({ value }) => textOf(read(value as Uint8Array), VIOLATION_FIELD)),
  )
}

const STATUS_DETAILS = 3
const ANY_TYPE = 1
const ANY_VALUE = 2
const ERROR_REASON = 1
const VIOLATION_FIELD = 1

/** The fields of a message without its description; those with a length as bytes. */
function read(bytes: Uint8Array): readonly { readonly number: number; readonly value: unknown }[] {
  const reader = new BinaryReader(bytes)
  const fields: { readonly number: number; readonly value: unknown }[] = []
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    fields.push({ number, value: type === WireType.LengthDelimited ? reader.bytes() : reader.skip(type) })
  }
  return fields
}

function textOf(fields: readonly { readonly number: number; readonly value: unknown }[], number: number): string {
  const found = fields.find((field) => field.number === number)
  return found?.value instanceof Uint8Array ? Buffer.from(found.value).toString() : ''
}
