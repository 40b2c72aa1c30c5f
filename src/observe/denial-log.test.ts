// Proves ACC-04, SEC-09.
import { expect, test } from 'vitest'
import { createDenialLog, createLogger, newTraceContext } from './index.ts'

const trace = newTraceContext()
const denial = { operation: 'posts.delete', code: 'AUTH_FORBIDDEN', status: 403, requestId: 'req_1' }

function capture() {
  const lines: string[] = []
  const logger = createLogger({ service: 'blog', level: 'fatal', destination: { write: (line) => lines.push(line) } })
  return { log: createDenialLog(logger), read: () => lines.map((line) => JSON.parse(line)) }
}

test('a refusal is a line of the security log, whatever the level of the log is', () => {
  const { log, read } = capture()

  log.note(denial, 0, { trace, userId: 'ab12' })

  expect(read()).toMatchObject([
    {
      level: 'warn',
      message: 'access.denied',
      trace_id: trace.traceId,
      user_id: 'ab12',
      fields: {
        category: 'security',
        event: 'access.denied',
        operation: 'posts.delete',
        code: 'AUTH_FORBIDDEN',
        status: 403,
        request_id: 'req_1',
      },
    },
  ])
  expect(read()[0].fields).not.toHaveProperty('suppressed')
})

test('a flood of one code leaves twenty lines a second, and the next one says how many were left out', () => {
  const { log, read } = capture()

  for (let at = 0; at < 1_000; at++) log.note(denial, at / 2, { trace })
  log.note({ ...denial, code: 'AUTH_TOKEN_INVALID' }, 500, { trace })
  log.note(denial, 1_000, { trace })

  const suppressed = read().map(({ fields }) => `${fields.code} ${fields.suppressed ?? 0}`)
  expect(suppressed).toHaveLength(22)
  expect(suppressed.slice(-3)).toEqual(['AUTH_FORBIDDEN 0', 'AUTH_TOKEN_INVALID 0', 'AUTH_FORBIDDEN 980'])
})
