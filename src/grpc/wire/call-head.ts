/** Reads what stands before the messages of a call: where it goes, how long it may take, how its messages are packed. */
import type { IncomingHttpHeaders } from 'node:http2'
import { invalid, PlinthError } from '../../kernel/index.ts'
import type { CallMetadata } from '../call.ts'
import { HEAD_BYTES_MAX } from '../limits.ts'

const CONTENT_TYPE = /^application\/grpc(?:\+proto)?[\t ]*(?:;.*)?$/i
const TIMEOUT = /^(\d{1,8})([HMSmun])$/
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }
/** What a timer of Node can hold; nobody waits for so long. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** The status of HTTP for a request that is none of gRPC, whose sender would not understand another; undefined for one that is. */
export function refuseRequest(headers: IncomingHttpHeaders): 405 | 415 | undefined {
  if (headers[':method'] !== 'POST') return 405
  return CONTENT_TYPE.test(headers['content-type'] ?? '') ? undefined : 415
}

/**
 * @param value of `grpc-timeout`: `100m` @returns milliseconds; undefined where the caller waits for ever
 * @throws `VALIDATION_FAILED`
 */
export function readTimeoutMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const [, digits, unit = ''] = TIMEOUT.exec(value) ?? []
  if (digits === undefined) {
    const message = 'Cannot read grpc-timeout, expected at most eight digits and one of H, M, S, m, u, n'
    throw invalid([{ field: 'grpc-timeout', code: 'format', message }])
  }
  return Math.min(Number(digits) * (UNIT_MS[unit] ?? 1), TIMER_MS_MAX)
}

/**
 * Node tells clients how long the lines may be, and takes four times as much.
 * @throws `VALIDATION_HEADERS_TOO_LARGE`
 */
export function expectBounded(lines: readonly string[]): void {
  let length = 0
  for (const text of lines) length += text.length
  if (length > HEAD_BYTES_MAX) throw new PlinthError('VALIDATION_HEADERS_TOO_LARGE')
}

/** @param lines names and values in turn, as they came: where a name came twice, Node's object keeps one of the values for some names */
export function metadataOf(lines: readonly string[]): CallMetadata {
  return {
    all(name) {
      let found: string[] | undefined
      for (let at = 0; at < lines.length; at += 2) {
        if (lines[at] !== name) continue
        found ??= []
        found.push(lines[at + 1] ?? '')
      }
      return found ?? NONE
    },
  }
}

const NONE: readonly string[] = Object.freeze([])
