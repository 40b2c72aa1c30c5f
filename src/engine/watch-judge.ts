/** Decides what one caller hears of a change: nothing, or the record in the fields that they may see, by their rights when it is told. */
import type { Clock } from '../kernel/index.ts'
import type { Actor } from '../model/index.ts'
import { DENIED, evaluateCondition, UNCONDITIONAL } from '../policy/index.ts'
import type { CompiledResource } from './compiled-resource.ts'
import type { FieldSet } from './field-set.ts'
import type { Change, WatchContext, WatchInput } from './watch.ts'
import type { WatchedChange } from './watch-change.ts'
import type { WatchedRecord } from './watch-record.ts'

export interface WatchJudgeParts {
  readonly compiled: CompiledResource
  readonly context: WatchContext
  readonly input: WatchInput
  readonly clock: Clock
}

export class WatchJudge {
  readonly #parts: WatchJudgeParts
  #fields: { readonly actor: Actor; readonly set: FieldSet } | undefined

  constructor(parts: WatchJudgeParts) {
    this.#parts = parts
  }

  /** Whether it is a change of the kind and the record that the caller asked for. */
  wants({ kind, entry }: WatchedChange): boolean {
    const { kinds, id } = this.#parts.input
    return (kinds === undefined || kinds.includes(kind)) && (id === undefined || id === entry.recordId)
  }

  /** @returns undefined where the change is nothing to the caller. @throws what ends their right to listen */
  async show(change: WatchedChange): Promise<Change | undefined> {
    if (!this.wants(change)) return undefined
    const record = await change.record()
    if (record === undefined) return undefined
    const { context, clock } = this.#parts
    const renewed = context.renew?.()
    const actor = renewed instanceof Promise ? await renewed : (renewed ?? context.actor)
    if (!this.#mayRead({ ...context, actor, nowMs: clock.now() }, record)) return undefined
    return change.show(record, this.#fieldsOf(actor))
  }

  #mayRead(context: WatchContext, record: WatchedRecord): boolean {
    const { compiled } = this.#parts
    const access = compiled.access('read')
    const rules = access.decide(context)
    if (rules === DENIED || rules === UNCONDITIONAL) return rules === UNCONDITIONAL
    return evaluateCondition(access.condition(rules), compiled.model.fieldsByName, context, record.values)
  }

  #fieldsOf(actor: Actor): FieldSet {
    if (this.#fields?.actor === actor) return this.#fields.set
    const { compiled, input } = this.#parts
    const { fields } = input
    const set =
      fields === undefined ? compiled.fieldSets.readable(actor) : compiled.fieldSets.select(actor, fields.names, fields.byName)
    this.#fields = { actor, set }
    return set
  }
}
