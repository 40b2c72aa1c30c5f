/** REST, asked over the wire. */
import { toKebabCase } from '../../src/kernel/index.ts'
import type { ResourceModel } from '../../src/model/index.ts'
import type { TestAnswer, TestRequest } from '../../src/testing/index.ts'
import { type AgreedRecord, type Operation, type Outcome, PAGES_MAX } from './operation.ts'
import { agreedRecord, type OpenSurface, refused } from './surface.ts'

type Ask = (path: string, request: TestRequest) => Promise<TestAnswer>

export const openRest: OpenSurface = (service) => ({
  name: 'REST',
  run: (operation, token) => run((path, request) => service.request(path, { ...request, token }), operation),
  close: () => undefined,
})

async function run(ask: Ask, operation: Operation): Promise<Outcome | undefined> {
  const { resource } = operation
  const collection = `/api/v1/${resource.segment}`
  if (operation.kind === 'list') {
    const { under } = operation
    if (under === undefined) return walk(ask, collection, operation)
    return walk(ask, `/api/v1/${under.parent.segment}/${encodeURIComponent(under.id)}/${under.child.segment}`, operation)
  }
  if (operation.kind === 'create') {
    return recordOf(await ask(collection, { method: 'POST', body: operation.values }), resource)
  }
  // The empty id is the address of the collection.
  if (operation.id === '') return undefined
  return onRecord(ask, `${collection}/${encodeURIComponent(operation.id)}`, operation)
}

async function onRecord(ask: Ask, path: string, operation: Exclude<Operation, { kind: 'list' | 'create' }>): Promise<Outcome> {
  const { resource } = operation
  const headers = versionHeaders(operation)
  switch (operation.kind) {
    case 'get': {
      const query = new URLSearchParams()
      if (operation.includesDeleted === true) query.set('include_deleted', 'true')
      if (operation.fields !== undefined) query.set('fields', operation.fields.join(','))
      return recordOf(await ask(query.size === 0 ? path : `${path}?${query}`, {}), resource)
    }
    case 'update':
      return recordOf(await ask(path, { method: 'PATCH', headers, body: operation.values }), resource)
    case 'replace':
      return recordOf(await ask(path, { method: 'PUT', headers, body: operation.values }), resource)
    case 'delete':
      return recordOf(await ask(path, { method: 'DELETE', headers }), resource)
    case 'restore':
      return recordOf(await ask(`${path}/restore`, { method: 'POST', headers }), resource)
    case 'act':
      return recordOf(
        await ask(`${path}/${toKebabCase(operation.action)}`, { method: 'POST', headers, body: operation.values }),
        resource,
      )
  }
}

function versionHeaders(operation: Operation): Readonly<Record<string, string>> {
  return 'version' in operation && operation.version !== undefined ? { 'if-match': `"${operation.version}"` } : {}
}

async function walk(ask: Ask, collection: string, operation: Operation & { readonly kind: 'list' }): Promise<Outcome> {
  const { resource, filter = [], sort, search, limit, cursor, includesDeleted } = operation
  const isNumbered = resource.list.pages === 'numbered'
  const query = new URLSearchParams({ [isNumbered ? 'per_page' : 'limit']: String(limit) })
  for (const { column, operator, value } of filter)
    query.set(operator === 'eq' ? column : `${column}[${operator}]`, Array.isArray(value) ? value.join(',') : String(value))
  if (sort !== undefined) query.set('sort', sort.join(','))
  if (search !== undefined) query.set('q', search)
  if (includesDeleted === true) query.set('include_deleted', 'true')
  if (cursor !== undefined) query.set('cursor', cursor)

  const pages: AgreedRecord[][] = []
  while (pages.length < PAGES_MAX) {
    if (isNumbered) query.set('page', String(pages.length + 1))
    const answer = await ask(`${collection}?${query}`, {})
    if (answer.status !== 200) return refusalOf(answer, resource)
    const { data, meta } = answer.json
    pages.push(data.map((record: object) => readRecord(resource, record)))
    if (isNumbered ? meta.page >= meta.total_pages : !meta.has_next) break
    if (!isNumbered) query.set('cursor', meta.cursor)
  }
  return { kind: 'pages', pages }
}

function recordOf(answer: TestAnswer, resource: ResourceModel): Outcome {
  if (answer.status === 204) return { kind: 'done' }
  if (answer.status >= 300) return refusalOf(answer, resource)
  return { kind: 'record', record: readRecord(resource, answer.json.data) }
}

function readRecord(resource: ResourceModel, record: object): AgreedRecord {
  const values = new Map(Object.entries(record))
  return agreedRecord(resource, ({ column }) => values.get(column))
}

function refusalOf({ status, text, json }: TestAnswer, resource: ResourceModel): Outcome {
  if (json?.error === undefined) throw new Error(`Cannot read the refusal of REST: ${status} ${text}`)
  const details = json.error.details as readonly { readonly field: string }[]
  return refused(
    json.error.code,
    resource,
    details.map(({ field }) => field),
  )
}
