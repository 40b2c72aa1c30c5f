/** The members of messages whose type is known only once a domain is described: by their names in protobuf. */
import type { DescField, DescMessage, Message } from '@bufbuild/protobuf'

/** Gives the value of one field of a message: undefined where it is absent and that can be told. */
export type Member = (message: Message) => unknown

/** @throws TypeError for a name that the message was not described with: a mistake of this code, not of a caller */
export function memberOf(schema: DescMessage, name: string): Member {
  const { localName } = fieldOf(schema, name)
  // A message is a plain object, and `localName` is where its field is.
  return (message) => (message as unknown as Readonly<Record<string, unknown>>)[localName]
}

export function fieldOf(schema: DescMessage, name: string): DescField {
  const field = schema.fields.find((one) => one.name === name)
  if (field === undefined)
    throw new TypeError(
      `Cannot find field "${name}" of ${schema.typeName}, expected one of ${schema.fields.map((one) => one.name).join(', ')}`,
    )
  return field
}
