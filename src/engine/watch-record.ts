/** A record as those who watch it share it: read once, and shown to each as far as they may see it. */
import { endOfString } from '../kernel/index.ts'
import type { ResourceModel } from '../model/index.ts'
import type { FieldSet } from './field-set.ts'
import { type CodeRecord, decodeRecord } from './record.ts'
import type { StoredRecord } from './store.ts'

/** Forms that are kept for the next watcher: one for each choice of fields. */
const FORMS_MAX = 16

export class WatchedRecord {
  readonly #resource: ResourceModel
  /** With all that the record holds, in the order in which `get` prints it. */
  readonly #stored: StoredRecord
  readonly #forms = new Map<string, StoredRecord>()
  #values: CodeRecord | undefined
  #members: ReadonlyMap<string, string> | undefined

  constructor(resource: ResourceModel, stored: StoredRecord) {
    this.#resource = resource
    this.#stored = stored
  }

  /** What it takes to keep it, roughly. */
  get size(): number {
    return this.#stored.json.length
  }

  /** For rules. */
  get values(): CodeRecord {
    this.#values ??= decodeRecord(this.#resource, this.#stored)
    return this.#values
  }

  /** The same text as `get` gives for these fields. */
  show(set: FieldSet): StoredRecord {
    const known = this.#forms.get(set.key)
    if (known !== undefined) return known
    this.#members ??= splitMembers(this.#stored.json)
    const columns = new Set(set.fields.map(({ column }) => column))
    const members = [...this.#members].filter(([column]) => columns.has(column)).map(([, text]) => text)
    const form = Object.freeze({ id: this.#stored.id, version: this.#stored.version, json: `{${members.join(',')}}` })
    if (this.#forms.size < FORMS_MAX) this.#forms.set(set.key, form)
    return form
  }
}

/** The members of an object as the store printed them, by their names, which need no escapes. Numbers stay as they are written. */
function splitMembers(json: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>()
  for (let at = 1; json[at] === '"'; ) {
    const nameEnd = endOfString(json, at, true)
    const end = endOfValue(json, nameEnd + 2)
    members.set(json.slice(at + 1, nameEnd), json.slice(at, end))
    at = end + 1
  }
  return members
}

/** Index of the comma or brace behind the value that begins at `start`. */
function endOfValue(json: string, start: number): number {
  let depth = 0
  for (let at = start; at < json.length; at++) {
    switch (json[at]) {
      case '"':
        at = endOfString(json, at, true)
        break
      case '{':
      case '[':
        depth += 1
        break
      case ',':
        if (depth === 0) return at
        break
      case '}':
      case ']':
        if (depth === 0) return at
        depth -= 1
        break
    }
  }
  return json.length
}
