/**
 * An exchange as it is declared: messages in both directions about one record, for as long as the caller stays. gRPC serves it as a
 * bidirectional stream; the other surfaces have no form for it.
 */
import type { Clock, PlinthError, Uuid } from '../kernel/index.ts'
import type { ActionStore, Declared, RefusalDeclaration } from './action.ts'
import type { Actor } from './actor.ts'
import type { FieldMap } from './field.ts'
import type { CreationOf, InputOf, RecordOf } from './infer.ts'

/** A change of a record that the caller may read. */
export interface HeardChange<Fields extends FieldMap> {
  readonly kind: 'created' | 'updated' | 'deleted'
  readonly id: Uuid
  /** As it is now, or was before it was deleted; with the fields that the caller may see. */
  readonly record: RecordOf<Fields>
}

export interface ChangeChoice {
  /** Only these; default all. */
  readonly kinds?: readonly HeardChange<FieldMap>['kind'][]
}

export interface ExchangeScope<
  Fields extends FieldMap,
  Receives extends FieldMap,
  Sends extends FieldMap,
  Refusals extends string,
> {
  /** The record, as it was when the exchange began. */
  readonly record: RecordOf<Fields>
  readonly actor: Actor
  readonly clock: Clock
  /** Aborted when nobody listens any more: the caller has gone, its deadline has passed, its rights have ended, the service stops. */
  readonly signal: AbortSignal
  /** What the caller says, each message when it is asked for; ends when the caller has said all. Read it here or by `hear`, not both. */
  readonly messages: AsyncIterable<InputOf<Receives>>
  /** Takes what the caller says, one message after the other, beside what `run` does; what `take` throws ends the exchange. */
  hear(take: (message: InputOf<Receives>) => Promise<void> | void): void
  /** Sends a message. Resolves when the next one has room; rejects when nobody listens any more. */
  tell(message: CreationOf<Sends>): Promise<void>
  /** The changes of a resource from now on, as far as the caller may read them. */
  changes<Other extends FieldMap>(resource: Declared<Other>, choice?: ChangeChoice): AsyncIterable<HeardChange<Other>>
  /** Runs work on records in one transaction, as an action does. Rejects when the exchange has ended. */
  transact<Result>(work: (store: ActionStore<Fields>) => Promise<Result>): Promise<Result>
  /** Makes the error of a declared refusal; throw it. */
  refuse(code: Refusals, message?: string): PlinthError
}

export interface ExchangeDeclaration<
  Fields extends FieldMap,
  Receives extends FieldMap,
  Sends extends FieldMap,
  Refusals extends string,
> {
  /** One sentence for the documentation. */
  readonly description?: string
  /** What each message of the caller holds. */
  readonly receives: Receives
  /** What each message of the service holds. */
  readonly sends: Sends
  /** The rules that the exchange may refuse by, as an action's. */
  readonly refusals?: { readonly [Code in Refusals]: RefusalDeclaration }
  /** The verb that policies must permit; default the exchange's own name. */
  readonly verb?: string
  /** Runs for as long as the exchange goes on. */
  run(scope: ExchangeScope<Fields, Receives, Sends, Refusals>): Promise<void>
}

/** An exchange as the rest of Plinth sees it, with its types forgotten. */
export interface Exchange {
  readonly description?: string
  readonly receives: FieldMap
  readonly sends: FieldMap
  readonly refusals: Readonly<Record<string, RefusalDeclaration>>
  readonly verb?: string
  // biome-ignore lint/suspicious/noExplicitAny: a map of exchanges mixes messages; the engine gives what `receives` has read.
  run(scope: any): Promise<void>
}

/** Declares an exchange of this resource, with the types of its record, messages and refusals. */
export type ExchangeMaker<Fields extends FieldMap> = <
  const Receives extends FieldMap,
  const Sends extends FieldMap,
  const Refusals extends string = never,
>(
  declaration: ExchangeDeclaration<Fields, Receives, Sends, Refusals>,
) => Exchange
