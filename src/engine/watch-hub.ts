/**
 * All watches of a service: follows the feed once for all of them, and only while somebody watches; opens a channel for each resource that is
 * watched; bounds how many watch, and how many read the journal at once.
 */
import { type Clock, PlinthError } from '../kernel/index.ts'
import { NOBODY } from '../model/index.ts'
import { UNCONDITIONAL } from '../policy/index.ts'
import { addressKey } from '../resilience/index.ts'
import type { ChangeFeed, FeedEntry, FeedPoint } from './change-feed.ts'
import type { CompiledResource } from './compiled-resource.ts'
import { decideAccess } from './decide.ts'
import { RecordWatch, type WatchPage } from './record-watch.ts'
import { openText, type Seal } from './sealed-text.ts'
import type { Operations } from './store.ts'
import type { Watch, WatchContext, WatchInput } from './watch.ts'
import { watchOwner } from './watch-change.ts'
import { WatchChannel, type Watcher } from './watch-channel.ts'
import { WatchedRecord } from './watch-record.ts'
import { Turns } from './watch-turns.ts'

export interface WatchLimits {
  /** Watches at once, of all callers; default 20,000. */
  readonly watchesMax?: number
  /** Of one account, or of one address where nobody is signed in (a /64 of IPv6); default 200. */
  readonly watchesPerCallerMax?: number
}

export interface WatchHubOptions {
  readonly feed: ChangeFeed
  readonly operations: Pick<Operations, 'get'>
  readonly clock: Clock
  readonly seal: Seal
  readonly limits?: WatchLimits | undefined
}

/** Four for each of the 5,000 sockets of one process. */
const WATCHES_MAX = 20_000
/** A few devices, with a few pages each that watch a few things. */
const WATCHES_PER_CALLER_MAX = 200
const PAGE = 100
/** As many statements as the feed has connections for. */
const READS_AT_ONCE_MAX = 2
/** How often those who hear nothing are asked whether they still may. */
const CHECK_EVERY_MS = 500
/** How long the feed is followed when nobody watches any more: who comes back at once finds it running. */
const LINGER_MS = 5_000

export class WatchHub {
  readonly #options: WatchHubOptions
  readonly #channels = new Map<string, WatchChannel>()
  readonly #perCaller = new Map<string, number>()
  readonly #turns = new Turns(READS_AT_ONCE_MAX)
  /** Pages that are being read, for all who ask for the same one. */
  readonly #pages = new Map<string, Promise<WatchPage>>()
  #count = 0
  #following: { stop(): void } | undefined
  /** The latest that the feed gave. */
  #point: FeedPoint | undefined
  #checkedAtMs = 0
  #lastWatchAtMs = 0

  constructor(options: WatchHubOptions) {
    this.#options = options
  }

  /** Watches under way. */
  get count(): number {
    return this.#count
  }

