/** Prints the files of a description as `.proto` text, in the form of `buf format`. */
import type { GrpcDescription } from './describe/describe-grpc.ts'
import { importsOf } from './describe/descriptors.ts'
import {
  type DraftMethod,
  type NumberedEnum,
  type NumberedField,
  type NumberedFile,
  type NumberedMessage,
  type NumberedName,
  streamsOf,
} from './describe/draft.ts'
import { LOCK_FILE } from './lock.ts'

/** Begins each file that is printed here, so that one which is no longer wanted can be known as ours. */
export const PROTO_HEADER = `// Printed by \`plinth proto\` from the declaration. Numbers are kept in ${LOCK_FILE}.`

/**
 * Prints all files of a description.
 *
 * @returns texts by path, as imports would name them: `post/v1/post.proto`
 */
export function renderProto({ files }: Pick<GrpcDescription, 'files'>): ReadonlyMap<string, string> {
  return new Map(files.map((file) => [file.path, renderFile(file)]))
}

function renderFile(file: NumberedFile): string {
  const imports = importsOf(file).map((path) => `import "${path}";`)
  const blocks = [
    `${PROTO_HEADER}\n\nsyntax = "proto3";`,
    `package ${file.package};`,
    ...(imports.length > 0 ? [imports.join('\n')] : []),
    renderService(file),
    ...file.messages.map((message) => renderMessage(message, `${file.package}.`, '')),
    ...file.enums.map(renderEnum),
  ]
  return `${blocks.join('\n\n')}\n`
}

function renderService({ service, resource, methods }: NumberedFile): string {
  const { typeName, description = `Operations on ${resource.plural}.` } = resource
  const about = resource.description === undefined ? description : `Operations on ${typeName}: ${description}`
  return renderBlock(`service ${service}`, about, '', methods.flatMap(renderMethod))
}

function renderMethod({ name, description, meaning }: DraftMethod): readonly string[] {
  const { client, server } = streamsOf(meaning)
  const takes = `${client ? 'stream ' : ''}${name}Request`
  const answers = `${server ? 'stream ' : ''}${name}Response`
  return [...renderComment(description, '  '), `  rpc ${name}(${takes}) returns (${answers});`]
}

/** @param scope what the names of types in this message may leave out: `post.v1.` */
function renderMessage(message: NumberedMessage, scope: string, indent: string): string {
  const inner = `${indent}  `
  const nested = message.nested.flatMap((one) => [renderMessage(one, scope, inner), ''])
  const fields = message.fields.flatMap((field) => renderField(field, [`${scope}${message.name}.`, scope], inner))
  const lines = [...nested, ...renderReserved(message.reserved, inner), ...fields]
  return renderBlock(`message ${message.name}`, message.description, indent, lines.at(-1) === '' ? lines.slice(0, -1) : lines)
}

function renderField(field: NumberedField, scopes: readonly string[], indent: string): readonly string[] {
  const scope = scopes.find((one) => field.type.name.startsWith(one)) ?? ''
  const label = field.label === 'singular' ? '' : `${field.label} `
  const option = field.isDeprecated === true ? ' [deprecated = true]' : ''
  const line = `${indent}${label}${field.type.name.slice(scope.length)} ${field.name} = ${field.number}${option};`
  return [...renderComment(field.description, indent), line]
}

function renderEnum({ name, description, values, reserved }: NumberedEnum): string {
  const lines = values.map((value) => `  ${value.name} = ${value.number};`)
  return renderBlock(`enum ${name}`, description, '', [...renderReserved(reserved, '  '), ...lines])
}

function renderReserved(names: readonly NumberedName[], indent: string): readonly string[] {
  if (names.length === 0) return []
  return [
    `${indent}reserved ${names.map(({ number }) => number).join(', ')};`,
    `${indent}reserved ${names.map(({ name }) => `"${name}"`).join(', ')};`,
  ]
}

function renderBlock(head: string, description: string, indent: string, lines: readonly string[]): string {
  const comment = renderComment(description, indent)
  const body = lines.length === 0 ? [`${indent}${head} {}`] : [`${indent}${head} {`, ...lines, `${indent}}`]
  return [...comment, ...body].join('\n')
}

function renderComment(text: string | undefined, indent: string): readonly string[] {
  return text === undefined ? [] : text.split(/\r?\n/).map((line) => `${indent}// ${line}`.trimEnd())
}
