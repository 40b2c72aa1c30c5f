/** What is compiled once for a resource and shared by all who operate on it. */
import { all, type Condition, not, type ResourceModel, type Rule, STANDARD_VERBS } from '../model/index.ts'
import { Access } from '../policy/index.ts'
import { FieldSets } from './field-set.ts'

/** The verb of the rules below; no rule of a domain can name it. */
const READ_WITH_DELETED = 'read with deleted'
const IS_LIVE: Condition = { node: 'nothing', operand: { from: 'record', field: 'deletedAt' } }

/**
 * What holds where deleted records are asked for beside the living: of the living `read`, of the deleted `read-deleted`. The
 * failure it prevents: whoever may see what was deleted sees through it the living records that are hidden from them.
 */
function rulesWithDeleted(model: ResourceModel): readonly Rule[] {
  return model.rules.flatMap((rule): readonly Rule[] => {
    const readsLive = rule.verbs.includes('read')
    const readsDeleted = rule.verbs.includes('read-deleted')
    if (!readsLive && !readsDeleted) return []
    const { roles, permissions } = rule
    const limit = readsLive === readsDeleted ? [] : [readsLive ? IS_LIVE : not(IS_LIVE)]
    return [{ verbs: [READ_WITH_DELETED], roles, permissions, condition: all(rule.condition, ...limit) }]
  })
}

export class CompiledResource {
  readonly model: ResourceModel
  readonly fieldSets: FieldSets
  /** Decides on records where the deleted count too; only for those whom `read-deleted` permits something. */
  readonly readWithDeleted: Access
  readonly #accesses: ReadonlyMap<string, Access>

  constructor(model: ResourceModel) {
    this.model = model
    this.fieldSets = new FieldSets(model)
    this.readWithDeleted = new Access({ ...model, rules: rulesWithDeleted(model) }, READ_WITH_DELETED)
    const verbs = [...STANDARD_VERBS, 'register', ...[...model.actions, ...model.exchanges].map(({ verb }) => verb)]
    this.#accesses = new Map(verbs.map((verb) => [verb, new Access(model, verb)]))
  }

  access(verb: string): Access {
    const access = this.#accesses.get(verb)
    if (access === undefined) throw new TypeError(`Cannot decide "${verb}" on ${this.model.name}: there is no such operation`)
    return access
  }
}
