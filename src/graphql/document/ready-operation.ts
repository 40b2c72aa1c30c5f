/** From a request to an operation that may run: its document, which operation of it, its variables, its weight. The one gate for all transports. */
import { type GraphQLError, type GraphQLSchema, getVariableValues, type OperationTypeNode } from 'graphql'
import { invalid, PlinthError, shorten } from '../../kernel/index.ts'
import { type AnswerError, locationsOf } from '../answer-errors.ts'
import type { VariableValues } from './complexity.ts'
import type { Documents } from './documents.ts'
import { findMisfits, type VariableMisfit } from './find-misfits.ts'
import { FINDINGS_MAX, MESSAGE_LENGTH_MAX } from './limits.ts'
import type { DocumentRules, PreparedDocument, PreparedOperation } from './prepare-document.ts'
import { requestCost } from './request-cost.ts'

/** What a client sent, whatever the transport. */
export interface OperationRequest {
  readonly text: string | undefined
  /** The id of a declared document. */
  readonly documentId: string | undefined
  readonly operationName: string | undefined
  readonly variables: VariableValues
}

export interface ReadyOperation {
  readonly prepared: PreparedDocument
  readonly operation: PreparedOperation
  readonly type: `${OperationTypeNode}`
  /** Coerced, defaults filled in. */
  readonly variables: VariableValues
  readonly request: OperationRequest
  /** How many requests it counts as. */
  readonly cost: number
}

export type Readiness =
  | { readonly kind: 'ready'; readonly ready: ReadyOperation }
  | { readonly kind: 'refused'; readonly errors: readonly AnswerError[] }

export class OperationGate {
  readonly #schema: GraphQLSchema
  readonly #documents: Documents
  readonly #rules: DocumentRules

  constructor(schema: GraphQLSchema, documents: Documents, rules: DocumentRules) {
    this.#schema = schema
    this.#documents = documents
    this.#rules = rules
  }

  /**
   * @returns the operation, or what is wrong with it
   * @throws `NOT_FOUND_DOCUMENT` and `VALIDATION_*` where there is no document to be judged
   */
  read(request: OperationRequest): Readiness {
    const preparation = this.#documents.read({ text: request.text, id: request.documentId })
    if (preparation.kind === 'refused') return preparation
    const { prepared } = preparation
    const operation = chooseOperation(prepared, request.operationName)
    if (operation === undefined) return refuse(noOperation(prepared, request.operationName))
    const { node } = operation
    const definitions = node.variableDefinitions ?? []
    const found = getVariableValues(this.#schema, definitions, request.variables, {
      maxErrors: FINDINGS_MAX,
      hideSuggestions: !this.#rules.isOpen,
    })
    if (found.errors !== undefined)
      return refuse(
        ...wrongVariables(findMisfits(this.#schema, definitions, request.variables, this.#rules.isOpen), found.errors),
      )
    const weight = prepared.scales.weigh(node, found.coerced)
    const { complexityMax } = this.#rules.limits
    if (weight > complexityMax) return refuse(tooHeavy(weight, complexityMax))
    const scope = { schema: this.#schema, fragments: prepared.fragments, variables: found.coerced }
    const cost = requestCost(scope, node, weight)
    return { kind: 'ready', ready: { prepared, operation, type: node.operation, variables: found.coerced, request, cost } }
  }
}

function refuse(...errors: readonly AnswerError[]): Readiness {
  return { kind: 'refused', errors }
}

function chooseOperation({ operations }: PreparedDocument, name: string | undefined): PreparedOperation | undefined {
  if (name !== undefined) return operations.find((one) => one.name === name)
  return operations.length === 1 ? operations[0] : undefined
}

function noOperation({ operations }: PreparedDocument, name: string | undefined): AnswerError {
  const known = operations.map((one) => one.name ?? 'one without a name').join(', ')
  const what = name === undefined ? 'operationName is missing' : `there is none of the name ${JSON.stringify(shorten(name, 64))}`
  return { error: new PlinthError('VALIDATION_DOCUMENT', `Cannot choose an operation: ${what}, expected one of ${known}`) }
}

/** Each with its place; what graphql-js says where no place was found for it. */
function wrongVariables(misfits: readonly VariableMisfit[], refused: readonly GraphQLError[]): readonly AnswerError[] {
  if (misfits.length > 0)
    return misfits.map(({ detail, definition }) => ({ error: invalid([detail]), locations: locationsOf(definition) }))
  return refused.map(({ message, locations }) => ({
    error: invalid([{ field: 'variables', code: 'type', message: shorten(message, MESSAGE_LENGTH_MAX) }]),
    locations,
  }))
}

function tooHeavy(weight: number, most: number): AnswerError {
  const message = `The answer could hold ${weight} records, long texts and counts weighed in, expected at most ${most}`
  return {
    error: new PlinthError('VALIDATION_TOO_COMPLEX', message, { details: [{ field: 'query', code: 'too_heavy', message }] }),
  }
}
