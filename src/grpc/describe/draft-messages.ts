/** Drafts the request and the response of each method. Every method has messages of its own, so that each can grow alone. */
import { isOffered, type ResourceModel } from '../../model/index.ts'
import {
  type DraftEnum,
  type DraftField,
  type DraftMessage,
  type DraftMethod,
  FIELD_MASK,
  type MethodMeaning,
  scalar,
  TIMESTAMP,
} from './draft.ts'
import { draftInput, draftOutput, enumValueName, unspecifiedOf } from './draft-fields.ts'
import { packageOf, recordName, recordsName } from './names.ts'

type ExchangeMeaning = Extract<MethodMeaning, { readonly kind: 'exchange' }>

/** What can happen to a record, as `Watch` tells it. */
export const CHANGE_KINDS = ['created', 'updated', 'deleted'] as const

/** The message within the request of an exchange. */
const SAID = 'Input'
const VERSION: DraftField = {
  name: 'version',
  type: scalar('int32'),
  label: 'optional',
  description: 'The version that may be overwritten; a record that has another is left alone. Default: whichever it is.',
}
const READ_MASK: DraftField = {
  name: 'read_mask',
  type: FIELD_MASK,
  label: 'singular',
  description: 'The fields that the answer holds; `id` is always among them. Default all that the caller may see.',
}
const INCLUDE_DELETED: DraftField = {
  name: 'include_deleted',
  type: scalar('bool'),
  label: 'singular',
  description: 'Whether deleted records count too, each with its `deleted_at`; for those who may see them.',
}

export function draftRequest(method: DraftMethod): DraftMessage {
  const { name, meaning } = method
  const draft = { name: `${name}Request`, description: `What ${name} takes.`, fields: draftRequestFields(method) }
  return meaning.kind === 'exchange' ? { ...draft, nested: [draftSaid(name, meaning)] } : draft
}

/** What each message of an exchange says: `ChatRoomRequest.Input`. */
function draftSaid(method: string, { resource, exchange: { receives, name } }: ExchangeMeaning): DraftMessage {
  const scope = { package: packageOf(resource), owner: method }
  return {
    name: SAID,
    description: `What the caller says in ${name}.`,
    fields: receives.map((field) => draftInput(field, scope)),
  }
}

/** In front of the enums that answers of an exchange speak of. */
export function answerOwner(method: string): string {
  return `${method}Answer`
}

export function draftResponse(method: DraftMethod): DraftMessage {
  return { name: `${method.name}Response`, description: `What ${method.name} answers.`, fields: draftResponseFields(method) }
}

/** `PostChangeKind`. */
export function draftChangeKind(resource: ResourceModel): DraftEnum {
  const name = changeKindName(resource)
  return {
    name,
    description: 'What happened to a record.',
    values: [unspecifiedOf(name), ...CHANGE_KINDS.map((kind) => enumValueName(name, kind))],
  }
}

function draftRequestFields({ name, meaning }: DraftMethod): readonly DraftField[] {
  const { resource } = meaning
  const scope = { package: packageOf(resource), owner: name }
  const id: DraftField = { name: 'id', type: scalar('string'), label: 'singular', description: `Which ${resource.name}.` }
  const input = messageField(recordName(resource), resource, 'Input')
  const deleted = isOffered(resource, 'read-deleted') ? [INCLUDE_DELETED] : []
  switch (meaning.kind) {
    case 'get':
      return [id, READ_MASK, ...deleted]
    case 'list':
      return [...draftListFields(resource), READ_MASK, ...deleted]
    case 'create':
      return [{ ...input, description: 'Required.' }]
    case 'update':
      return [
        id,
        { ...input, description: 'The new values.' },
        {
          name: 'update_mask',
          type: FIELD_MASK,
          label: 'singular',
          description:
            'The fields to set; one that is named and not given is cleared. Default: those that are given. `*` replaces the record.',
        },
        VERSION,
      ]
    case 'delete':
    case 'restore':
      return [id, VERSION]
    case 'act':
      return [id, ...meaning.action.input.map((field) => draftInput(field, scope)), VERSION]
    case 'exchange':
      return [
        { ...id, description: `Which ${resource.name}: required in the first message, and not needed behind it.` },
        {
          name: 'input',
          type: { kind: 'message', name: `${packageOf(resource)}.${name}Request.${SAID}` },
          label: 'singular',
          description: 'What the caller says: required, but for the first message.',
        },
      ]
    case 'watch':
      return draftWatchFields(resource)
  }
}

