/** A resource that is watched, over a real database: what each watcher is told, as a list. */
import { createHmac } from 'node:crypto'
import blog from '../../examples/blog/app.ts'
import { type Change, Engine, type Watch, type WatchContext, type WatchInput, type WatchLimits } from '../../src/engine/index.ts'
import { JournalFeed, type JournalFeedOptions, SqlPool } from '../../src/pg/index.ts'
import { waitFor } from '../../src/testing/index.ts'
import { newId, openStorage, type Storage } from './storage-kit.ts'

export interface Watched extends AsyncDisposable {
  readonly storage: Storage
  /** One instance of the service; each follows the journal by itself. */
  readonly engine: Engine
  anotherEngine(options?: WatchedOptions): Engine
}

export interface WatchedOptions extends Partial<Pick<JournalFeedOptions, 'behindMax' | 'everyMs'>> {
  readonly limits?: WatchLimits
}

/** What the engines seal with. */
export const seal = (text: string): string => createHmac('sha256', 'tests').update(text).digest('base64url').slice(0, 16)
const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }

export async function openWatched(options: WatchedOptions = {}): Promise<Watched> {
  const storage = await openStorage(blog)
  const closing: (() => Promise<void>)[] = []
  const anotherEngine = ({ limits, ...feedOptions }: WatchedOptions = {}): Engine => {
    const sql = new SqlPool({ url: storage.url, applicationName: 'watch-test', connections: 3 })
    const feed = new JournalFeed({
      sql,
      resources: blog.domain.resources.map(({ name }) => name),
      everyMs: 20,
      ...feedOptions,
    })
    closing.push(async () => {
      await feed.close()
      await sql.close()
    })
    return new Engine({
      domain: blog.domain,
      store: storage.store,
      feed,
      clock,
      newId,
      seal,
      ...(limits !== undefined && { watchLimits: limits }),
    })
  }
  return {
    storage,
    engine: anotherEngine(options),
    anotherEngine,
    async [Symbol.asyncDispose]() {
      for (const close of closing) await close()
      await storage.stop()
    },
  }
}

/** Somebody who watches and notes what they are told. */
export interface Listener {
  readonly changes: Change[]
  readonly watch: Watch
  /** `created First`, in order. */
  readonly told: readonly string[]
  /** Resolves when the watch is over: with the code of the error that ended it, or `done`. */
  readonly over: Promise<string>
  until(count: number): Promise<void>
  stop(): void
}

export function listen(engine: Engine, context: WatchContext, input: WatchInput = {}, resource = 'post'): Listener {
  const abort = new AbortController()
  const watch = engine.resource(resource).watch(context, input, abort.signal)
  const changes: Change[] = []
  const run = async (): Promise<string> => {
    try {
      for await (const change of watch) changes.push(change)
      return 'done'
    } catch (error) {
      return String((error as { readonly code?: unknown }).code ?? error)
    }
  }
  const over = run()
  return {
    changes,
    watch,
    over,
    get told() {
      return changes.map(({ kind, record }) => `${kind} ${String(JSON.parse(record.json).title)}`)
    },
    async until(count) {
      await waitFor(`${count} changes`, () => changes.length >= count)
    },
    stop: () => abort.abort(),
  }
}
