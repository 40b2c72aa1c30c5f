/** `plinth keys` as an operator runs it: beside a database that others use, and beside a service that holds the embedded one. */
// Proves JWT-01.
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { findRunningPostgres, openConnection } from '../../src/pg/index.ts'
import { appTemplate, testDatabase, waitFor } from '../../src/testing/index.ts'
import { startHolder } from './embedded-holder.ts'

const LAUNCHER = join(import.meta.dirname, '../../bin/plinth.js')
const APP_FILE = join(import.meta.dirname, '../../examples/blog/app.ts')
const SECRET = 'a secret of the operator, of 48 characters or so'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function open() {
  const database = await testDatabase(await appTemplate(blog))
  cleanUps.push(() => database.drop())
  const keys = (words: readonly string[], secret = SECRET) => {
    const environment = { ...process.env, NODE_OPTIONS: '', DATABASE_URL: database.url, PLINTH_SECRET: secret }
    return new Promise<{ readonly code: number; readonly text: string }>((resolve) => {
      execFile(process.execPath, [LAUNCHER, 'keys', ...words, '--app', APP_FILE], { env: environment }, (error, out, complaint) =>
        resolve({ code: error === null ? 0 : Number(error.code), text: `${out}${complaint}` }),
      )
    })
  }
  return { keys }
}

describe('plinth keys', () => {
  test('rotates, and lists what signs now and what comes next', async () => {
    const { keys } = await open()
    expect((await keys(['list'])).text).toContain('None yet')

    expect(await keys(['rotate', '--json'])).toMatchObject({ code: 0 })
    const rotated = await keys(['rotate', '--overlap', '2h', '--json'])
    const listed = await keys(['list', '--json'])

    const next = JSON.parse(rotated.text) as { kid: string; signsFrom: string }
    const aheadMs = Date.parse(next.signsFrom) - Date.now()
    expect(aheadMs).toBeGreaterThan(7_100_000)
    expect(aheadMs).toBeLessThanOrEqual(7_200_000)
    const list = JSON.parse(listed.text) as Record<string, unknown>[]
    expect(list.map(({ state }) => state)).toEqual(['next', 'signs'])
    expect(list[0]).toMatchObject({ kid: next.kid, publishedUntil: null })
    expect(listed.text).not.toContain('private')
  })

  test('withdraws what is stolen', async () => {
    const { keys } = await open()
    await keys(['rotate'])

    const { code, text } = await keys(['rotate', '--now', '--withdraw'])

    expect({ code, text }).toMatchObject({ code: 0, text: expect.stringContaining('the former keys are withdrawn') })
    expect((await keys(['list'])).text.split('\n').map((line) => line.split(' ')[0])).toEqual(['STATE', 'signs', 'withdrawn', ''])
  })

  test('refuses another secret with a sentence', async () => {
    const { keys } = await open()
    await keys(['rotate'])

    const { code, text } = await keys(['rotate'], `another ${SECRET}`)

    expect(code).toBe(1)
    expect(text).toMatch(
      /^Cannot open what was sealed for "signing-key": .* expected the PLINTH_SECRET that it was sealed with\n$/,
    )
  })

  test.each([
    [[], 'no task was named'],
    [['spin'], 'there is no task "spin"'],
    [['rotate', '--overlap', 'soon'], 'Cannot use --overlap "soon"'],
    [['rotate', '--overlap', '10m', '--now'], 'at once and with an overlap'],
    [['rotate', '--withdraw'], 'expected --now beside --withdraw'],
  ])('%j is called wrongly', async (words, sentence) => {
    const { keys } = await open()

    expect(await keys(words)).toMatchObject({ code: 2, text: expect.stringContaining(sentence) })
  })
})

test('findRunningPostgres() leads to the server that another process holds, and to none when that is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-guest-'))
  chmodSync(folder, 0o755)
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const data = join(folder, '.plinth')
  expect(findRunningPostgres(data)).toBeUndefined()
  const holder = await startHolder(data)

  const url = findRunningPostgres(data)
  expect(url).toBe(holder.url)
  const connection = await openConnection(url ?? '')
  const [row] = await connection.query('SELECT current_user AS who')
  await connection.close()
  await holder.end('SIGTERM')

  expect(row).toEqual({ who: 'plinth' })
  await waitFor('the end of the server', () => findRunningPostgres(data) === undefined)
})
