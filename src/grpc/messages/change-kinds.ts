/** The numbers of the kinds of change, which each resource has as an enum of its own. */
import type { DescField } from '@bufbuild/protobuf'
import type { ChangeKind } from '../../engine/index.ts'
import { enumValueName } from '../describe/draft-fields.ts'

/** @param field any field of the enum's type */
export function changeKindNumber(field: DescField, kind: ChangeKind): number {
  const { enum: kinds } = field
  const found = kinds?.values.find(({ name }) => name === enumValueName(kinds.name, kind))
  if (found === undefined) throw new TypeError(`Cannot find "${kind}" in ${field.name}, expected it where it was described`)
  return found.number
}