function draftListFields(resource: ResourceModel): readonly DraftField[] {
  const { list } = resource
  const { limitDefault, limitMax, defaultSort, sortable, searchable } = list
  const optional = (isThere: boolean, field: DraftField): readonly DraftField[] => (isThere ? [field] : [])
  const text = { type: scalar('string'), label: 'singular' } as const
  const number = { type: scalar('int32'), label: 'singular' } as const
  const keys = sortable.map((field) => `\`${field.column}\``).join(', ')
  const order = `\`${defaultSort.field.column}${defaultSort.isDescending ? ' desc' : ''}\``
  return [
    { name: 'page_size', ...number, description: `Most records on the page, up to ${limitMax}. Default ${limitDefault}.` },
    list.pages === 'numbered'
      ? { name: 'page', ...number, description: 'Which page, from 1. Default the first.' }
      : {
          name: 'page_token',
          ...text,
          description: 'Where the page begins, as the page before it said. Only good for the same filter, order and search.',
        },
    ...optional(sortable.length > 0, {
      name: 'order_by',
      ...text,
      description: `Keys with commas between, \` desc\` behind for descending, of ${keys}. Default ${order}.`,
    }),
    ...optional(list.filterable.length > 0, messageField('filter', resource, 'Filter')),
    ...optional(searchable.length > 0, {
      name: 'search',
      ...text,
      description: `Only records with this text in ${searchable.map((field) => `\`${field.column}\``).join(' or ')}.`,
    }),
  ]
}

function draftWatchFields(resource: ResourceModel): readonly DraftField[] {
  return [
    { name: 'id', type: scalar('string'), label: 'singular', description: 'Only changes of this record. Default all records.' },
    {
      name: 'kinds',
      type: { kind: 'enum', name: `${packageOf(resource)}.${changeKindName(resource)}` },
      label: 'repeated',
      description: 'Only these changes. Default all.',
    },
    {
      name: 'after',
      type: scalar('string'),
      label: 'singular',
      description: 'Goes on behind the change that carried this cursor. Default: from now on.',
    },
    READ_MASK,
  ]
}

function draftResponseFields({ name, meaning }: DraftMethod): readonly DraftField[] {
  const { resource } = meaning
  const record = messageField(recordName(resource), resource)
  switch (meaning.kind) {
    case 'get':
    case 'create':
    case 'update':
    case 'restore':
    case 'act':
      return [record]
    case 'delete':
      return []
    case 'list':
      return [{ ...messageField(recordsName(resource), resource), label: 'repeated' }, ...draftPlaceFields(resource)]
    case 'exchange':
      return meaning.exchange.sends.map((field) => draftOutput(field, { package: packageOf(resource), owner: answerOwner(name) }))
    case 'watch':
      return [
        { name: 'kind', type: { kind: 'enum', name: `${packageOf(resource)}.${changeKindName(resource)}` }, label: 'singular' },
        { name: 'id', type: scalar('string'), label: 'singular', description: `Which ${resource.name}.` },
        { ...record, description: 'The record as it is now, or was before it was deleted.' },
        {
          name: 'operation',
          type: scalar('string'),
          label: 'singular',
          description: 'What was done: `create`, `update`, the name of an action.',
        },
        { name: 'changed_at', type: TIMESTAMP, label: 'singular' },
        { name: 'cursor', type: scalar('string'), label: 'singular', description: 'For `after`, to go on behind this change.' },
        { name: 'version', type: scalar('int32'), label: 'singular', description: 'The version that the change made.' },
      ]
  }
}

/** Where the page stands among its neighbours. */
function draftPlaceFields(resource: ResourceModel): readonly DraftField[] {
  const token = { type: scalar('string'), label: 'singular' } as const
  return resource.list.pages === 'numbered'
    ? [{ name: 'total_size', type: scalar('int64'), label: 'singular', description: 'How many records the list has in all.' }]
    : [
        { name: 'next_page_token', ...token, description: 'Leads to the page behind this one; empty on the last.' },
        { name: 'previous_page_token', ...token, description: 'Leads to the page before this one; empty on the first.' },
      ]
}

function messageField(name: string, resource: ResourceModel, suffix = ''): DraftField {
  return { name, type: { kind: 'message', name: `${packageOf(resource)}.${resource.typeName}${suffix}` }, label: 'singular' }
}

function changeKindName(resource: ResourceModel): string {
  return `${resource.typeName}ChangeKind`
}
