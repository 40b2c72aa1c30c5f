import { describe, expect, test } from 'vitest'
import { type DoWork, withoutSlowWork } from './slow-work.ts'

/** A transaction that writes down when it is open, and what is done meanwhile. */
function scene() {
  const log: string[] = []
  const work = (name: string) => ({
    name,
    run: async () => {
      log.push(`work ${name}`)
      return name.toUpperCase()
    },
  })
  const transact = async <Result>(body: () => Promise<Result>): Promise<Result> => {
    log.push('begin')
    try {
      const result = await body()
      log.push('commit')
      return result
    } catch (error) {
      log.push('rollback')
      throw error
    }
  }
  return { log, work, transact }
}

describe('withoutSlowWork()', () => {
  test('does work between two transactions, once for each name', async () => {
    const { log, work, transact } = scene()

    const result = await withoutSlowWork((doWork: DoWork<string>) =>
      transact(async () => [await doWork(work('a')), await doWork(work('a')), await doWork(work('b'))]),
    )

    expect(result).toEqual(['A', 'A', 'B'])
    expect(log).toEqual(['begin', 'rollback', 'work a', 'begin', 'rollback', 'work b', 'begin', 'commit'])
  })

  test('begins once where there is no work, and passes on what goes wrong', async () => {
    const { log, transact } = scene()

    const refused = withoutSlowWork(() => transact(() => Promise.reject(new Error('refused'))))

    await expect(refused).rejects.toThrow('refused')
    expect(log).toEqual(['begin', 'rollback'])
  })

  test('ends with what the work refuses, and begins no other transaction', async () => {
    const { log, transact } = scene()
    const failing = { name: 'a', run: () => Promise.reject(new Error('a common password')) }

    const refused = withoutSlowWork((doWork: DoWork<string>) => transact(() => doWork(failing)))

    await expect(refused).rejects.toThrow('a common password')
    expect(log).toEqual(['begin', 'rollback'])
  })

  test.each([
    ['swallows what ended it', () => 'nothing'],
    [
      'turns what ended it into an error of its own',
      () => {
        throw new Error('of its own')
      },
    ],
  ])('commits no transaction whose code %s', async (_, swallow) => {
    const { log, work, transact } = scene()

    const result = await withoutSlowWork((doWork: DoWork<string>, expectNoneLeft) =>
      transact(async () => {
        const done = await doWork(work('a')).catch(swallow)
        expectNoneLeft()
        return done
      }),
    )

    expect(result).toBe('A')
    expect(log).toEqual(['begin', 'rollback', 'work a', 'begin', 'commit'])
  })

  test('begins again four times at the most, and does in place what is another work each time', async () => {
    const { log, work, transact } = scene()
    let at = 0

    const result = await withoutSlowWork((doWork: DoWork<string>) => transact(() => doWork(work(`random ${at++}`))))

    expect(result).toBe('RANDOM 4')
    expect(log.filter((line) => line === 'begin')).toHaveLength(5)
    expect(log.at(-1)).toBe('commit')
  })
})
