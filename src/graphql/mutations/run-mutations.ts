/**
 * Runs the mutations of an operation one after the other. Each is a unit of its own: one that is refused is null beside its error, and what
 * was done before it stays done.
 */
import { type FieldNode, type GraphQLObjectType, type GraphQLSchema, getNamedType, isObjectType } from 'graphql'
import type {
  Engine,
  KeptAnswer,
  OnceKey,
  RecordSelection,
  RequestContext,
  ResourceOperations,
  StoredRecord,
} from '../../engine/index.ts'
import { PlinthError, parseJson, toPlinthError } from '../../kernel/index.ts'
import { type Answer, type AnswerError, locationsOf } from '../answer-errors.ts'
import { type CollectedFields, type CollectScope, collectFields } from '../document/collect-fields.ts'
import type { ReadyOperation } from '../document/ready-operation.ts'
import { GRAPHQL_SPELLING } from '../global-id.ts'
import { meaningOf } from '../meaning.ts'
import { collectBelow, readArguments } from '../plan-records.ts'
import { InputReader, isMutation, type MutationMeaning } from './read-input.ts'
import { isPlain, type PayloadPart, planPayload, renderPayload, renderStored } from './render-payload.ts'
import { runChange } from './run-change.ts'
import { isExpected, toUserErrors, type UserError } from './user-errors.ts'

export interface MutationsOptions {
  readonly schema: GraphQLSchema
  readonly engine: Engine
}

/** One field of Mutation, ready to run. */
interface Step {
  readonly meaning: MutationMeaning
  readonly payload: GraphQLObjectType
  readonly parts: readonly PayloadPart[]
  readonly input: Readonly<Record<string, unknown>>
}

export class Mutations {
  readonly #options: MutationsOptions
  readonly #readers = new Map<MutationMeaning, InputReader>()

  constructor(options: MutationsOptions) {
    this.#options = options
    for (const field of Object.values(options.schema.getMutationType()?.getFields() ?? {})) {
      const meaning = meaningOf(field)
      if (isMutation(meaning)) this.#readers.set(meaning, new InputReader(meaning))
    }
  }

  /**
   * @param onceKey set where the caller wants the operation done once; it must have one mutation
   * @throws `VALIDATION_FAILED` for a key with several mutations
   */
  async run(
    ready: ReadyOperation,
    context: RequestContext,
    onceKey: OnceKey | undefined,
  ): Promise<Answer & { readonly isReplay: boolean }> {
    const type = this.#options.schema.getMutationType()
    if (type === undefined || type === null) throw new PlinthError('INTERNAL_ERROR')
    const scope: CollectScope = {
      schema: this.#options.schema,
      fragments: ready.prepared.fragments,
      variables: ready.variables,
    }
    const fields = collectFields(scope, type, [ready.operation.node.selectionSet])
    if (onceKey !== undefined) expectOne(fields)
    const texts: string[] = []
    const errors: AnswerError[] = []
    let isReplay = false
    for (const [key, nodes] of fields) {
      const name = `${JSON.stringify(key)}:`
      try {
        // What is wrong with the selection is found before anything is changed.
        const step = this.#plan(scope, type, nodes)
        if (step === undefined) {
          texts.push(`${name}${JSON.stringify(type.name)}`)
          continue
        }
        const done = await this.#runStep(step, key, context, onceKey, errors)
        isReplay ||= done.isReplay
        texts.push(`${name}${done.text}`)
      } catch (thrown) {
        texts.push(`${name}null`)
        errors.push({ error: toPlinthError(thrown), path: [key], locations: locationsOf(nodes[0]) })
      }
    }
    return { data: `{${texts.join(',')}}`, errors, isReplay }
  }

