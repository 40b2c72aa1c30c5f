/**
 * Finds the document of a request: one that the service declared, by its id, or one that was sent. Those that were sent are kept ready by the
 * digest of their text, so many that they fit into a bound in bytes.
 */
import { hash } from 'node:crypto'
import type { GraphQLSchema } from 'graphql'
import { LRUCache } from 'lru-cache'
import { PlinthError } from '../../kernel/index.ts'
import { CACHE_BYTES_MAX } from './limits.ts'
import { type DocumentRules, type Preparation, type PreparedDocument, prepareDocument } from './prepare-document.ts'

export interface DocumentsOptions {
  readonly schema: GraphQLSchema
  readonly rules: DocumentRules
  /** Texts by id. Each is also known by the SHA-256 of its text, in hex. */
  readonly trusted?: Readonly<Record<string, string>> | undefined
  /** Whether no other documents are answered. */
  readonly isTrustedOnly?: boolean | undefined
}

/** Which document a request is about: its text, its id, or both. */
export interface DocumentRequest {
  readonly text: string | undefined
  readonly id: string | undefined
}

/** `sha256:<hex>`, as GraphQL over HTTP writes ids that are digests. */
const DIGEST_PREFIX = 'sha256:'

export class Documents {
  readonly #schema: GraphQLSchema
  readonly #rules: DocumentRules
  readonly #trusted: ReadonlyMap<string, PreparedDocument>
  readonly #isTrustedOnly: boolean
  readonly #sent = new LRUCache<string, PreparedDocument>({
    maxSize: CACHE_BYTES_MAX,
    sizeCalculation: ({ bytes }) => bytes,
  })

  /** @throws `TypeError` for a declared document that the schema does not allow, or that is too much */
  constructor({ schema, rules, trusted = {}, isTrustedOnly = false }: DocumentsOptions) {
    this.#schema = schema
    this.#rules = rules
    this.#isTrustedOnly = isTrustedOnly
    this.#trusted = new Map(
      Object.entries(trusted).flatMap(([id, text]) => {
        // Who declares a document may ask for the schema in it, wherever it is served.
        const prepared = expectReady(id, prepareDocument(schema, text, { ...rules, isOpen: true }))
        return [[id, prepared] as const, [digestOf(text), prepared] as const]
      }),
    )
  }

  /**
   * @throws `NOT_FOUND_DOCUMENT` for an id that nobody declared, and for a text where only declared documents are answered;
   * `VALIDATION_FAILED` for an id that is not the text's
   */
  read({ text, id }: DocumentRequest): Preparation {
    if (id !== undefined) {
      const known = this.#trusted.get(id.startsWith(DIGEST_PREFIX) ? id.slice(DIGEST_PREFIX.length) : id)
      if (known !== undefined) return { kind: 'ready', prepared: known }
      if (text === undefined) throw new PlinthError('NOT_FOUND_DOCUMENT')
    }
    if (text === undefined)
      throw new PlinthError('VALIDATION_DOCUMENT', 'Cannot read the document: there is none, expected "query"')
    const digest = digestOf(text)
    const trusted = this.#trusted.get(digest)
    if (trusted !== undefined) return { kind: 'ready', prepared: trusted }
    if (this.#isTrustedOnly) throw new PlinthError('NOT_FOUND_DOCUMENT', 'This service answers declared documents only')
    const kept = this.#sent.get(digest)
    if (kept !== undefined) return { kind: 'ready', prepared: kept }
    const preparation = prepareDocument(this.#schema, text, this.#rules)
    if (preparation.kind === 'ready') this.#sent.set(digest, preparation.prepared)
    return preparation
  }
}

function digestOf(text: string): string {
  return hash('sha256', text)
}

function expectReady(id: string, preparation: Preparation): PreparedDocument {
  if (preparation.kind === 'ready') return preparation.prepared
  const [first] = preparation.errors
  throw new TypeError(`Cannot declare the GraphQL document "${id}": ${first?.error.message}`)
}
