/** What one content type of one method needs to be read and answered, made once, at start. */
import type { DescMethod } from '@bufbuild/protobuf'
import { type HeaderBlock, type HttpRequest, headerBlock } from '../../http/index.ts'
import { invalid, PlinthError } from '../../kernel/index.ts'
import { readTimeoutMs } from '../wire/call-head.ts'
import { type Speech, speechesOf } from './content-types.ts'
import { type Codec, codecOf } from './json-codec.ts'

export interface Dialect extends Speech {
  readonly codec: Codec
  /** Of an answer that goes out whole. */
  readonly head: HeaderBlock
}

type Headers = Pick<HttpRequest, 'header'>

const CONNECT_TIMEOUT = /^\d{1,10}$/
/** What a timer of Node can hold; nobody waits for so long. */
const TIMER_MS_MAX = 2 ** 31 - 1

export function dialectsOf(method: DescMethod, kind: 'unary' | 'stream'): readonly Dialect[] {
  return speechesOf(kind).map((speech) => ({
    ...speech,
    codec: codecOf(method, speech.format),
    head: headerBlock({ 'content-type': speech.answerType }),
  }))
}

/**
 * @returns milliseconds that the caller waits for its answer; undefined where it waits for ever
 * @throws `VALIDATION_FAILED` for a time, or a version of the protocol, that cannot be read
 */
export function readDeadlineMs({ protocol }: Speech, request: Headers): number | undefined {
  if (protocol === 'web' || protocol === 'web-text') return readTimeoutMs(request.header('grpc-timeout'))
  const version = request.header('connect-protocol-version') ?? '1'
  const timeout = request.header('connect-timeout-ms')
  if (version !== '1') throw wrong('connect-protocol-version', 'expected 1')
  if (timeout === undefined) return undefined
  if (!CONNECT_TIMEOUT.test(timeout)) throw wrong('connect-timeout-ms', 'expected at most ten digits')
  return Math.min(Number(timeout), TIMER_MS_MAX)
}

function wrong(field: string, expected: string): PlinthError {
  return invalid([{ field, code: 'format', message: `Cannot read ${field}, ${expected}` }])
}

export function deadlinePassed(): PlinthError {
  return new PlinthError('VALIDATION_REQUEST_TIMEOUT', 'Cannot answer in time: the deadline of the caller has passed')
}
