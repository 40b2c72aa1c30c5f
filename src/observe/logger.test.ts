// Proves LOG-01, LOG-03, LOG-04, SEC-09.
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createLogger, createUserHash, newTraceContext } from './index.ts'

function capture(options: { level?: 'debug' | 'info' | 'warn' | 'error'; sensitive?: string[] } = {}) {
  const lines: string[] = []
  const logger = createLogger({ service: 'blog', destination: { write: (line) => lines.push(line) }, ...options })
  return { logger, read: () => lines.map((line) => JSON.parse(line)) }
}

describe('a log line', () => {
  test('has the nine agreed names, in order', () => {
    const { logger, read } = capture()
    const trace = newTraceContext()

    logger.warn('Disk nearly full', { percent: 93 }, { trace, userId: 'ab12', durationMs: 1.5 })

    expect(read()).toEqual([
      {
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: 'warn',
        message: 'Disk nearly full',
        service: 'blog',
        trace_id: trace.traceId,
        span_id: trace.spanId,
        user_id: 'ab12',
        duration_ms: 1.5,
        fields: { percent: 93 },
      },
    ])
  })

  test('below the level is not written', () => {
    const { logger, read } = capture({ level: 'warn' })

    logger.debug('a')
    logger.info('b')
    logger.accessLog({ operation: 'o', surface: 'rest', method: 'GET', path: '/' })(200, 1, 'r', newTraceContext(), null, null)
    logger.error('c')

    expect(read().map(({ message }) => message)).toEqual(['c'])
    expect(logger.isEnabled('info')).toBe(false)
  })

  test('of the security log is written whatever the level is, and names its event', () => {
    const { logger, read } = capture({ level: 'error' })

    logger.security('auth.sign_in_failed', { request_id: 'req_1', password: 'x' }, { userId: 'ab12' })
    logger.security('access.denied', {}, { level: 'warn' })

    expect(read()).toMatchObject([
      {
        level: 'info',
        message: 'auth.sign_in_failed',
        user_id: 'ab12',
        fields: { category: 'security', event: 'auth.sign_in_failed', request_id: 'req_1', password: '[redacted]' },
      },
      { level: 'warn', fields: { category: 'security', event: 'access.denied' } },
    ])
    expect(Object.keys(read()[0])).toHaveLength(9)
  })

  test('of a request is of level error from status 500 on', () => {
    const { logger, read } = capture()
    const access = logger.accessLog({ operation: 'posts.get', surface: 'rest', method: 'GET', path: '/posts/:id' })

    access(404, 0.12345, 'req_1', newTraceContext(), null, 'NOT_FOUND_RECORD')
    access(503, 2, 'req_2', newTraceContext(), 'ab12', 'DEPENDENCY_UNAVAILABLE')

    expect(read()).toMatchObject([
      {
        level: 'info',
        duration_ms: 0.123,
        user_id: null,
        fields: { status: 404, error_code: 'NOT_FOUND_RECORD', request_id: 'req_1' },
      },
      { level: 'error', user_id: 'ab12', fields: { status: 503, error_code: 'DEPENDENCY_UNAVAILABLE' } },
    ])
  })

  test.each([
    'password',
    'newPassword',
    'access_token',
    'Authorization',
    'Set-Cookie',
    'client_secret',
    'cardNumber',
    'api-key',
    'nationalId',
  ])('never shows the value of %s, at any depth', (name) => {
    const { logger, read } = capture({ sensitive: ['nationalId'] })

    logger.info('a', { [name]: 'hunter2', list: [{ deep: { [name]: 'hunter2' } }] })

    expect(JSON.stringify(read())).not.toContain('hunter2')
  })

  test('never shows a token or the password of a connection string inside a text', () => {
    const { logger, read } = capture()

    logger.error('Cannot connect to postgres://plinth:hunter2@db/blog', {
      error: new Error('bad token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c3IifQ.c2ln'),
    })

    expect(JSON.stringify(read())).not.toMatch(/hunter2|eyJ/)
  })

  test('spells out errors with their causes, and survives cycles, depth and odd values', () => {
    const { logger, read } = capture()
    const cycle: Record<string, unknown> = { big: 1n, date: new Date(Number.NaN), bytes: Buffer.from('abc') }
    cycle['self'] = cycle

    logger.error('Cannot write', {
      error: new Error('outer', { cause: Object.assign(new Error('inner'), { code: '57P01' }) }),
      cycle,
    })

    const [line] = read()
    expect(line.fields.error).toMatchObject({
      message: 'outer',
      stack: expect.stringContaining('outer'),
      cause: { message: 'inner', code: '57P01' },
    })
    expect(line.fields.cycle).toMatchObject({ big: '1', date: null, bytes: '[3 bytes]' })
  })
})

test('lines to a file are batched, and fatal writes them all at once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-log-'))
  const file = join(folder, 'log')
  const logger = createLogger({ service: 'blog', destination: openSync(file, 'w') })

  logger.info('first')
  expect(readFileSync(file, 'utf8')).toBe('')
  logger.fatal('last')

  const messages = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).message)
  logger.stop()
  rmSync(folder, { recursive: true })
  expect(messages).toEqual(['first', 'last'])
})

test('a user hash is the same for one user and one key, and tells nothing', () => {
  const hash = createUserHash('key')

  expect(hash({ subject: 'usr_1' })).toBe(hash({ subject: 'usr_1' }))
  expect(hash({ subject: 'usr_1' })).not.toBe(hash({ subject: 'usr_2' }))
  expect(createUserHash('other')({ subject: 'usr_1' })).not.toBe(hash({ subject: 'usr_1' }))
  expect(hash({ subject: null })).toBeNull()
})
