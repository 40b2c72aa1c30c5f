// Proves ERR-02.
import { describe, expect, test } from 'vitest'
import { CATALOGUE, type CatalogueRow, ERROR_FAMILIES, type GrpcCode, REFUSAL_GRPC, REFUSAL_STATUS } from './catalogue.ts'

const ROWS: readonly (readonly [string, CatalogueRow])[] = Object.entries(CATALOGUE)

/**
 * Which gRPC codes may stand for an HTTP status. @see https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
 */
const GRPC_OF_STATUS: Readonly<Record<number, readonly GrpcCode[]>> = {
  400: ['INVALID_ARGUMENT'],
  401: ['UNAUTHENTICATED'],
  403: ['PERMISSION_DENIED'],
  404: ['NOT_FOUND', 'UNIMPLEMENTED'],
  405: ['UNIMPLEMENTED'],
  408: ['DEADLINE_EXCEEDED'],
  409: ['ALREADY_EXISTS', 'ABORTED', 'FAILED_PRECONDITION'],
  413: ['RESOURCE_EXHAUSTED'],
  414: ['INVALID_ARGUMENT'],
  415: ['UNIMPLEMENTED'],
  422: ['FAILED_PRECONDITION'],
  429: ['RESOURCE_EXHAUSTED'],
  431: ['INVALID_ARGUMENT'],
  500: ['INTERNAL'],
  503: ['UNAVAILABLE', 'DEADLINE_EXCEEDED'],
}

describe('the error catalogue', () => {
  test.each(ROWS)('%s is of a known family', (code) => {
    expect(ERROR_FAMILIES.some((family) => code.startsWith(`${family}_`))).toBe(true)
    expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)+$/)
  })

  test.each(ROWS)('%s has a gRPC code that means what its HTTP status means', (_, { status, grpc }) => {
    expect(GRPC_OF_STATUS[status]).toContain(grpc)
  })

  test.each(ROWS)('%s says to retry just where HTTP does', (_, { status, grpc, isRetryable }) => {
    const isPassing = [429, 503].includes(status)
    if (isPassing) expect(isRetryable).toBe(true)
    // Of the rest only a conflict with something that is still under way passes by itself.
    else if (isRetryable) expect([status, grpc]).toEqual([409, 'ABORTED'])
  })

  test.each(ROWS)('%s is written for people', (_, { message, cause, cure }) => {
    expect(message).toMatch(/^[A-Z][^.]*[^.]$/)
    expect(cause).toMatch(/^[A-Z].*\.$/)
    expect(cure).toMatch(/^[A-Z].*\.$/)
  })

  test('says each thing once', () => {
    const messages = ROWS.map(([, { message }]) => message)

    expect(new Set(messages).size).toBe(messages.length)
  })

  test('has a status for refusals of the domain that fits its gRPC code', () => {
    expect(GRPC_OF_STATUS[REFUSAL_STATUS]).toContain(REFUSAL_GRPC)
  })
})
