/**
 * Answers GraphQL operations, whatever transport they came over: the gate before them, then queries as one tree and mutations in turn. What is
 * true of documents and answers is true here, once.
 */
import type { GraphQLSchema } from 'graphql'
import type { Engine, OnceKey, RequestContext } from '../engine/index.ts'
import { PlinthError } from '../kernel/index.ts'
import type { Domain } from '../model/index.ts'
import { type Answer, type AnswerError, type DocsUrl, renderAnswerErrors } from './answer-errors.ts'
import type { FieldWeights } from './document/complexity.ts'
import { Documents } from './document/documents.ts'
import { type DocumentLimits, LIMITS_DEFAULT } from './document/limits.ts'
import type { DocumentRules } from './document/prepare-document.ts'
import { OperationGate, type OperationRequest, type Readiness, type ReadyOperation } from './document/ready-operation.ts'
import { Mutations } from './mutations/run-mutations.ts'
import { QueryPlanner } from './plan-query.ts'
import { runQuery } from './run-query.ts'
import { deriveSchema, type GraphqlDeprecations } from './schema/derive-schema.ts'

export interface ExecutorOptions {
  readonly domain: Domain
  readonly engine: Engine
  /** Whether the schema may be asked for, and misspelt names are helped with. Default false. */
  readonly isOpen?: boolean | undefined
  readonly limits?: Partial<DocumentLimits> | undefined
  readonly weights?: FieldWeights | undefined
  /** Declared documents by id. */
  readonly documents?: Readonly<Record<string, string>> | undefined
  /** Whether no others are answered. Default false. */
  readonly isTrustedOnly?: boolean | undefined
  readonly deprecations?: GraphqlDeprecations | undefined
  readonly docsUrl: DocsUrl
}

export class Executor {
  readonly schema: GraphQLSchema
  readonly #engine: Engine
  readonly #gate: OperationGate
  readonly #planner: QueryPlanner
  readonly #mutations: Mutations
  readonly #docsUrl: DocsUrl

  /** @throws `DeclarationError` and `TypeError` for a schema, weights or documents that cannot be */
  constructor(options: ExecutorOptions) {
    const { domain, engine, isOpen = false, limits = {}, weights = {}, documents, isTrustedOnly, deprecations = {} } = options
    const rules: DocumentRules = { limits: { ...LIMITS_DEFAULT, ...limits }, weights, isOpen }
    this.schema = deriveSchema(domain, deprecations)
    expectFields(this.schema, weights)
    this.#engine = engine
    this.#docsUrl = options.docsUrl
    this.#gate = new OperationGate(
      this.schema,
      new Documents({ schema: this.schema, rules, trusted: documents, isTrustedOnly }),
      rules,
    )
    this.#planner = new QueryPlanner(this.schema, domain)
    this.#mutations = new Mutations({ schema: this.schema, engine })
  }

  /** The gate: an operation that may run, or what is wrong with the request. @throws `VALIDATION_*`, `NOT_FOUND_DOCUMENT` */
  read(request: OperationRequest): Readiness {
    return this.#gate.read(request)
  }

  /**
   * Runs a query or a mutation.
   *
   * @param onceKey for mutations: under which it is to happen once
   * @throws `DEPENDENCY_*` where the store is away or takes too long, and nothing can be told
   */
  async run(
    ready: ReadyOperation,
    context: RequestContext,
    onceKey?: OnceKey,
  ): Promise<Answer & { readonly isReplay?: boolean }> {
    switch (ready.type) {
      case 'query':
        return runQuery({ schema: this.schema, engine: this.#engine, planner: this.#planner }, ready, context)
      case 'mutation':
        return this.#mutations.run(ready, context, onceKey)
      case 'subscription':
        throw new PlinthError(
          'VALIDATION_DOCUMENT',
          'Cannot answer a subscription here: it needs a stream of events or a web socket',
        )
    }
  }

  /** The whole answer of an operation that ran. */
  render({ data, errors }: Answer, requestId: string): string {
    return errors.length === 0 ? `{"data":${data}}` : `{"errors":${this.#errors(errors, requestId)},"data":${data}}`
  }

  /** The answer where nothing ran. */
  renderRefusal(errors: readonly AnswerError[], requestId: string): string {
    return `{"errors":${this.#errors(errors, requestId)}}`
  }

  #errors(errors: readonly AnswerError[], requestId: string): string {
    return renderAnswerErrors(errors, requestId, this.#docsUrl)
  }
}

function expectFields(schema: GraphQLSchema, weights: FieldWeights): void {
  for (const [place, weight] of Object.entries(weights)) {
    const [typeName = '', fieldName = ''] = place.split('.')
    const type = schema.getType(typeName)
    const isKnown = type !== undefined && 'getFields' in type && Object.hasOwn(type.getFields(), fieldName)
    if (!isKnown || !(weight >= 0))
      throw new TypeError(
        `Cannot weigh the field "${place}" with ${weight}: expected a field of the schema, as in { 'User.posts': 5 }, and a number from 0`,
      )
  }
}
