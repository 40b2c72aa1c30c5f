/**
 * Reads the fields that a request sets, through the reader of the engine: what is known, permitted, missing or misshapen is decided there.
 *
 * Masks are those of AIP-134: without one, the fields that are given are set; a field that the mask names and the message leaves out is
 * cleared; what is given and not named is passed over; `*` replaces the record. @see https://google.aip.dev/134
 */
import type { DescMessage, Message } from '@bufbuild/protobuf'
import type { FieldMask } from '@bufbuild/protobuf/wkt'
import { FieldReader, type FieldValues } from '../../engine/index.ts'
import { NAME_SHOWN_MAX, shorten } from '../../kernel/index.ts'
import type { Actor, FieldModel, ResourceModel } from '../../model/index.ts'
import { inputFields } from '../describe/draft-fields.ts'
import { recordName } from '../describe/names.ts'
import { Findings } from './findings.ts'
import { fieldOf, memberOf } from './members.ts'
import { valueReader } from './read-value.ts'

/** Named as in the message; what is absent is not there, unless `wanted` asks for it: then it is null, or the empty list. */
type BodyReader = (message: Message | undefined, wanted?: ReadonlySet<string>) => object

export interface UpdateValues {
  /** `replace` where the mask is `*`. */
  readonly mode: 'update' | 'replace'
  readonly values: FieldValues
}

/** What a caller says, judged as whoever says it. @throws `VALIDATION_FAILED`, `AUTH_FIELD_FORBIDDEN` */
export type Said = (actor: Actor) => FieldValues

export function createReader(resource: ResourceModel, schema: DescMessage): (request: Message, actor: Actor) => FieldValues {
  const { member, readBody } = inputOf(resource, schema)
  const fields = new FieldReader(resource.fields, 'column')
  return (request, actor) => fields.read(readBody(member(request)), 'create', actor)
}

export function updateReader(resource: ResourceModel, schema: DescMessage): (request: Message, actor: Actor) => UpdateValues {
  const { member, readBody } = inputOf(resource, schema)
  const maskMember = memberOf(schema, 'update_mask')
  const fields = new FieldReader(resource.fields, 'column')
  const known = new Set(inputFields(resource).map(({ column }) => column))
  return (request, actor) => {
    const mask = maskMember(request) as FieldMask | undefined
    const paths = new Set(mask?.paths)
    if (paths.has('*') && paths.size === 1) {
      return { mode: 'replace', values: fields.read(readBody(member(request)), 'replace', actor) }
    }
    expectKnown(paths, known)
    const body = paths.size === 0 ? readBody(member(request)) : readBody(member(request), paths)
    return { mode: 'update', values: fields.read(body, 'update', actor) }
  }
}

/** The input of an action stands in the request itself, beside `id` and `version`. */
export function actionReader(input: readonly FieldModel[], schema: DescMessage): (request: Message, actor: Actor) => FieldValues {
  const readBody = bodyReader(input, schema)
  const fields = new FieldReader(input, 'column')
  return (request, actor) => fields.read(readBody(request), 'create', actor)
}

/** What a message of an exchange says; undefined where it says nothing. */
export function saidReader(receives: readonly FieldModel[], schema: DescMessage): (request: Message) => Said | undefined {
  const { member, readBody } = nestedOf(receives, schema, 'input')
  const fields = new FieldReader(receives, 'column')
  return (request) => {
    const said = member(request)
    return said === undefined ? undefined : (actor) => fields.read(readBody(said), 'create', actor)
  }
}

function inputOf(resource: ResourceModel, schema: DescMessage) {
  return nestedOf(inputFields(resource), schema, recordName(resource))
}

function nestedOf(fields: readonly FieldModel[], schema: DescMessage, name: string) {
  const { message } = fieldOf(schema, name)
  if (message === undefined) throw new TypeError(`Cannot read ${schema.typeName}: "${name}" is no message`)
  const read = memberOf(schema, name)
  return {
    // A message field gives a message, or nothing where it is absent.
    member: (request: Message) => read(request) as Message | undefined,
    readBody: bodyReader(fields, message),
  }
}

function bodyReader(fields: readonly FieldModel[], schema: DescMessage): BodyReader {
  const readers = fields.map((field) => {
    const desc = fieldOf(schema, field.column)
    return {
      name: field.column,
      member: memberOf(schema, field.column),
      read: valueReader(field, desc),
      isList: desc.fieldKind === 'list',
    }
  })
  return (message, wanted) => {
    const body: Record<string, unknown> = {}
    for (const { name, member, read, isList } of readers) {
      if (wanted !== undefined && !wanted.has(name)) continue
      const value = message === undefined ? undefined : read(member(message))
      // The wire cannot tell an empty list from none: it is given only where a mask says so.
      const isGiven = value !== undefined && !(isList && (value as readonly unknown[]).length === 0)
      if (isGiven) body[name] = value
      else if (wanted !== undefined) body[name] = isList ? [] : null
    }
    return body
  }
}

function expectKnown(paths: ReadonlySet<string>, known: ReadonlySet<string>): void {
  const findings = new Findings()
  for (const path of paths) {
    if (known.has(path)) continue
    const shown = JSON.stringify(shorten(path, NAME_SHOWN_MAX))
    findings.add('update_mask', 'unknown', `names ${shown}, expected some of ${[...known].join(', ')}, or \`*\` alone`)
  }
  findings.expectNone()
}
