/** Trees for tests, and what a tree must give: worked out of single reads, one after the other. */
import type {
  Engine,
  PagePart,
  PageTree,
  RecordPart,
  RecordSelection,
  RequestContext,
  TreeInput,
  TreeRoot,
  TreeSpelling,
} from '../../src/engine/index.ts'
import { decodeTypeId, PlinthError, type Uuid } from '../../src/kernel/index.ts'
import { type ChildModel, choicesOf, type FieldModel, type ResourceModel } from '../../src/model/index.ts'
import { fieldOf } from './storage-kit.ts'

export const spelling: TreeSpelling = {
  name: 'test',
  idHead: (prefix) => `${prefix}:`,
  choice: (word) => word.toUpperCase().replaceAll('-', '_'),
}

export const field = (resource: ResourceModel, name: string, as = name): RecordPart => ({
  kind: 'field',
  as,
  field: fieldOf(resource, name),
})

export const fields = (resource: ResourceModel, ...names: readonly string[]): readonly RecordPart[] =>
  names.map((name) => field(resource, name))

export function reference(resource: ResourceModel, name: string, select: RecordSelection): RecordPart {
  const found = resource.references.find(({ by }) => by.name === name)
  if (found === undefined) throw new TypeError(`Cannot find the reference "${name}" of ${resource.name}`)
  return { kind: 'reference', as: name, reference: found, select }
}

export function childOf(resource: ResourceModel, name: string): ChildModel {
  const found = resource.children.find((child) => child.name === name)
  if (found === undefined) throw new TypeError(`Cannot find the children "${name}" of ${resource.name}`)
  return found
}

export function children(
  resource: ResourceModel,
  name: string,
  select: readonly PagePart[],
  more: Partial<PageTree> = {},
): RecordPart {
  const child = childOf(resource, name)
  return { kind: 'children', as: name, child, page: pageOf(child.resource, select, more) }
}

export function pageOf(resource: ResourceModel, select: readonly PagePart[], more: Partial<PageTree> = {}): PageTree {
  return { resource, filters: [], limit: 10, select, ...more }
}

export const nodes = (select: RecordSelection): PagePart => ({ kind: 'records', as: 'nodes', select })
export const total: PagePart = { kind: 'total', as: 'total' }

export const info: PagePart = {
  kind: 'info',
  as: 'info',
  select: [
    { kind: 'hasNext', as: 'hasNext' },
    { kind: 'hasPrevious', as: 'hasPrevious' },
    { kind: 'firstCursor', as: 'first' },
    { kind: 'lastCursor', as: 'last' },
  ],
}

/** The answer as values, and the codes of what failed, by the path of each. */
export async function readTree(engine: Engine, context: RequestContext, ...roots: readonly TreeRoot[]) {
  const { json, failures } = await engine.readTree(context, { spelling, roots })
  const codes = Object.fromEntries(failures.map(({ path, error }) => [path.join('.'), error.code]))
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every form.
  return { data: JSON.parse(json) as any, codes, json }
}

type Answer = Readonly<Record<string, unknown>>

/** Which record of the whole list a cursor names, by the text of the cursor. */
export type CursorPlaces = ReadonlyMap<string, number>

/** Reads as `readTree` does, by `get` and `list` alone. Of cursors it says only that there is one. */
export class OneByOne {
  readonly #engine: Engine
  readonly #context: RequestContext
  readonly #places: CursorPlaces

  constructor(engine: Engine, context: RequestContext, places: CursorPlaces) {
    this.#engine = engine
    this.#context = context
    this.#places = places
  }

  async read({ roots }: TreeInput): Promise<{ readonly data: Answer; readonly codes: Answer }> {
    const data: Record<string, unknown> = {}
    const codes: Record<string, unknown> = {}
    for (const root of roots) {
      data[root.as] = await this.#orFailed(codes, root.as, () => this.#root(root, codes))
    }
    return { data, codes }
  }

