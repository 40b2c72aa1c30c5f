/** An action as it is declared: a named operation of the domain beyond create, read, update and delete. */
import type { Clock, PlinthError, Uuid } from '../kernel/index.ts'
import type { Actor } from './actor.ts'
import type { FieldMap } from './field.ts'
import type { ChangesOf, CreationOf, InputOf, RecordOf } from './infer.ts'

/** A rule of the domain that an action may refuse by: a sentence for the caller and a way out. */
export interface RefusalDeclaration {
  readonly message: string
  readonly cure: string
}

/** As much of a resource as tells its name and the types of its records. */
export interface Declared<Fields extends FieldMap> {
  readonly name: string
  readonly fields: Fields
}

/** The records of other resources, within the action's transaction and under the caller's policies. */
export interface ActionStore<Fields extends FieldMap> {
  /** Changes the record that the action is about; read-only fields may be set. Returns it as it is then. */
  update(record: RecordOf<Fields>, changes: ChangesOf<Fields>): Promise<RecordOf<Fields>>
  /** Finds a record that the caller may read; undefined when there is none. */
  find<Other extends FieldMap>(resource: Declared<Other>, id: Uuid): Promise<RecordOf<Other> | undefined>
  /** The records that belong to this one, oldest first, at most `limit` (default and most 1000). */
  listBy<Other extends FieldMap>(
    resource: Declared<Other>,
    field: keyof Other & string,
    id: Uuid,
    limit?: number,
  ): Promise<readonly RecordOf<Other>[]>
  create<Other extends FieldMap>(resource: Declared<Other>, values: CreationOf<Other>): Promise<RecordOf<Other>>
}

export interface ActionScope<Fields extends FieldMap, Input extends FieldMap, Refusals extends string> {
  /** The record, locked until the action ends. */
  readonly record: RecordOf<Fields>
  readonly input: InputOf<Input>
  readonly actor: Actor
  readonly clock: Clock
  readonly store: ActionStore<Fields>
  /** Makes the error of a declared refusal; throw it. */
  refuse(code: Refusals, message?: string): PlinthError
}

export interface ActionDeclaration<Fields extends FieldMap, Input extends FieldMap, Refusals extends string> {
  /** One sentence for the documentation of every surface. */
  readonly description?: string
  readonly input?: Input
  /** The rules that the action may refuse by, under codes of the catalogue's families: `CONFLICT_POST_NOT_DRAFT`. */
  readonly refusals?: { readonly [Code in Refusals]: RefusalDeclaration }
  /** The verb that policies must permit; default the action's own name. */
  readonly verb?: string
  /** Runs in one transaction; what it returns is the answer. */
  run(scope: ActionScope<Fields, Input, Refusals>): Promise<RecordOf<Fields>>
}

/** An action as the rest of Plinth sees it, with its types forgotten. */
export interface Action {
  readonly description?: string
  readonly input: FieldMap
  readonly refusals: Readonly<Record<string, RefusalDeclaration>>
  readonly verb?: string
  // biome-ignore lint/suspicious/noExplicitAny: a map of actions mixes inputs; the engine gives what `input` has read.
  run(scope: any): Promise<any>
}
