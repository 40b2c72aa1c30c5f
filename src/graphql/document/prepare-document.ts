/**
 * Makes a document ready: parsed, measured, valid. Measuring comes first, for some of the rules of validation take time that grows with the
 * square of what they look at.
 */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql'
import { PlinthError } from '../../kernel/index.ts'
import { type AnswerError, toAnswerError } from '../answer-errors.ts'
import { type FieldWeights, Scales } from './complexity.ts'
import { type DocumentLimits, FINDINGS_MAX, TEXT_LENGTH_MAX, TOKENS_MAX } from './limits.ts'
import { measureDocument } from './measure.ts'

/** What is judged of documents, beside the schema. */
export interface DocumentRules {
  readonly limits: DocumentLimits
  readonly weights: FieldWeights
  /** Whether documents may ask for the schema, and are told what a misspelt name could mean. */
  readonly isOpen: boolean
}

/** A document that is known to be good, with what its requests share. */
export interface PreparedDocument {
  readonly document: DocumentNode
  readonly operations: readonly PreparedOperation[]
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly scales: Scales
  /** What it takes to keep it. */
  readonly bytes: number
}

export interface PreparedOperation {
  /** Null for the only one, which needs no name. */
  readonly name: string | null
  readonly node: OperationDefinitionNode
  readonly asksSchema: boolean
}

export type Preparation =
  | { readonly kind: 'ready'; readonly prepared: PreparedDocument }
  | { readonly kind: 'refused'; readonly errors: readonly AnswerError[] }

/** A syntax tree takes 50 to 70 times as much as its text. */
const BYTES_PER_CHARACTER = 64
const BYTES_LEAST = 2_048

export function prepareDocument(schema: GraphQLSchema, text: string, rules: DocumentRules): Preparation {
  if (text.length > TEXT_LENGTH_MAX)
    return refuse(tooComplex('too_long', `The document has ${text.length} characters, expected at most ${TEXT_LENGTH_MAX}`))
  const parsed = parseDocument(text)
  if ('error' in parsed) return refuse(parsed)
  const { excesses, asksSchema } = measureDocument(schema, parsed, rules.limits)
  if (excesses.length > 0) return refuse(...excesses.slice(0, FINDINGS_MAX).map(({ rule, message }) => tooComplex(rule, message)))
  const operations = parsed.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION)
  if (!rules.isOpen && operations.some(asksSchema)) return refuse(SCHEMA_IS_CLOSED)
  const found = validate(schema, parsed, undefined, { maxErrors: FINDINGS_MAX, hideSuggestions: !rules.isOpen })
  if (found.length > 0) return refuse(...saidOnce(found))
  const fragments = new Map(
    parsed.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION).map((one) => [one.name.value, one]),
  )
  return {
    kind: 'ready',
    prepared: {
      document: parsed,
      operations: operations.map((node) => ({ name: node.name?.value ?? null, node, asksSchema: asksSchema(node) })),
      fragments,
      scales: new Scales(schema, fragments, rules.weights),
      bytes: BYTES_LEAST + text.length * BYTES_PER_CHARACTER,
    },
  }
}

const SCHEMA_IS_CLOSED: AnswerError = {
  error: new PlinthError(
    'VALIDATION_DOCUMENT',
    'This service does not tell its schema here, expected no __schema and no __type. The schema is published as a file',
  ),
}

/** The same mistake made often is one error with all its places. */
function saidOnce(found: readonly GraphQLError[]): readonly AnswerError[] {
  const byMessage = Map.groupBy(found, ({ message }) => message)
  return [...byMessage.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    const locations = [first, ...others].flatMap((one) => one.locations ?? [])
    return [{ ...toAnswerError(first, 'VALIDATION_DOCUMENT'), locations }]
  })
}

function refuse(...errors: readonly AnswerError[]): Preparation {
  return { kind: 'refused', errors }
}

function tooComplex(rule: string, message: string): AnswerError {
  return {
    error: new PlinthError('VALIDATION_TOO_COMPLEX', message, { details: [{ field: 'query', code: rule, message }] }),
  }
}

function parseDocument(text: string): DocumentNode | AnswerError {
  try {
    return parse(text, { maxTokens: TOKENS_MAX })
  } catch (error) {
    // The parser descends as deep as the text nests.
    if (error instanceof RangeError) return tooComplex('too_deep', 'The document nests too deep to be read')
    if (!(error instanceof GraphQLError)) throw error
    if (error.message.includes(`${TOKENS_MAX} tokens`))
      return tooComplex('too_long', `The document has more than ${TOKENS_MAX} tokens`)
    return toAnswerError(error, 'VALIDATION_DOCUMENT')
  }
}
