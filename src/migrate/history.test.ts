import { describe, expect, it } from 'vitest'
import { type Migration, type Origin, readScript } from './files.ts'
import { compareHistory, planDown, planUp } from './history.ts'
import type { LedgerRow, LedgerState } from './ledger.ts'

function migration(name: string, origin: Origin = 'app'): Migration {
  const script = readScript(`${name}.up.sql`, new TextEncoder().encode(`SELECT '${name}'`))
  return { origin, name, number: Number.parseInt(name, 10), up: script, down: script }
}

function row(of: Migration, state: LedgerState = 'applied', checksumUp: string = of.up.checksum): LedgerRow {
  const { origin, name, down } = of
  return {
    origin,
    name,
    state,
    checksumUp,
    checksumDown: down.checksum,
    appliedAt: new Date(0),
    durationMs: 1,
    appliedBy: 'test',
  }
}

const [system, first, second, third] = [
  migration('0001_journal', 'plinth'),
  migration('0001_a'),
  migration('0002_b'),
  migration('0003_c'),
] as const
const files = [system, first, second, third]

function names(migrations: readonly Migration[]): string[] {
  return migrations.map(({ name }) => name)
}

describe('planUp()', () => {
  it('takes what is pending, the tables of Plinth first', () => {
    const entries = compareHistory([first, second, system, third], [row(first)])

    expect(names(planUp(entries, undefined, false))).toEqual(['0001_journal', '0002_b', '0003_c'])
  })

  it.each(['0002_b', '2', '0002'])('stops behind the target %s', (to) => {
    expect(names(planUp(compareHistory(files, []), to, false))).toEqual(['0001_journal', '0001_a', '0002_b'])
  })

  it('refuses a target that is not there, and names those that are', () => {
    expect(() => planUp(compareHistory([first], []), '0009_z', false)).toThrow(
      'Cannot migrate to "0009_z": there is no such migration',
    )
  })

  it('takes a file that was cut off once more, even when it was edited meanwhile', () => {
    const entries = compareHistory(files, [row(system), row(first, 'started', 'other')])

    expect(names(planUp(entries, undefined, false))).toEqual(['0001_a', '0002_b', '0003_c'])
  })

  it.each([
    ['an edited file', files, [row(first, 'applied', 'other')], 'FILE_EDITED', '"0001_a.up.sql" was edited after it was applied'],
    ['a missing file', [second], [row(first)], 'FILE_MISSING', '"0001_a" is applied and its file is missing'],
    ['a missing file of Plinth', [first], [row(system)], 'FILE_MISSING', '"0001_journal" is applied and its file is missing'],
    ['a late file', files, [row(third)], 'FILE_LATE', 'Cannot apply "0001_a": a later migration is applied already'],
    ['a revert that was cut off', files, [row(first, 'reverting')], 'HALF_REVERTED', 'the revert of "0001_a" was cut off'],
  ])('refuses %s by a sentence', (_, migrations, ledger, code, sentence) => {
    const plan = (): unknown => planUp(compareHistory(migrations, ledger), undefined, false)

    expect(plan).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(sentence), hint: expect.stringMatching(/\S/) }),
    )
  })

  it('takes a late file where that is allowed', () => {
    const entries = compareHistory(files, [row(system), row(first), row(third)])

    expect(names(planUp(entries, undefined, true))).toEqual(['0002_b'])
  })
})

describe('planDown()', () => {
  it('takes the last applied first, and none of the tables of Plinth', () => {
    const entries = compareHistory(files, [row(system), row(first), row(second)])

    expect(names(planDown(entries, 5))).toEqual(['0002_b', '0001_a'])
  })

  it('takes what was cut off on its way up or down', () => {
    const entries = compareHistory(files, [row(first), row(second, 'reverting'), row(third, 'started')])

    expect(names(planDown(entries, 2))).toEqual(['0003_c', '0002_b'])
  })

  it('refuses an edited file', () => {
    expect(() => planDown(compareHistory(files, [row(first, 'applied', 'other')]), 1)).toThrow('was edited after it was applied')
  })
})
