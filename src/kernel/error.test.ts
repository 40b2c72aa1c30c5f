import { describe, expect, test } from 'vitest'
import { invalid, PlinthError, refusal, toPlinthError } from './error.ts'

describe('PlinthError', () => {
  test('takes everything that is not said from its row of the catalogue', () => {
    const error = new PlinthError('NOT_FOUND_RECORD')

    expect(error).toMatchObject({
      name: 'PlinthError',
      code: 'NOT_FOUND_RECORD',
      status: 404,
      grpc: 'NOT_FOUND',
      isRetryable: false,
    })
    expect(error.message).toBe('There is no such record')
    expect(error.details).toEqual([])
    expect(error.retryAfterS).toBeUndefined()
    expect('cause' in error).toBe(false)
  })

  test('tells a client to wait a second where a retry may help', () => {
    expect(new PlinthError('DEPENDENCY_UNAVAILABLE').retryAfterS).toBe(1)
    expect(new PlinthError('RATE_LIMIT_EXCEEDED', undefined, { retryAfterS: 30 }).retryAfterS).toBe(30)
  })

  test('keeps the cause for the log', () => {
    const cause = new Error('connect ECONNREFUSED')

    expect(new PlinthError('DEPENDENCY_UNAVAILABLE', undefined, { cause }).cause).toBe(cause)
  })

  test('can be a refusal of the domain: 422, and never worth a retry', () => {
    const row = refusal('CONFLICT_POST_NOT_DRAFT', 'Only a draft can be published', 'Publish posts whose `status` is `draft`.')

    const error = new PlinthError(row)

    expect(error).toMatchObject({ code: 'CONFLICT_POST_NOT_DRAFT', status: 422, grpc: 'FAILED_PRECONDITION', isRetryable: false })
    expect(error.message).toBe('Only a draft can be published')
  })
})

describe('toPlinthError()', () => {
  test('gives back what is one already', () => {
    const error = new PlinthError('AUTH_REQUIRED')

    expect(toPlinthError(error)).toBe(error)
  })

  test.each([new Error('secret in /etc/shadow'), 'text', null, undefined, 42, { code: '23505' }])(
    'hides %j behind INTERNAL_ERROR',
    (thrown) => {
      const error = toPlinthError(thrown)

      expect(error.code).toBe('INTERNAL_ERROR')
      expect(error.message).toBe('Something went wrong on our side')
      expect(error.cause).toBe(thrown)
    },
  )
})

describe('invalid()', () => {
  const title = { field: 'title', code: 'required', message: 'title is required' }
  const body = { field: 'body', code: 'type', message: 'body must be text' }

  test('says the first finding, and how many more there are', () => {
    expect(invalid([title]).message).toBe('title is required')
    expect(invalid([title, body]).message).toBe('title is required (and 1 more)')
    expect(invalid([title, body]).details).toEqual([title, body])
  })

  test('without findings says that the request is not valid', () => {
    expect(invalid([]).message).toBe('The request is not valid')
  })
})
