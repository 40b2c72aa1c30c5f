/** Which failures of a mutation are for its payload, and how they stand there. */
import type { PlinthError } from '../../kernel/index.ts'
import type { FieldModel } from '../../model/index.ts'

/** What a caller can bring about and mend. All others are errors of the answer: who may not, too much, faults of ours. */
const EXPECTED = /^(?:VALIDATION|CONFLICT|NOT_FOUND)_/

export interface UserError {
  readonly code: string
  readonly message: string
  readonly field: readonly string[] | null
}

export function isExpected({ code, status }: PlinthError): boolean {
  return status < 500 && EXPECTED.test(code)
}

/** @param fields those of the input; the store names them as they are declared */
export function toUserErrors({ code, message, details }: PlinthError, fields: readonly FieldModel[]): readonly UserError[] {
  if (details.length === 0) return [{ code, message, field: null }]
  const names = new Map(
    fields.flatMap((field) => [[field.name, field.publicName] as const, [field.column, field.publicName] as const]),
  )
  return details.map((detail) => ({
    code,
    message: detail.message,
    field: detail.field === '' ? null : (names.get(detail.field) ?? detail.field).split('.'),
  }))
}
