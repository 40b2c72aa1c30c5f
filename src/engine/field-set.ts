/** Which fields an answer holds. Sets are few and kept, so that each has one name and one statement. */
import { invalid, NAME_SHOWN_MAX, shorten } from '../kernel/index.ts'
import type { Actor, FieldModel, ResourceModel } from '../model/index.ts'
import { isReadable } from '../policy/index.ts'

export interface FieldSet {
  /** Names the set within its resource. */
  readonly key: string
  readonly fields: readonly FieldModel[]
}

/** Sets that callers choose are kept up to this number; then all are forgotten and made anew. */
const SETS_MAX = 1_000

export class FieldSets {
  readonly #resource: ResourceModel
  readonly #sets = new Map<string, FieldSet>()
  /** Set where every caller sees the same fields. */
  readonly #common: FieldSet | undefined
  /** All that the resource shows to anybody. */
  readonly all: FieldSet
  /** All that the record holds, what never leaves the service included: for rules that are decided in memory. */
  readonly held: FieldSet

  constructor(resource: ResourceModel) {
    this.#resource = resource
    this.all = this.#intern(resource.fields.filter((field) => field.rules.isOutput))
    this.held = this.#intern(resource.fields.filter((field) => field.rules.isOutput || !field.isStandard))
    const isRestricted = resource.fields.some((field) => field.rules.readableBy !== undefined)
    this.#common = isRestricted ? undefined : this.all
  }

  /** All that the actor may see. */
  readable(actor: Actor): FieldSet {
    return this.#common ?? this.#intern(this.#resource.fields.filter((field) => isReadable(field, actor)))
  }

  /**
   * The named fields, `id` always among them.
   * @param byName finds a field by the name that the caller's surface uses
   * @throws `VALIDATION_FAILED` for a field that is not there or not to be seen: the two look the same
   */
  select(actor: Actor, names: readonly string[], byName: ReadonlyMap<string, FieldModel>): FieldSet {
    const readable = this.readable(actor)
    const wanted = new Set<FieldModel>(this.#resource.fields.slice(0, 1))
    for (const name of names) {
      const field = byName.get(name)
      if (field === undefined || !readable.fields.includes(field)) {
        const known = readable.fields.map((one) => one.column).join(', ')
        const shown = shorten(name, NAME_SHOWN_MAX)
        throw invalid([
          { field: 'fields', code: 'unknown', message: `fields names ${JSON.stringify(shown)}, expected some of ${known}` },
        ])
      }
      wanted.add(field)
    }
    return this.#intern(this.#resource.fields.filter((field) => wanted.has(field)))
  }

  /** The set with the deletion time beside it, for those who list deleted records. */
  withDeletion(set: FieldSet): FieldSet {
    const deletedAt = this.#resource.fieldsByName.get('deletedAt')
    return deletedAt === undefined ? set : this.#intern([...set.fields, deletedAt])
  }

  #intern(fields: readonly FieldModel[]): FieldSet {
    const key = fields.map((field) => field.position).join('.')
    const known = this.#sets.get(key)
    if (known !== undefined) return known
    if (this.#sets.size >= SETS_MAX) this.#forget()
    const set = Object.freeze({ key, fields: Object.freeze(fields) })
    this.#sets.set(key, set)
    return set
  }

  /** Forgets what callers have chosen; the sets of the resource itself stay the same objects. */
  #forget(): void {
    this.#sets.clear()
    for (const set of [this.all, this.held]) this.#sets.set(set.key, set)
  }
}
