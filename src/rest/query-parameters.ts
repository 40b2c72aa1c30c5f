/** Reads a query by a table of parameters, which the OpenAPI document prints too. What is not in the table is refused by name. */

import type { HttpRequest } from '../http/index.ts'
import { type ErrorDetail, invalid, NAME_SHOWN_MAX, shorten } from '../kernel/index.ts'
import type { Actor, FieldModel, JsonSchema } from '../model/index.ts'
import { isReadable } from '../policy/index.ts'
import { renderHint } from './nearest-name.ts'

/** One parameter: how it is read into the draft of an input, and how it is documented. */
export interface Parameter<Draft> {
  readonly name: string
  readonly description: string
  readonly schema: JsonSchema
  readonly example?: unknown
  /** Several values in one, with commas between. */
  readonly isList?: boolean
  readonly isDeprecated?: boolean
  /** The fields that it lets one feel: to those who may not read them all, the parameter does not exist. */
  readonly about: readonly FieldModel[]
  /** Sets what it says on the draft; returns what is wrong with the text, as the rest of a sentence. */
  read(text: string, draft: Draft, actor: Actor): ParameterProblem | undefined
}

export interface ParameterProblem {
  readonly code: string
  readonly message: string
}

/** Findings in one answer; more help nobody. */
const FINDINGS_MAX = 20

export class QueryParameters<Draft> {
  readonly all: readonly Parameter<Draft>[]
  readonly #byName: ReadonlyMap<string, Parameter<Draft>>
  /** Set where no parameter depends on who asks. */
  readonly #isOpen: boolean

  constructor(parameters: readonly Parameter<Draft>[]) {
    this.all = parameters
    this.#byName = new Map(parameters.map((parameter) => [parameter.name, parameter]))
    this.#isOpen = parameters.every((parameter) => parameter.about.every((field) => field.rules.readableBy === undefined))
  }

  /** @throws `VALIDATION_FAILED`, naming each parameter that is unknown or wrong */
  readInto(request: HttpRequest, draft: Draft): Draft {
    // Most requests have no query: then there is nothing to decode.
    if (!request.url.includes('?')) return draft
    const { query, actor } = request
    let findings: ErrorDetail[] | undefined
    for (const name in query) {
      const parameter = this.#byName.get(name)
      const text = query[name] ?? ''
      const problem =
        parameter === undefined || !this.#isKnown(parameter, actor)
          ? this.#unknown(name, actor)
          : parameter.read(text, draft, actor)
      if (problem === undefined) continue
      findings ??= []
      const shown = shorten(name, NAME_SHOWN_MAX)
      findings.push({ field: shown, code: problem.code, message: `${shown} ${problem.message}` })
      if (findings.length >= FINDINGS_MAX) break
    }
    if (findings !== undefined) throw invalid(findings)
    return draft
  }

  #isKnown(parameter: Parameter<Draft>, actor: Actor): boolean {
    return this.#isOpen || parameter.about.every((field) => isReadable(field, actor))
  }

  #unknown(name: string, actor: Actor): ParameterProblem {
    const known = this.all.filter((parameter) => this.#isKnown(parameter, actor)).map((parameter) => parameter.name)
    const hint = renderHint(name, known)
    const expected =
      known.length === 0 ? 'there are none' : `expected some of ${known.filter((one) => !one.includes('[')).join(', ')}`
    return { code: 'unknown', message: `is not a parameter here${hint === '' ? `, ${expected}` : hint}` }
  }
}

/** For operations whose query says nothing. */
export const NO_PARAMETERS = new QueryParameters<undefined>([])
