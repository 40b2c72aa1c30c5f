/** Reads the fields of a body: which are known, may be set by this actor, are missing, and whether each value fits its kind. */
import { type ErrorDetail, invalid, NAME_SHOWN_MAX, PlinthError, shorten } from '../kernel/index.ts'
import { type Actor, type FieldModel, Misfit } from '../model/index.ts'
import { isWritable } from '../policy/index.ts'

/** How a surface spells field names. */
export type Naming = 'column' | 'publicName'

/** `create`: all that is required. `update`: what is there. `replace`: all that is required, the rest as if never set. */
export type ReadMode = 'create' | 'update' | 'replace'

export type FieldValues = ReadonlyMap<FieldModel, unknown>

/** A body with more wrong fields than this is not read to its end. */
const FINDINGS_MAX = 20
const NOTHING_GIVEN: FieldValues = new Map()

export class FieldReader {
  readonly #naming: Naming
  readonly #byName: ReadonlyMap<string, FieldModel>
  readonly #fields: readonly FieldModel[]

  constructor(fields: readonly FieldModel[], naming: Naming) {
    this.#naming = naming
    this.#fields = fields.filter((field) => !field.isStandard)
    // Standard fields are known by name, to be refused as read-only; those that never leave are not known at all.
    this.#byName = new Map(
      fields.filter((field) => field.rules.isOutput || field.rules.input !== 'none').map((field) => [field[naming], field]),
    )
  }

  /**
   * @param body anything that was sent
   * @param given what the path has said already; a body may repeat it and not contradict it
   * @throws `VALIDATION_FAILED` with all findings; `AUTH_FIELD_FORBIDDEN` for fields that others may set (`AUTH_REQUIRED` for
   * nobody)
   */
  read(body: unknown, mode: ReadMode, actor: Actor, given: FieldValues = NOTHING_GIVEN): FieldValues {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw invalid([{ field: '', code: 'type', message: 'The body must be a JSON object' }])
    }
    const findings: ErrorDetail[] = []
    const forbidden: ErrorDetail[] = []
    const values = new Map<FieldModel, unknown>(given)
    const sent = new Set<FieldModel>(given.keys())
    for (const [name, input] of Object.entries(body)) {
      if (findings.length >= FINDINGS_MAX) break
      const field = this.#byName.get(name)
      if (field !== undefined) sent.add(field)
      const refusal = field === undefined ? undefined : this.#refuse(field, mode)
      if (field === undefined) findings.push(this.#unknown(name, actor))
      else if (refusal !== undefined) findings.push(refusal)
      else if (!isWritable(field, actor))
        forbidden.push({ field: name, code: 'forbidden', message: `${name} may be set by others only` })
      else this.#readValue(field, input, values, findings)
    }
    for (const [field, value] of given) {
      const name = field[this.#naming]
      if (values.get(field) !== value)
        findings.push({ field: name, code: 'mismatch', message: `${name} must be the one in the path, or be left out` })
    }
    // Of a body that was not read to its end nobody can say what is missing.
    if (mode !== 'update' && findings.length < FINDINGS_MAX) this.#complete(mode, actor, sent, values, findings)
    if (findings.length > 0) throw invalid(findings)
    // Whoever is not signed in may be permitted once they are.
    if (forbidden.length > 0 && actor.kind === 'nobody') throw new PlinthError('AUTH_REQUIRED')
    if (forbidden.length > 0) throw new PlinthError('AUTH_FIELD_FORBIDDEN', forbidden[0]?.message, { details: forbidden })
    return inOrder(values)
  }

  #readValue(field: FieldModel, input: unknown, values: Map<FieldModel, unknown>, findings: ErrorDetail[]): void {
    const name = field[this.#naming]
    if (input === null) {
      if (field.rules.isNullable) values.set(field, null)
      else findings.push({ field: name, code: 'null', message: `${name} must not be null` })
      return
    }
    const value = field.kind.read(input)
    if (value instanceof Misfit) findings.push({ field: name, code: value.code, message: `${name} ${value.message}` })
    else values.set(field, value)
  }

  /** Fills in what was left out. A replacement keeps what this actor cannot set, and secrets, which nobody can send back. */
  #complete(
    mode: 'create' | 'replace',
    actor: Actor,
    sent: ReadonlySet<FieldModel>,
    values: Map<FieldModel, unknown>,
    findings: ErrorDetail[],
  ): void {
    for (const field of this.#fields) {
      // What was sent and does not fit has been told already; it is not missing.
      if (sent.has(field)) continue
      const { input, fallback, isImmutable, isOutput } = field.rules
      const isKept = mode === 'replace' && (input === 'none' || isImmutable || !isOutput || !isWritable(field, actor))
      if (isKept) continue
      const name = field[this.#naming]
      if (input === 'required') findings.push({ field: name, code: 'required', message: `${name} is required` })
      else values.set(field, fallback ?? null)
    }
  }

  #refuse(field: FieldModel, mode: ReadMode): ErrorDetail | undefined {
    const name = field[this.#naming]
    if (field.rules.input === 'none')
      return { field: name, code: 'read_only', message: `${name} is set by the service and cannot be sent` }
    if (field.rules.isImmutable && mode !== 'create')
      return { field: name, code: 'immutable', message: `${name} cannot change once the record exists` }
    return undefined
  }

  /** Names what this actor could set instead. */
  #unknown(name: string, actor: Actor): ErrorDetail {
    const shown = shorten(name, NAME_SHOWN_MAX)
    const known = this.#fields.filter((field) => isWritable(field, actor)).map((field) => field[this.#naming])
    return {
      field: shown,
      code: 'unknown',
      message: `${JSON.stringify(shown)} is not a field here, expected some of ${known.join(', ')}`,
    }
  }
}

/** As they are declared: in which order a caller sent them makes no other statement, and no other entry in the journal. */
function inOrder(values: FieldValues): FieldValues {
  let last = -1
  for (const { position } of values.keys()) {
    if (position < last) return new Map([...values].sort(([left], [right]) => left.position - right.position))
    last = position
  }
  return values
}
