import { describe, expect, test } from 'vitest'
import { ChangedIds } from './changed-ids.ts'

const MINUTE = 60_000

describe('ChangedIds', () => {
  test('tells what changed since a tick', () => {
    const ids = new ChangedIds()
    const before = ids.tick
    ids.note('a', 0)
    const between = ids.tick
    ids.note('b', 0)

    expect(ids.hasChanged(['a', 'x'], before)).toBe(true)
    expect(ids.hasChanged(['a', 'x'], between)).toBe(false)
    expect(ids.hasChanged(['x', 'b'], between)).toBe(true)
    expect(ids.hasChanged(['a', 'b'], ids.tick)).toBe(false)
  })

  test('forgets after 16 minutes, when no token of then lives any more', () => {
    const ids = new ChangedIds()
    for (let index = 0; index < 100; index++) ids.note(`old-${index}`, 0)

    for (let index = 0; index < 100; index++) ids.note('new', 16 * MINUTE + index)

    expect(ids.size).toBe(1)
  })

  test('keeps one that changed again, from its last change on', () => {
    const ids = new ChangedIds()
    ids.note('a', 0)
    const since = ids.tick
    ids.note('a', 10 * MINUTE)

    ids.note('b', 17 * MINUTE)

    expect(ids.size).toBe(2)
    expect(ids.hasChanged(['a'], since)).toBe(true)
  })

  test('holds no more than it may, and what it had to forget counts as changed', () => {
    const ids = new ChangedIds(10)
    const before = ids.tick
    for (let index = 0; index < 1_000; index++) ids.note(`id-${index}`, index)
    const after = ids.tick

    expect(ids.size).toBe(10)
    expect(ids.hasChanged(['never seen'], before)).toBe(true)
    expect(ids.hasChanged(['never seen'], after)).toBe(false)
    expect(ids.hasChanged(['id-999'], after - 1)).toBe(true)
  })

  test('takes all as changed when changes may have been missed', () => {
    const ids = new ChangedIds()
    const before = ids.tick

    ids.noteAll()

    expect(ids.hasChanged(['a'], before)).toBe(true)
    expect(ids.hasChanged(['a'], ids.tick)).toBe(false)
  })
})
