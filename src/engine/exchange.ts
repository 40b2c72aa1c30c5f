/** What an exchange takes from its surface, and gives to it. */
import type { Uuid } from '../kernel/index.ts'
import type { Actor, ExchangeModel, Json } from '../model/index.ts'
import type { FieldValues } from './read-fields.ts'

export interface ExchangeInput {
  readonly exchange: ExchangeModel
  /** The record that it is about. */
  readonly id: Uuid
  /** What the caller says, to be read as whoever they are then; the next is asked for when there is room for it. What it throws ends the exchange. */
  readonly messages: AsyncIterable<(actor: Actor) => FieldValues>
}

/** What the service says, by the names of columns. */
export type Answer = Readonly<Record<string, Json>>

export interface OpenExchange extends AsyncIterable<Answer> {
  /** Resolves when the caller is let in and nothing that changes from now on is missed. Rejects as the first answer would. */
  readonly ready: Promise<void>
}
