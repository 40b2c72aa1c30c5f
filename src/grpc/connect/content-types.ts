/**
 * Says how a call speaks, from its content type: Connect or gRPC-Web, in protobuf or JSON, with one answer or many.
 * @see https://connectrpc.com/docs/protocol and https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
 */

export type Format = 'proto' | 'json'

/** How a content type speaks. `connect` is one message as a plain body; the others put each message into a frame. */
export interface Speech {
  readonly protocol: 'connect' | 'connect-stream' | 'web' | 'web-text'
  readonly format: Format
  /** The content type of the answer. */
  readonly answerType: string
}

const CONNECT: readonly Speech[] = (['proto', 'json'] as const).map((format) => ({
  protocol: 'connect',
  format,
  answerType: `application/${format}`,
}))
const CONNECT_STREAM: readonly Speech[] = (['proto', 'json'] as const).map((format) => ({
  protocol: 'connect-stream',
  format,
  answerType: `application/connect+${format}`,
}))
const WEB: readonly Speech[] = [
  { protocol: 'web', format: 'proto', answerType: 'application/grpc-web+proto' },
  { protocol: 'web', format: 'json', answerType: 'application/grpc-web+json' },
  { protocol: 'web-text', format: 'proto', answerType: 'application/grpc-web-text+proto' },
]
/** Says nothing of its format, which is protobuf then. */
const BARE: readonly (readonly [bare: string, full: string])[] = [
  ['application/grpc-web', 'application/grpc-web+proto'],
  ['application/grpc-web-text', 'application/grpc-web-text+proto'],
]
/** A parameter that says what is so anyway. */
const UTF_8 = /^[ \t]*charset=(?:utf-8|"utf-8")[ \t]*$/i

/** @param kind of the method: whether it answers with one message, or many */
export function speechesOf(kind: 'unary' | 'stream'): readonly Speech[] {
  return [...(kind === 'unary' ? CONNECT : CONNECT_STREAM), ...WEB]
}

/** @returns undefined for a content type that none of these speaks */
export function readSpeech<S extends Speech>(speeches: readonly S[], contentType: string | undefined): S | undefined {
  const [type = '', ...parameters] = (contentType ?? '').split(';')
  if (!parameters.every((parameter) => UTF_8.test(parameter))) return undefined
  const told = type.trim().toLowerCase()
  const full = BARE.find(([bare]) => bare === told)?.[1] ?? told
  return speeches.find(({ answerType }) => answerType === full)
}
