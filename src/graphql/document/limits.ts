/** Every bound on a document, with the source of each number. A document past one of them is refused before a statement is made. */

export interface DocumentLimits {
  /** Steps from a record or list to another one. Default 5. */
  readonly depthMax: number
  /** Records that an answer may touch at the most, long texts and counts weighed in. Default 10,000. */
  readonly complexityMax: number
  /** Fields under one other name. Default 20. */
  readonly aliasesMax: number
  /** Fields of `Query` or `Mutation` in one operation. Default 10. */
  readonly rootFieldsMax: number
  /** Directives in the whole document. Default 20. */
  readonly directivesMax: number
}

export const LIMITS_DEFAULT: DocumentLimits = {
  depthMax: 5,
  // A hundred records with ten of each of nine lists, or twenty with ten long texts each.
  complexityMax: 10_000,
  aliasesMax: 20,
  rootFieldsMax: 10,
  directivesMax: 20,
}

/** 64 KiB: values belong into variables, and the longest query of a large client is a quarter of it. */
export const TEXT_LENGTH_MAX = 65_536
/** The query by which tools ask for the schema has 260; parsing as many takes 2 ms. */
export const TOKENS_MAX = 2_000
/** Fields of all operations, each fragment counted wherever it is spread. Comparing all of them with each other is still quick. */
export const FIELDS_MAX = 500
export const FRAGMENTS_MAX = 50
export const OPERATIONS_MAX = 10
/** Lists and objects in a value: as deep as a body may nest. */
export const VALUE_DEPTH_MAX = 32
/** Findings in one answer; more help nobody. */
export const FINDINGS_MAX = 20
/** Characters of what is said of a variable: enough of its value to know it again. */
export const MESSAGE_LENGTH_MAX = 300
/** Documents kept ready, in bytes as `PreparedDocument` counts them. */
export const CACHE_BYTES_MAX = 16_777_216
