/** A change on its way to those who watch: its entry, the record that it is about, and the forms in which it goes out. */
import type { FeedEntry } from './change-feed.ts'
import type { FieldSet } from './field-set.ts'
import { type Seal, sealText } from './sealed-text.ts'
import type { Change, ChangeKind } from './watch.ts'
import type { WatchedRecord } from './watch-record.ts'

/** Reads the record of an entry as it is now; undefined when it is gone for good. */
export type ReadWatched = (entry: FeedEntry) => Promise<WatchedRecord | undefined>

/** Forms that are kept for the next watcher: one for each choice of fields. */
const FORMS_MAX = 16

/** A record that came back is news to everybody, as a new one is. */
const KINDS: Readonly<Record<string, ChangeKind>> = { create: 'created', restore: 'created', delete: 'deleted' }

export class WatchedChange {
  readonly entry: FeedEntry
  readonly kind: ChangeKind
  readonly #read: ReadWatched
  readonly #seal: Seal
  readonly #forms = new Map<string, Change>()
  #record: Promise<WatchedRecord | undefined> | undefined
  #cursor: string | undefined
  #size = 0

  constructor(entry: FeedEntry, read: ReadWatched, seal: Seal) {
    this.entry = entry
    this.kind = Object.hasOwn(KINDS, entry.operation) ? (KINDS[entry.operation] ?? 'updated') : 'updated'
    this.#read = read
    this.#seal = seal
  }

  /** What it takes to keep it, roughly. */
  get size(): number {
    return this.entry.point.length + this.#size
  }

  /** Read once for all who watch, and again after a failure. */
  record(): Promise<WatchedRecord | undefined> {
    this.#record ??= this.#readRecord()
    return this.#record
  }

  /** The change as those hear of it who see these fields: the same object for all of them. */
  show(record: WatchedRecord, set: FieldSet): Change {
    const known = this.#forms.get(set.key)
    if (known !== undefined) return known
    this.#cursor ??= sealText(this.entry.point, watchOwner(this.entry.resource), this.#seal)
    const { recordId: id, version, at, operation } = this.entry
    const change = Object.freeze({ kind: this.kind, id, version, at, operation, record: record.show(set), cursor: this.#cursor })
    if (this.#forms.size < FORMS_MAX) this.#forms.set(set.key, change)
    return change
  }

  async #readRecord(): Promise<WatchedRecord | undefined> {
    try {
      const record = await this.#read(this.entry)
      this.#size = record?.size ?? 0
      return record
    } catch (error) {
      this.#record = undefined
      throw error
    }
  }
}

/** What the cursor of a change is good for. */
export function watchOwner(resource: string): string {
  return JSON.stringify(['watch', resource])
}
