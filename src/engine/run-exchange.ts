/**
 * Runs an exchange: lets its caller in, hands the domain's code what the caller says, and the caller what the code tells.
 *
 * Invariant: each message of the caller is judged as a request of its own would be, by the rights that the caller has then and the record as it is
 * then; what is told was permitted at most half a second before.
 */
import type { FieldModel, ResourceModel } from '../model/index.ts'
import { actionStore, makeRefusal } from './act.ts'
import type { CompiledResource } from './compiled-resource.ts'
import { decideAccess, notFound, refused } from './decide.ts'
import type { Answer, ExchangeInput, OpenExchange } from './exchange.ts'
import { type CodeRecord, decodeRecord, pickFields } from './record.ts'
import { Rendezvous } from './rendezvous.ts'
import type { Runtime } from './runtime.ts'
import type { Watch, WatchContext, WatchInput } from './watch.ts'
import type { WatchHub } from './watch-hub.ts'

/** How long a look at the rights of a caller who only listens holds. */
const ADMITTED_MS = 500

/** What code may tell without waiting for its caller to read it. */
const UNTAKEN_MAX = 1_000

type Take = (message: CodeRecord) => Promise<void> | void

export interface ExchangeParts {
  readonly compiled: CompiledResource
  readonly runtime: Runtime
  readonly hub: WatchHub
  readonly context: WatchContext
  readonly input: ExchangeInput
  readonly signal: AbortSignal
}

/** @throws what `decideAccess` and `WatchHub.watch` throw */
export function runExchange(parts: ExchangeParts): OpenExchange {
  const talk = new Talk(parts)
  return { ready: talk.ready, [Symbol.asyncIterator]: () => talk.tell() }
}

class Talk {
  readonly ready: Promise<void>
  readonly #parts: ExchangeParts
  readonly #ending = new AbortController()
  readonly #signal: AbortSignal
  readonly #told = new Rendezvous<Answer>(UNTAKEN_MAX)
  readonly #watches: Watch[] = []
  /** Of the caller, as they were let in last. */
  #context: WatchContext
  #admittedAtMs = 0
  /** What the caller said last, being taken. */
  #taking: Promise<void> | void = undefined
  #failure: { readonly error: unknown } | undefined

