/** Builds the descriptors of numbered files, as a compiler of `.proto` files would. Knows protobuf, not the model. */
import { create, createFileRegistry, type FileRegistry, type MessageInitShape } from '@bufbuild/protobuf'
import {
  type DescriptorProtoSchema,
  type EnumDescriptorProtoSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
} from '@bufbuild/protobuf/wkt'
import {
  type NumberedEnum,
  type NumberedField,
  type NumberedFile,
  type NumberedMessage,
  type ProtoType,
  streamsOf,
} from './draft.ts'

/** The files of Google's that ours may import, by the types that they hold. */
const IMPORTS = {
  'google.protobuf.FieldMask': file_google_protobuf_field_mask,
  'google.protobuf.Timestamp': file_google_protobuf_timestamp,
  'google.protobuf.Value': file_google_protobuf_struct,
} as const

const SCALARS: Readonly<Record<string, FieldDescriptorProto_Type>> = {
  string: FieldDescriptorProto_Type.STRING,
  bool: FieldDescriptorProto_Type.BOOL,
  int32: FieldDescriptorProto_Type.INT32,
  int64: FieldDescriptorProto_Type.INT64,
}

/** All files with what they import, each behind what it needs. */
export function buildRegistry(files: readonly NumberedFile[]): FileRegistry {
  const wellKnown = Object.values(IMPORTS).map((file) => file.proto)
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...wellKnown, ...files.map(buildFile)] }))
}

/** The files that this one imports, in the order of their names. */
export function importsOf(file: NumberedFile): readonly string[] {
  const used = new Set(file.messages.flatMap(typesOf))
  return Object.entries(IMPORTS)
    .filter(([type]) => used.has(type))
    .map(([, imported]) => `${imported.name}.proto`)
}

function typesOf(message: NumberedMessage): readonly string[] {
  return [...message.fields.map(({ type }) => type.name), ...message.nested.flatMap(typesOf)]
}

function buildFile(file: NumberedFile): FileDescriptorProto {
  return create(FileDescriptorProtoSchema, {
    name: file.path,
    package: file.package,
    syntax: 'proto3',
    dependency: [...importsOf(file)],
    messageType: file.messages.map(buildMessage),
    enumType: file.enums.map(buildEnum),
    service: [
      {
        name: file.service,
        method: file.methods.map(({ name, meaning }) => ({
          name,
          inputType: `.${file.package}.${name}Request`,
          outputType: `.${file.package}.${name}Response`,
          clientStreaming: streamsOf(meaning).client,
          serverStreaming: streamsOf(meaning).server,
        })),
      },
    ],
  })
}

function buildMessage(message: NumberedMessage): MessageInitShape<typeof DescriptorProtoSchema> {
  // Presence of a scalar is spelt as a union of one; protoc puts these in the order of the fields, behind all others.
  const optionals = message.fields.filter((field) => field.label === 'optional')
  return {
    name: message.name,
    field: message.fields.map((field) => buildField(field, optionals.indexOf(field))),
    nestedType: message.nested.map(buildMessage),
    oneofDecl: optionals.map(({ name }) => ({ name: `_${name}` })),
    reservedName: message.reserved.map(({ name }) => name),
    // The end of a range is the first number behind it.
    reservedRange: message.reserved.map(({ number }) => ({ start: number, end: number + 1 })),
  }
}

function buildField(field: NumberedField, oneofIndex: number): MessageInitShape<typeof FieldDescriptorProtoSchema> {
  return {
    name: field.name,
    jsonName: jsonNameOf(field.name),
    number: field.number,
    label: field.label === 'repeated' ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
    ...buildType(field.type),
    ...(oneofIndex >= 0 && { oneofIndex, proto3Optional: true }),
    ...(field.isDeprecated === true && { options: { deprecated: true } }),
  }
}

function buildType({ kind, name }: ProtoType): Pick<MessageInitShape<typeof FieldDescriptorProtoSchema>, 'type' | 'typeName'> {
  switch (kind) {
    case 'scalar': {
      const type = SCALARS[name]
      if (type === undefined)
        throw new TypeError(`Cannot describe the type "${name}", expected one of ${Object.keys(SCALARS).join(', ')}`)
      return { type }
    }
    case 'enum':
      return { type: FieldDescriptorProto_Type.ENUM, typeName: `.${name}` }
    case 'message':
      return { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.${name}` }
  }
}

function buildEnum({ name, values, reserved }: NumberedEnum): MessageInitShape<typeof EnumDescriptorProtoSchema> {
  return {
    name,
    value: values.map((value) => ({ name: value.name, number: value.number })),
    reservedName: reserved.map((one) => one.name),
    // Of an enum, unlike a message, the end is within.
    reservedRange: reserved.map(({ number }) => ({ start: number, end: number })),
  }
}

function jsonNameOf(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
