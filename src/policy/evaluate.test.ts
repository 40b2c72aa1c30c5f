import { describe, expect, test } from 'vitest'
import type { Uuid } from '../kernel/index.ts'
import { type Condition, NOBODY } from '../model/index.ts'
import { evaluateCondition } from './index.ts'
import { wallClock } from './zone.ts'

describe('wallClock()', () => {
  test.each([
    ['before the clocks go forward in Berlin', 'Europe/Berlin', '2026-03-29T00:59:59Z', '01:59', 7],
    ['after they have skipped an hour', 'Europe/Berlin', '2026-03-29T01:00:00Z', '03:00', 7],
    ['before they go back', 'Europe/Berlin', '2026-10-25T00:30:00Z', '02:30', 7],
    ['in the hour that comes twice', 'Europe/Berlin', '2026-10-25T01:30:00Z', '02:30', 7],
    ['at midnight', 'UTC', '2026-01-05T00:00:00Z', '00:00', 1],
    ['half an hour off', 'Asia/Kolkata', '2026-01-04T18:29:59Z', '23:59', 7],
    ['on the next day already', 'Pacific/Kiritimati', '2026-01-04T12:00:00Z', '02:00', 1],
    ['in the year before', 'America/New_York', '2027-01-01T04:59:00Z', '23:59', 4],
    ['before 1970', 'UTC', '1969-12-31T23:59:59.999Z', '23:59', 3],
  ])('%s', (_, zone, moment, time, weekday) => {
    const [hours, minutes] = time.split(':').map(Number)

    expect(wallClock(zone, Date.parse(moment))).toEqual({ minuteOfDay: (hours ?? 0) * 60 + (minutes ?? 0), weekday })
  })

  test('does not give one zone the kept answer of another, or of another minute', () => {
    const atMs = Date.parse('2026-06-15T12:00:59.999Z')

    expect([wallClock('UTC', atMs).minuteOfDay, wallClock('Europe/Berlin', atMs).minuteOfDay]).toEqual([720, 840])
    expect([wallClock('UTC', atMs + 1).minuteOfDay, wallClock('UTC', atMs).minuteOfDay]).toEqual([721, 720])
  })
})

describe('evaluateCondition()', () => {
  const id = '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid
  const input = { actor: { ...NOBODY, kind: 'user' as const, id }, nowMs: Date.parse('2026-01-05T09:00:00Z'), address: null }
  const holds = (condition: Condition): boolean => evaluateCondition(condition, new Map(), input, {})

  test('counts the first minute of a span of time in and the last one out', () => {
    const span = (fromMinute: number, toMinute: number): Condition => ({ node: 'time-of-day', zone: 'UTC', fromMinute, toMinute })

    expect([holds(span(540, 541)), holds(span(541, 600)), holds(span(480, 540))]).toEqual([true, false, false])
  })

  test('orders nothing that has no order', () => {
    const compare = (comparison: 'eq' | 'gt' | 'lte', value: unknown): Condition => ({
      node: 'compare',
      comparison,
      left: { from: 'actor', property: 'id' },
      right: { from: 'constant', value },
    })

    expect([holds(compare('eq', id)), holds(compare('gt', id)), holds(compare('lte', id))]).toEqual([true, false, true])
    expect([holds(compare('eq', 7)), holds(compare('gt', 7)), holds(compare('lte', 7))]).toEqual([false, false, false])
    expect([holds(compare('eq', null)), holds(compare('lte', undefined))]).toEqual([false, false])
  })
})