  constructor(parts: ExchangeParts) {
    const { compiled, context, input, signal } = parts
    this.#parts = parts
    this.#context = context
    this.#signal = AbortSignal.any([signal, this.#ending.signal])
    decideAccess(compiled.access(input.exchange.verb), compiled.model, context)
    const guard = this.#watch(compiled, { id: input.id, kinds: ['deleted'] })
    this.#signal.addEventListener('abort', () => this.#told.close(this.#signal.reason))
    this.ready = this.#begin(guard)
    // Whoever asks for the first answer hears of it.
    this.ready.catch(() => this.#end())
  }

  async *tell(): AsyncGenerator<Answer, void, undefined> {
    try {
      await this.ready
      for (;;) {
        const next = await this.#told.take()
        if (next.done === true) break
        if (this.#parts.runtime.clock.monotonicMs() - this.#admittedAtMs > ADMITTED_MS) await this.#admit()
        yield next.value
      }
      if (this.#failure !== undefined) throw this.#failure.error
    } finally {
      this.#end()
    }
  }

  /** The code begins, so that what it listens to is open, before the caller is told that they are heard. */
  async #begin(guard: Watch): Promise<void> {
    const record = await this.#admit()
    void this.#leaveWith(guard)
    void this.#run(record)
    await Promise.all(this.#watches.map((watch) => watch.ready))
  }

  async #run(record: CodeRecord): Promise<void> {
    try {
      await this.#parts.input.exchange.exchange.run(this.#scope(record))
      // What the caller said last is taken to its end.
      await this.#taking
      this.#told.close(ended())
    } catch (error) {
      this.#fail(error)
    }
  }

  #scope(record: CodeRecord) {
    const { input, runtime, compiled } = this.#parts
    const { name, sends, exchange } = input.exchange
    const messages = this.#messages()
    return {
      record: pickFields(compiled.fieldSets.all, record),
      actor: this.#context.actor,
      clock: runtime.clock,
      signal: this.#signal,
      messages,
      hear: (take: Take) => void this.#hear(messages, take),
      tell: (message: CodeRecord) => this.#told.put(printAnswer(sends, message)),
      changes: (resource: Pick<ResourceModel, 'name'>, { kinds }: Pick<WatchInput, 'kinds'> = {}) => {
        const other = runtime.sibling(resource.name).compiled
        return heardChanges(other.model, this.#watch(other, { kinds }))
      },
      transact: async <Result>(work: (store: object) => Promise<Result>) => {
        // Nobody has the right to write any more.
        this.#signal.throwIfAborted()
        return runtime.inTransaction((transaction) => work(actionStore(compiled, runtime, this.#context, transaction, name)))
      },
      refuse: (code: string, message?: string) => makeRefusal(`exchange "${name}"`, exchange.refusals, code, message),
    }
  }

  /** Each message, once its caller may still say it. */
  async *#messages(): AsyncGenerator<CodeRecord, void, undefined> {
    const { input } = this.#parts
    for await (const read of input.messages) {
      await this.#admit()
      const values = read(this.#context.actor)
      yield Object.fromEntries(input.exchange.receives.map((field) => [field.name, values.get(field) ?? undefined]))
    }
  }

  async #hear(messages: AsyncIterable<CodeRecord>, take: Take): Promise<void> {
    try {
      for await (const message of messages) {
        if (this.#signal.aborted) return
        this.#taking = take(message)
        await this.#taking
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  /** @returns the record with all that it holds. @throws what a request about it would be refused with now */
  async #admit(): Promise<CodeRecord> {
    const { compiled, runtime, input, context } = this.#parts
    const { model, fieldSets } = compiled
    const actor = (await context.renew?.()) ?? context.actor
    const now: WatchContext = { ...context, actor, nowMs: runtime.clock.now() }
    const access = compiled.access(input.exchange.verb)
    decideAccess(access, model, now)
    const read = decideAccess(compiled.access('read'), model, now)
    const stored = await runtime.operations.get({
      resource: model,
      context: now,
      id: input.id,
      read,
      fields: fieldSets.held,
      parent: undefined,
      includesDeleted: false,
    })
    if (stored === undefined) throw notFound(model, input.id)
    const record = decodeRecord(model, stored)
    if (!access.permits(now, record)) throw refused(input.exchange.verb, model, now)
    this.#context = now
    this.#admittedAtMs = runtime.clock.monotonicMs()
    return record
  }

  /** Ends with the caller's standing, and when the record is deleted. */
  async #leaveWith(guard: Watch): Promise<void> {
    try {
      const { done } = await guard.next()
      if (done !== true) this.#fail(notFound(this.#parts.compiled.model, this.#parts.input.id))
    } catch (error) {
      this.#fail(error)
    }
  }

  #watch(compiled: CompiledResource, input: Parameters<WatchHub['watch']>[2]): Watch {
    const watch = this.#parts.hub.watch(compiled, this.#context, input, this.#signal)
    this.#watches.push(watch)
    return watch
  }

  #fail(error: unknown): void {
    // What fails since it has ended is no news.
    if (this.#signal.aborted) return
    this.#failure = { error }
    this.#end()
  }

  #end(): void {
    if (!this.#ending.signal.aborted) this.#ending.abort(ended())
  }
}

/** What code hears that goes on when nobody listens any more. */
function ended(): Error {
  return new DOMException('The exchange has ended', 'AbortError')
}

async function* heardChanges(model: ResourceModel, watch: Watch) {
  for await (const { kind, id, record } of watch) yield { kind, id, record: decodeRecord(model, record) }
}

/** @throws TypeError for what the declaration does not say: a mistake of the code that tells it */
function printAnswer(fields: readonly FieldModel[], told: CodeRecord): Answer {
  const unknown = Object.keys(told).find((name) => fields.every((field) => field.name !== name))
  if (unknown !== undefined)
    throw new TypeError(
      `Cannot send "${unknown}": the exchange does not declare it, expected ${fields.map(({ name }) => name).join(', ')}`,
    )
  return Object.fromEntries(
    fields.map((field) => {
      const value = told[field.name] ?? field.rules.fallback ?? null
      if (value === null && !field.rules.isNullable)
        throw new TypeError(`Cannot send an answer without "${field.name}": the exchange declares it, and not as optional`)
      return [field.column, value === null ? null : field.kind.toJson(value)]
    }),
  )
}