  async #orFailed(codes: Record<string, unknown>, path: string, read: () => Promise<unknown>): Promise<unknown> {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof PlinthError)) throw error
      codes[path] = error.code
      return null
    }
  }

  async #root(root: TreeRoot, codes: Record<string, unknown>): Promise<unknown> {
    switch (root.kind) {
      case 'constant':
        return root.value
      case 'page':
        return this.#page(root.page)
      case 'record':
        return this.#recordAt(root.resource, root.id, root.select)
      case 'records': {
        const read = root.keys.map((key, at) => {
          const select = key === null ? undefined : root.select.get(key.resource)
          if (key === null || select === undefined) return null
          return this.#orFailed(codes, `${root.as}.${at}`, () => this.#recordAt(key.resource, key.id, select))
        })
        return Promise.all(read)
      }
    }
  }

  async #recordAt(resource: ResourceModel, id: Uuid, select: RecordSelection): Promise<unknown> {
    // What a selection asks is judged whether the record is there or not.
    const found = await this.#engine
      .resource(resource.name)
      .get(this.#context, { id })
      .catch((error: unknown) => {
        if (error instanceof PlinthError && error.code === 'NOT_FOUND_RECORD') return undefined
        throw error
      })
    if (found === undefined) {
      await this.#judge(select)
      return null
    }
    return this.#record(resource, JSON.parse(found.json) as Answer, select)
  }

  /** Throws what a selection throws under a record that is there. */
  async #judge(select: RecordSelection): Promise<void> {
    for (const part of select) {
      if (part.kind === 'children') await this.#page(part.page)
      if (part.kind === 'reference' && this.#mayRead(part.reference.resource)) await this.#judge(part.select)
    }
  }

  #mayRead(resource: ResourceModel): boolean {
    return this.#engine.resource(resource.name).compiled.access('read').decide(this.#context) !== 0
  }

  async #record(resource: ResourceModel, json: Answer, select: RecordSelection): Promise<Answer> {
    const answer: Record<string, unknown> = {}
    for (const part of select) answer[part.as] = await this.#part(resource, json, part)
    return answer
  }

  async #part(resource: ResourceModel, json: Answer, part: RecordPart): Promise<unknown> {
    switch (part.kind) {
      case 'constant':
        return part.value
      case 'field':
        return spell(part.field, json[part.field.column] ?? null)
      case 'children':
        return this.#page(part.page, { child: part.child, parent: resource, id: idOf(resource.idPrefix, json['id']) })
      case 'reference': {
        const { by, resource: target } = part.reference
        if (!this.#mayRead(target)) return null
        const key = json[by.column]
        if (key !== null && key !== undefined) return this.#recordAt(target, idOf(target.idPrefix, key), part.select)
        await this.#judge(part.select)
        return null
      }
    }
  }

  async #page(
    page: PageTree,
    parent?: { readonly child: ChildModel; readonly parent: ResourceModel; readonly id: Uuid },
  ): Promise<Answer> {
    const { resource, filters, search, sort, limit, cursor, isFromEnd, includesDeleted = false } = page
    const all = await this.#engine
      .resource(resource.name)
      .list(this.#context, { filters, search, sort, limit: 100, parent, includesDeleted })
      .then(({ records }) => records.map((record) => JSON.parse(record.json) as Answer))
      .catch((error: unknown) => {
        // Under a deleted record there is nothing.
        if (error instanceof PlinthError && error.code === 'NOT_FOUND_RECORD') return []
        throw error
      })
    const at = cursor === undefined ? undefined : (this.#places.get(cursor.text) ?? Number.NaN)
    const open = at === undefined ? all : cursor?.side === 'after' ? all.slice(at + 1) : all.slice(0, at)
    const shown = isFromEnd === true ? open.slice(-limit) : open.slice(0, limit)
    const goesOn = open.length > limit
    const isBehind = (side: 'after' | 'before'): boolean => cursor?.side === side && shown.length > 0
    const values = {
      hasNext: isBehind('before') || (isFromEnd !== true && goesOn),
      hasPrevious: isBehind('after') || (isFromEnd === true && goesOn),
      firstCursor: shown.length > 0 ? 'cursor' : null,
      lastCursor: shown.length > 0 ? 'cursor' : null,
    }
    const answer: Record<string, unknown> = {}
    for (const part of page.select) answer[part.as] = await this.#pagePart(resource, part, shown, all.length, values)
    if (shown.length === 0) {
      for (const part of page.select) {
        if (part.kind === 'records') await this.#judge(part.select)
        if (part.kind === 'edges') for (const edge of part.select) if (edge.kind === 'record') await this.#judge(edge.select)
      }
    }
    return answer
  }

  #pagePart(resource: ResourceModel, part: PagePart, shown: readonly Answer[], count: number, values: Answer): unknown {
    switch (part.kind) {
      case 'constant':
        return part.value
      case 'total':
        return count
      case 'records':
        return Promise.all(shown.map((json) => this.#record(resource, json, part.select)))
      case 'info':
        return Object.fromEntries(part.select.map((one) => [one.as, one.kind === 'constant' ? one.value : values[one.kind]]))
      case 'edges':
        return Promise.all(
          shown.map(async (json) => {
            const edge: Record<string, unknown> = {}
            for (const one of part.select) {
              if (one.kind === 'constant') edge[one.as] = one.value
              else edge[one.as] = one.kind === 'cursor' ? 'cursor' : await this.#record(resource, json, one.select)
            }
            return edge
          }),
        )
    }
  }
}

function spell({ kind }: FieldModel, value: unknown): unknown {
  if (value === null) return null
  if (kind.idPrefix !== undefined) {
    const bytes = Buffer.from(idOf(kind.idPrefix, value).replaceAll('-', ''), 'hex')
    return spelling.idHead(kind.idPrefix) + bytes.toString('base64')
  }
  if (choicesOf(kind) === undefined) return value
  return Array.isArray(value) ? value.map((word) => spelling.choice(String(word))) : spelling.choice(String(value))
}

function idOf(prefix: string, typeId: unknown): Uuid {
  const id = decodeTypeId(prefix, String(typeId))
  if (id === undefined) throw new TypeError(`Cannot read ${JSON.stringify(typeId)} as an id`)
  return id
}
