// Proves LOG-02.
import { describe, expect, test } from 'vitest'
import { newTraceContext, readTraceContext, renderTraceparent } from './index.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'

describe('readTraceContext()', () => {
  test('joins the trace of the caller with a span of its own', () => {
    const context = readTraceContext(`00-${TRACE}-${PARENT}-01`, 'vendor=1')

    expect(context).toEqual({
      traceId: TRACE,
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      parentId: PARENT,
      flags: 1,
      tracestate: 'vendor=1',
    })
    expect(context.spanId).not.toBe(PARENT)
    expect(renderTraceparent(context)).toBe(`00-${TRACE}-${context.spanId}-01`)
  })

  test('reads later versions as far as it knows them', () => {
    expect(readTraceContext(`cc-${TRACE}-${PARENT}-09-what-comes`)).toMatchObject({ traceId: TRACE, flags: 1 })
  })

  test.each([
    [''],
    [`ff-${TRACE}-${PARENT}-01`],
    [`00-${'0'.repeat(32)}-${PARENT}-01`],
    [`00-${TRACE}-${'0'.repeat(16)}-01`],
    [`00-${TRACE.toUpperCase()}-${PARENT}-01`],
    [`00-${TRACE}-${PARENT}-01-more`],
    [`00-${TRACE}-${PARENT}`],
    [` 00-${TRACE}-${PARENT}-01`],
    [`00-${TRACE}-${PARENT}-01\n`],
  ])('starts a new trace for %j', (header) => {
    expect(readTraceContext(header, 'vendor=1')).toMatchObject({ parentId: null, tracestate: null })
  })
})

test('new traces and spans differ, and none is all noughts', () => {
  const seen = new Set(
    Array.from({ length: 10_000 }, () => newTraceContext()).flatMap(({ traceId, spanId }) => [traceId, spanId]),
  )

  expect(seen.size).toBe(20_000)
})
