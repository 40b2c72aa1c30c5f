// Proves OBS-02.
import { expect, test } from 'vitest'
import { createOperationMetrics } from './index.ts'

test('counts, errors and durations of an operation come out as Prometheus reads them', async () => {
  const metrics = createOperationMetrics()
  const handle = metrics.operation('posts.get')

  handle.record(200, 1, null)
  handle.record(200, 30, null)
  metrics.operation('posts.get').record(404, 20_000, 'NOT_FOUND_RECORD')
  const lines = (await metrics.render()).split('\n')

  expect(lines).toContain('plinth_requests_total{operation="posts.get",surface="rest",status="200"} 2')
  expect(lines).toContain('plinth_requests_total{operation="posts.get",surface="rest",status="404"} 1')
  expect(lines).toContain('plinth_request_errors_total{operation="posts.get",surface="rest",code="NOT_FOUND_RECORD"} 1')
  expect(lines).toContain('plinth_request_duration_seconds_bucket{operation="posts.get",surface="rest",le="0.001"} 1')
  expect(lines).toContain('plinth_request_duration_seconds_bucket{operation="posts.get",surface="rest",le="0.05"} 2')
  expect(lines).toContain('plinth_request_duration_seconds_bucket{operation="posts.get",surface="rest",le="+Inf"} 3')
  expect(lines).toContain('plinth_request_duration_seconds_sum{operation="posts.get",surface="rest"} 20.031')
  expect(lines).toContain('plinth_request_duration_seconds_count{operation="posts.get",surface="rest"} 3')
})

test('refusals of a rate limit are counted by limit', async () => {
  const metrics = createOperationMetrics()
  const handle = metrics.operation('posts.get')

  handle.recordLimited('read')
  handle.recordLimited('read')

  expect((await metrics.render()).split('\n')).toContain(
    'plinth_rate_limited_total{operation="posts.get",surface="rest",limit="read"} 2',
  )
})

test('labels are escaped, and codes made from data stay few', async () => {
  const metrics = createOperationMetrics()
  const handle = metrics.operation('a"b\\c\nd')

  for (let index = 0; index < 1_000; index++) handle.record(422, 1, `CONFLICT_${index}`)
  const text = await metrics.render()

  expect(text).toContain('operation="a\\"b\\\\c\\nd"')
  expect(text.match(/plinth_request_errors_total\{/g)).toHaveLength(201)
  expect(text).toMatch(/code="OTHER"\} 800/)
})

test('a gauge is read when somebody asks', async () => {
  const metrics = createOperationMetrics()
  let value = 1
  metrics.gauge('plinth_pool_connections_in_use', 'Connections in use.', () => value)
  value = 7

  expect(await metrics.render()).toContain('plinth_pool_connections_in_use 7')
})

test('a refusal of access is counted by operation and code', async () => {
  const metrics = createOperationMetrics()
  const handle = metrics.operation('posts.delete')

  handle.recordDenied('AUTH_FORBIDDEN')
  handle.recordDenied('AUTH_FORBIDDEN')

  expect(await metrics.render()).toContain(
    'plinth_access_denied_total{operation="posts.delete",surface="rest",code="AUTH_FORBIDDEN"} 2',
  )
})