  /** Those of them that wait for the first look at the journal. */
  countStarting(): number {
    let starting = 0
    this.#eachWatcher((watcher) => {
      if (!watcher.hasBegun) starting += 1
    })
    return starting
  }

  watch(compiled: CompiledResource, context: WatchContext, input: WatchInput, signal: AbortSignal): Watch {
    const { model, fieldSets } = compiled
    decideAccess(compiled.access('read'), model, context)
    if (input.fields !== undefined) fieldSets.select(context.actor, input.fields.names, input.fields.byName)
    const after = input.after === undefined ? undefined : this.#openCursor(model.name, input.after)
    const caller = context.actor.subject ?? addressKey(context.address ?? '')
    this.#admit(caller)
    this.#follow()
    const channel = this.#channel(compiled)
    const watch = new RecordWatch({
      channel,
      context,
      input,
      clock: this.#options.clock,
      from: after ?? (channel.mark === undefined ? this.#point : undefined),
      read: (from, upTo) => this.#read(channel, from, upTo),
      onEnd: (ended) => {
        signal.removeEventListener('abort', watch.end)
        this.#leave(channel, caller, ended)
      },
    })
    channel.watchers.add(watch)
    if (signal.aborted) watch.end()
    else signal.addEventListener('abort', watch.end)
    return watch
  }

  #admit(caller: string): void {
    const { watchesMax = WATCHES_MAX, watchesPerCallerMax = WATCHES_PER_CALLER_MAX } = this.#options.limits ?? {}
    const own = this.#perCaller.get(caller) ?? 0
    if (own >= watchesPerCallerMax)
      throw new PlinthError('RATE_LIMIT_EXCEEDED', `Too many watches at once: expected ${watchesPerCallerMax} at the most`)
    if (this.#count >= watchesMax) throw new PlinthError('RATE_LIMIT_OVERLOADED')
    this.#perCaller.set(caller, own + 1)
    this.#count += 1
  }

  #leave(channel: WatchChannel, caller: string, watch: Watcher): void {
    const own = this.#perCaller.get(caller) ?? 0
    if (own > 1) this.#perCaller.set(caller, own - 1)
    else this.#perCaller.delete(caller)
    this.#count -= 1
    this.#lastWatchAtMs = this.#options.clock.monotonicMs()
    channel.watchers.delete(watch)
    if (channel.watchers.size === 0) this.#channels.delete(channel.compiled.model.name)
  }

  #channel(compiled: CompiledResource): WatchChannel {
    const { name } = compiled.model
    const known = this.#channels.get(name)
    if (known !== undefined) return known
    const channel = new WatchChannel(compiled, (entry) => this.#readRecord(compiled, entry), this.#options.seal)
    this.#channels.set(name, channel)
    return channel
  }

  #follow(): void {
    this.#following ??= this.#options.feed.follow({
      onBegin: () => this.#each((channel) => channel.begin()),
      onEntries: (entries) => this.#take(entries),
      onPoint: (point) => {
        this.#point = point
        this.#each((channel) => channel.complete(point))
        this.#rest()
      },
      onGap: () => {
        this.#point = undefined
        this.#eachWatcher((watcher) => watcher.fail(new PlinthError('DEPENDENCY_UNAVAILABLE')))
      },
      onFailure: (error) => {
        // Whoever knows where they stand goes on from there when the database is back.
        this.#eachWatcher((watcher) => {
          if (!watcher.hasBegun) watcher.fail(error)
        })
        this.#rest()
      },
    })
  }

  async #take(entries: readonly FeedEntry[]): Promise<void> {
    const taking: Promise<void>[] = []
    this.#each((channel) => {
      const own = entries.filter(({ resource }) => resource === channel.compiled.model.name)
      if (own.length > 0) taking.push(channel.take(own))
    })
    await Promise.all(taking)
  }

  /** Between two looks: sees whether those who watch still may, and stops when nobody does. */
  #rest(): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#checkedAtMs >= CHECK_EVERY_MS) {
      this.#checkedAtMs = nowMs
      this.#eachWatcher((watcher) => watcher.checkCaller())
    }
    if (this.#count > 0 || nowMs - this.#lastWatchAtMs < LINGER_MS) return
    this.#following?.stop()
    this.#following = undefined
    this.#point = undefined
  }

  #each(work: (channel: WatchChannel) => void): void {
    for (const channel of [...this.#channels.values()]) work(channel)
  }

  #eachWatcher(work: (watcher: Watcher) => void): void {
    this.#each((channel) => {
      for (const watcher of [...channel.watchers]) work(watcher)
    })
  }

  #read(channel: WatchChannel, after: FeedPoint, upTo: FeedPoint): Promise<WatchPage> {
    const { name } = channel.compiled.model
    const key = `${name} ${after} ${upTo}`
    const known = this.#pages.get(key)
    if (known !== undefined) return known
    const page = this.#turns
      .run(() => this.#options.feed.read(name, after, upTo, PAGE))
      .then(({ entries, state }) => ({ changes: entries.map((entry) => channel.change(entry)), state }))
      .finally(() => this.#pages.delete(key))
    this.#pages.set(key, page)
    return page
  }

  /** With all that the record holds, deleted or not: rules are asked of it in memory, for each who watches. */
  async #readRecord(compiled: CompiledResource, entry: FeedEntry): Promise<WatchedRecord | undefined> {
    const { operations, clock } = this.#options
    const { model, fieldSets } = compiled
    const stored = await operations.get({
      resource: model,
      context: { actor: NOBODY, nowMs: clock.now(), address: null, requestId: 'watch' },
      id: entry.recordId,
      read: { access: compiled.access('read'), rules: UNCONDITIONAL },
      fields: fieldSets.held,
      parent: undefined,
      includesDeleted: true,
    })
    return stored === undefined ? undefined : new WatchedRecord(model, stored)
  }

  #openCursor(resource: string, cursor: string): FeedPoint {
    const point = openText(cursor, watchOwner(resource), this.#options.seal)
    if (point !== undefined) return point
    const message =
      'Cannot go on from this cursor: its seal does not match, expected one that came with a change of this resource'
    throw new PlinthError('VALIDATION_CURSOR', message, { details: [{ field: 'after', code: 'cursor', message }] })
  }
}