  /** Undefined for `__typename`. */
  #plan(scope: CollectScope, type: GraphQLObjectType, nodes: readonly [FieldNode, ...FieldNode[]]): Step | undefined {
    const [node] = nodes
    const field = type.getFields()[node.name.value]
    const payload = field === undefined ? undefined : getNamedType(field.type)
    const meaning = field === undefined ? undefined : meaningOf(field)
    if (field === undefined || !isObjectType(payload) || !isMutation(meaning)) return undefined
    const parts = planPayload(scope, payload, collectBelow(scope, payload, nodes))
    const { input } = readArguments(scope, field, node)
    // The schema says that there is one, an object.
    return { meaning, payload, parts, input: input as Step['input'] }
  }

  async #runStep(
    step: Step,
    key: string,
    context: RequestContext,
    onceKey: OnceKey | undefined,
    answerErrors: AnswerError[],
  ): Promise<{ readonly text: string; readonly isReplay: boolean }> {
    const { meaning, payload, parts } = step
    let errors: readonly UserError[] = []
    let done: { readonly record: StoredRecord; readonly isReplay: boolean } | undefined
    try {
      done = await this.#change(step, context, onceKey)
    } catch (thrown) {
      const error = toPlinthError(thrown)
      if (!isExpected(error)) throw error
      errors = toUserErrors(error, meaning.kind === 'act' ? meaning.action.input : meaning.resource.fields)
    }
    const records =
      done === undefined ? new Map<PayloadPart, string>() : await this.#render(step, key, context, done.record, answerErrors)
    return { text: renderPayload(payload, parts, records, errors), isReplay: done?.isReplay === true }
  }

  async #change(
    { meaning, input }: Step,
    context: RequestContext,
    onceKey: OnceKey | undefined,
  ): Promise<{ readonly record: StoredRecord; readonly isReplay: boolean }> {
    const { engine } = this.#options
    const { name } = meaning.resource
    const asked = this.#readers.get(meaning)?.read(input, context.actor)
    if (asked === undefined) throw new PlinthError('INTERNAL_ERROR')
    const run = (operations: ResourceOperations): Promise<StoredRecord> => runChange(operations, context, meaning, asked)
    if (onceKey === undefined) return { record: await run(engine.resource(name)), isReplay: false }
    const { answer, isReplay } = await engine.once(onceKey, async (resource) => keep(await run(resource(name))))
    return { record: takeKept(answer), isReplay }
  }

  /** The change is done: what cannot be read of the record is null beside its error, and the payload stays. */
  async #render(
    step: Step,
    key: string,
    context: RequestContext,
    record: StoredRecord,
    errors: AnswerError[],
  ): Promise<ReadonlyMap<PayloadPart, string>> {
    const texts = new Map<PayloadPart, string>()
    for (const part of step.parts) {
      if (part.kind !== 'changed') continue
      try {
        const text = isPlain(part.select)
          ? renderStored(part.select, record)
          : await this.#readAnew(step, context, record, part.select)
        texts.set(part, text)
      } catch (thrown) {
        errors.push({ error: toPlinthError(thrown), path: [key, part.key] })
      }
    }
    return texts
  }

  /** The record and what hangs on it, under the rights of the caller; `null` where they may change a record and not see it. */
  async #readAnew({ meaning }: Step, context: RequestContext, { id }: StoredRecord, select: RecordSelection): Promise<string> {
    const root = { kind: 'record', as: ROOT_KEY, resource: meaning.resource, id, select } as const
    const { json, failures } = await this.#options.engine.readTree(context, { spelling: GRAPHQL_SPELLING, roots: [root] })
    const [failure] = failures
    if (failure !== undefined) throw failure.error
    return textOf(json)
  }
}

const ROOT_KEY = 'record'

/** The text of the one value in an object: the store prints no more than is needed, but who knows. */
function textOf(json: string): string {
  const head = `{"${ROOT_KEY}":`
  if (json.startsWith(head)) return json.slice(head.length, -1)
  return JSON.stringify((parseJson(json) as Readonly<Record<string, unknown>>)[ROOT_KEY] ?? null)
}

/** The record is what is kept: what is asked beside it is read anew for whoever repeats the request. */
function keep(record: StoredRecord): KeptAnswer {
  return { status: 200, headers: {}, body: JSON.stringify(record) }
}

function takeKept({ body }: KeptAnswer): StoredRecord {
  // Our own text, under a key that belongs to this caller and this surface.
  return JSON.parse(body) as StoredRecord
}

function expectOne(fields: CollectedFields): void {
  if (fields.size === 1) return
  const message = 'Idempotency-Key needs an operation with one mutation: what several did could be kept in part only'
  throw new PlinthError('VALIDATION_FAILED', message, { details: [{ field: 'idempotency-key', code: 'too_many', message }] })
}
