/** Finds names that are apart in the declaration and meet in protobuf, where all of a package share one room. */
import type { Problem } from '../../model/index.ts'
import type { DraftFile } from './draft.ts'

export function findClashes(file: DraftFile): readonly Problem[] {
  const types = [...file.messages.map(({ name }) => name), ...file.enums.map(({ name }) => name), file.service]
  // Values of an enum belong to the scope around it, as in C++.
  const values = file.enums.flatMap((one) => one.values)
  const fields = file.messages.flatMap((message) =>
    twice(message.fields.map(({ name }) => name)).map((name) => `${message.name}.${name}`),
  )
  return [...twice([...types, ...values]), ...fields].map((name) => ({
    where: `resource "${file.resource.name}" (gRPC)`,
    what: `two things would be called ${file.package}.${name}`,
    mend: 'Rename the field, the choice or the input that it comes from.',
  }))
}

function twice(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((name, at) => names.indexOf(name) !== at))]
}
