// Proves RPC-04: who tells waits for who hears, and memory is bounded where they do not.
import { describe, expect, test } from 'vitest'
import { Rendezvous } from './rendezvous.ts'

const REASON = new Error('ended')
const settled = (promise: Promise<unknown>): Promise<string> =>
  Promise.race([
    promise.then(
      () => 'taken',
      () => 'refused',
    ),
    new Promise<string>((resolve) => setImmediate(resolve, 'waits')),
  ])

describe('a value', () => {
  test('waits until it is taken, in order', async () => {
    const meeting = new Rendezvous<number>(10)
    const first = meeting.put(1)
    const second = meeting.put(2)

    expect(await meeting.take()).toEqual({ done: false, value: 1 })
    expect([await settled(first), await settled(second)]).toEqual(['taken', 'waits'])
    expect(await meeting.take()).toEqual({ done: false, value: 2 })
    expect(await settled(second)).toBe('taken')
  })

  test('goes to who waits for it', async () => {
    const meeting = new Rendezvous<number>(10)
    const taking = meeting.take()

    expect(await settled(meeting.put(1))).toBe('taken')
    expect(await taking).toEqual({ done: false, value: 1 })
    expect(await settled(meeting.put(2))).toBe('waits')
  })

  test('beyond the bound is refused, and those before it are not lost', async () => {
    const meeting = new Rendezvous<number>(2)
    void meeting.put(1)
    void meeting.put(2)

    await expect(meeting.put(3)).rejects.toThrow('Cannot put one more: 2 wait to be taken already')
    expect([await meeting.take(), await meeting.take()]).toMatchObject([{ value: 1 }, { value: 2 }])
  })
})

describe('the end', () => {
  test('is told to those who wait on both sides, and to those who come later', async () => {
    const meeting = new Rendezvous<number>(10)
    const put = meeting.put(1)
    meeting.close(REASON)
    meeting.close(new Error('again'))

    await expect(put).rejects.toBe(REASON)
    await expect(meeting.put(2)).rejects.toBe(REASON)
    expect(await meeting.take()).toEqual({ done: true, value: undefined })
  })

  test('is told to who waits for a value', async () => {
    const meeting = new Rendezvous<number>(10)
    const taking = meeting.take()
    meeting.close(REASON)

    expect(await taking).toEqual({ done: true, value: undefined })
  })
})
