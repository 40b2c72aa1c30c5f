/** What is compiled once for a resource and shared by all who operate on it. */
import type { ResourceModel } from '../model/index.ts'
import { Access } from '../policy/index.ts'
import { FieldSets } from './field-set.ts'

export class CompiledResource {
  readonly model: ResourceModel
  readonly fieldSets: FieldSets
  readonly #accesses: ReadonlyMap<string, Access>

  constructor(model: ResourceModel) {
    this.model = model
    this.fieldSets = new FieldSets(model)
    const verbs = ['read', 'create', 'update', 'delete', 'restore', 'read-deleted', ...model.actions.map((action) => action.verb)]
    this.#accesses = new Map(verbs.map((verb) => [verb, new Access(model, verb)]))
  }

  access(verb: string): Access {
    const access = this.#accesses.get(verb)
    if (access === undefined) throw new TypeError(`Cannot decide "${verb}" on ${this.model.name}: there is no such operation`)
    return access
  }
}
