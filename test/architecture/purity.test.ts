import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PURE } from '../../architecture.mjs'
import { ROOT } from './cruise.ts'
import { findImpurities } from './impurities.ts'

const listFiles = (folder: string) =>
  readdirSync(join(ROOT, 'src', folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => `src/${folder}/${path}`)

describe('pure folders', () => {
  test.each(PURE)('%s takes time, chance and the world as arguments', (folder) => {
    expect(existsSync(join(ROOT, 'src', folder))).toBe(true)
    const files = listFiles(folder)

    const impurities = files.flatMap((path) => findImpurities(path, readFileSync(join(ROOT, path), 'utf8')))

    expect(files.length).toBeGreaterThan(0)
    expect(impurities).toEqual([])
  })
})

describe('the search for impurities', () => {
  test('finds every door to the world', () => {
    const text = [
      'const a = Date.now()',
      'const b = new Date()',
      'const c = Date()',
      'const d = Math.random()',
      'const e = process.env.HOME',
      'setTimeout(() => fetch(e), 10)',
      'const f = { setImmediate }',
      'const g = crypto.randomUUID()',
      "const h = new Intl.DateTimeFormat('en')",
    ].join('\n')

    expect(findImpurities('x.ts', text)).toEqual([
      'x.ts:1 Date.now',
      'x.ts:2 new Date()',
      'x.ts:3 Date()',
      'x.ts:4 Math.random',
      'x.ts:5 process',
      'x.ts:6 setTimeout',
      'x.ts:6 fetch',
      'x.ts:7 setImmediate',
      'x.ts:8 crypto',
      'x.ts:9 Intl.DateTimeFormat without timeZone',
    ])
  })

  test('passes what only shares a name, and what only converts', () => {
    const text = [
      '// Date.now() and process are named in a comment only',
      "const a = 'Math.random()'",
      'const b = new Date(milliseconds).toISOString()',
      'const c = context.process(step)',
      'interface Stages { fetch(): void; readonly process: string }',
      'const d = { process: 1 }',
      "const e = new Intl.DateTimeFormat('en', { timeZone: zone })",
      'function run({ clock }: { clock: Clock }) { return clock.now() }',
    ].join('\n')

    expect(findImpurities('x.ts', text)).toEqual([])
  })
})
