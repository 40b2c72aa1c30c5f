/** What an answer is, and how a failure stands in its `errors`. Knows the format of errors, not what failed. */
import type { ASTNode, GraphQLError, SourceLocation } from 'graphql'
import { CATALOGUE, type ErrorCode, PlinthError } from '../kernel/index.ts'

/** One entry of `errors`: what went wrong, and where in the document and in the answer it is known. */
export interface AnswerError {
  readonly error: PlinthError
  /** Keys and positions from `data` to the field that is null for it. */
  readonly path?: readonly (string | number)[] | undefined
  readonly locations?: readonly SourceLocation[] | undefined
}

/** What goes out, but for its envelope. */
export interface Answer {
  /** The text of `data`. */
  readonly data: string
  readonly errors: readonly AnswerError[]
}

/** Where a code is explained. */
export type DocsUrl = (code: string) => string

/** What a fault of ours looks like from outside, whatever its own message says. */
const FAULT_STATUS = 500

/** Prints the list as JSON. The message of a 500 is the catalogue's: what happened is in the log, under the request id. */
export function renderAnswerErrors(errors: readonly AnswerError[], requestId: string, docsUrl: DocsUrl): string {
  return JSON.stringify(errors.map((one) => renderOne(one, requestId, docsUrl)))
}

function renderOne({ error, path, locations }: AnswerError, requestId: string, docsUrl: DocsUrl) {
  const { code, status, details, retryAfterS } = error
  const isFault = status === FAULT_STATUS
  return {
    message: isFault ? CATALOGUE.INTERNAL_ERROR.message : error.message,
    ...(locations !== undefined && locations.length > 0 && { locations }),
    ...(path !== undefined && { path }),
    extensions: {
      code,
      requestId,
      docsUrl: docsUrl(code),
      details: isFault ? [] : details,
      // As the header has it, which streams and sockets are without.
      ...(retryAfterS !== undefined && { retryAfter: Math.max(1, Math.ceil(retryAfterS)) }),
    },
  }
}

/** What graphql-js found wrong with a document or its variables, as the catalogue calls it. */
export function toAnswerError(found: GraphQLError, code: ErrorCode): AnswerError {
  return { error: new PlinthError(code, found.message), locations: found.locations }
}

/** Where a part of a document begins. */
export function locationsOf({ loc }: ASTNode): AnswerError['locations'] {
  return loc === undefined ? undefined : [{ line: loc.startToken.line, column: loc.startToken.column }]
}
