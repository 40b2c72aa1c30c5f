import { expect, test } from 'vitest'
import type { Uuid } from '../kernel/index.ts'
import { WatchedChange } from './watch-change.ts'
import { WatchRing } from './watch-ring.ts'

const change = (version: number, size = 10): WatchedChange =>
  new WatchedChange(
    {
      resource: 'post',
      recordId: '01890a5d-ac96-774b-bcce-b302099a8057' as Uuid,
      operation: 'update',
      version,
      at: new Date(0),
      point: 'x'.repeat(size),
    },
    () => Promise.resolve(undefined),
    (text) => text,
  )
const versions = (ring: WatchRing, from: number): readonly (number | undefined)[] =>
  Array.from({ length: ring.end - from }, (_, at) => ring.at(from + at)?.entry.version)

test('a ring keeps the latest changes under their numbers', () => {
  const ring = new WatchRing(3)

  ring.append([change(1), change(2)])
  ring.append([change(3), change(4), change(5)])

  expect([ring.holds(1), ring.holds(2), ring.end, versions(ring, 2)]).toEqual([false, true, 5, [3, 4, 5]])
})

test('a ring keeps no more than fits, though that be nothing', () => {
  const ring = new WatchRing(10, 100)

  ring.append([change(1, 60), change(2, 60)])
  const kept = versions(ring, 1)
  ring.append([change(3, 200)])

  expect([kept, ring.holds(2), ring.holds(3), ring.at(3)]).toEqual([[2], false, true, undefined])
})

test('a ring that passes over changes holds none from before them', () => {
  const ring = new WatchRing()
  ring.append([change(1)])

  ring.skip(4)
  ring.append([change(6)])

  expect([ring.holds(4), ring.at(5)?.entry.version, ring.end]).toEqual([false, 6, 6])
})
