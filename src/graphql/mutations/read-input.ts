/** Reads the `input` of a mutation in the words of the model. Whether its values fit is decided by the same reader as for every surface. */
import { FieldReader, type FieldValues, type ReadMode } from '../../engine/index.ts'
import { decodeTypeId, encodeTypeId, invalid, type Uuid } from '../../kernel/index.ts'
import type { Actor, FieldModel, ResourceModel } from '../../model/index.ts'
import { readGlobalId } from '../global-id.ts'
import type { FieldMeaning } from '../meaning.ts'

/** A field of Mutation. */
export type MutationMeaning = Extract<FieldMeaning, { kind: 'create' | 'update' | 'replace' | 'delete' | 'restore' | 'act' }>

export function isMutation(meaning: FieldMeaning | undefined): meaning is MutationMeaning {
  return meaning !== undefined && MODES.has(meaning.kind)
}

/** How much of the fields must be there. */
const MODES: ReadonlyMap<FieldMeaning['kind'], ReadMode> = new Map([
  ['create', 'create'],
  ['update', 'update'],
  ['replace', 'replace'],
  ['delete', 'update'],
  ['restore', 'update'],
  ['act', 'create'],
])

export interface MutationInput {
  /** Undefined for a new record. */
  readonly id: Uuid | undefined
  readonly expectedVersion: number | null
  readonly values: FieldValues
}

/** Reads the inputs of one mutation. */
export class InputReader {
  readonly #resource: ResourceModel
  readonly #fields: readonly FieldModel[]
  readonly #mode: ReadMode
  readonly #hasTarget: boolean
  readonly #reader: FieldReader

  constructor(meaning: MutationMeaning) {
    const { kind, resource } = meaning
    this.#resource = resource
    this.#fields = kind === 'act' ? meaning.action.input : kind === 'delete' || kind === 'restore' ? [] : resource.fields
    this.#mode = MODES.get(kind) ?? 'update'
    this.#hasTarget = kind !== 'create'
    this.#reader = new FieldReader(this.#fields, 'publicName')
  }

  /**
   * @param input as graphql-js coerced it: choices are words of the model, scalars are as they came
   * @throws `VALIDATION_FAILED` with all findings, `AUTH_FIELD_FORBIDDEN` and `AUTH_REQUIRED` for fields that others may set
   */
  read(input: Readonly<Record<string, unknown>>, actor: Actor): MutationInput {
    const { id, version, ...rest } = input
    const body = this.#hasTarget ? rest : input
    const target = this.#hasTarget ? this.#readTarget(id) : undefined
    const expectedVersion = this.#hasTarget && typeof version === 'number' ? version : null
    return { id: target, expectedVersion, values: this.#reader.read(this.#withOwnKeys(body), this.#mode, actor) }
  }

  #readTarget(id: unknown): Uuid {
    const found = typeof id === 'string' ? readGlobalId(this.#resource, id) : undefined
    if (found !== undefined) return found
    const message = `id ${JSON.stringify(id)} is no id of ${this.#resource.plural}, expected the \`id\` of one, or ${this.#resource.idPrefix}_ and 26 characters`
    throw invalid([{ field: 'id', code: 'id', message }])
  }

  /** Keys of other records come as global ids; kinds read the form that REST has. */
  #withOwnKeys(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    let own: Record<string, unknown> | undefined
    for (const { kind, publicName, isStandard } of this.#fields) {
      const value = body[publicName]
      if (kind.idPrefix === undefined || isStandard || typeof value !== 'string') continue
      if (decodeTypeId(kind.idPrefix, value) !== undefined) continue
      const key = readGlobalId({ idPrefix: kind.idPrefix }, value)
      if (key === undefined) continue
      own ??= { ...body }
      own[publicName] = encodeTypeId(kind.idPrefix, key)
    }
    return own ?? body
  }
}
