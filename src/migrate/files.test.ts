// Proves MIG-01.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readMigrations, readScript, readSystemMigrations } from './files.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('readMigrations()', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plinth-migrations-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function write(files: Record<string, string>): Promise<void> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  }

  it('pairs the files and orders them by number', async () => {
    await write({
      '0010_b.up.sql': 'SELECT 1',
      '0010_b.down.sql': 'SELECT 1',
      '0002_a.up.sql': 'SELECT 1',
      '0002_a.down.sql': 'SELECT 1',
      '20261122090000_c.up.sql': 'SELECT 1',
      '20261122090000_c.down.sql': 'SELECT 1',
      'README.md': 'left alone',
    })

    const names = (await readMigrations(folder)).map(({ name }) => name)

    expect(names).toEqual(['0002_a', '0010_b', '20261122090000_c'])
  })

  it('refuses an up without a down', async () => {
    await write({ '0001_a.up.sql': 'SELECT 1' })

    await expect(readMigrations(folder)).rejects.toMatchObject({
      code: 'FILE_INVALID',
      migration: '0001_a',
      message: 'Cannot read migration file "0001_a.up.sql": there is no "0001_a.down.sql" beside it, expected both directions',
    })
  })

  it('refuses a down without an up', async () => {
    await write({ '0001_a.down.sql': 'SELECT 1' })

    await expect(readMigrations(folder)).rejects.toThrow('there is no "0001_a.up.sql" beside it')
  })

  it('refuses a number that is used twice', async () => {
    await write({
      '0001_a.up.sql': 'SELECT 1',
      '0001_a.down.sql': 'SELECT 1',
      '0001_b.up.sql': 'SELECT 1',
      '0001_b.down.sql': 'SELECT 1',
    })

    await expect(readMigrations(folder)).rejects.toThrow(
      'Cannot read migration file "0001_b.up.sql": "0001_a" has the same number',
    )
  })

  it.each(['1_a.up.sql', '0001-a.up.sql', '0001_A.up.sql', '0001_a.sql', 'a.up.sql'])('refuses the name %s', async (name) => {
    await write({ [name]: 'SELECT 1' })

    await expect(readMigrations(folder)).rejects.toThrow(`Cannot read migration file "${name}": the name does not fit`)
  })

  it('refuses a folder that is not there', async () => {
    await expect(readMigrations(join(folder, 'none'))).rejects.toMatchObject({ code: 'FILE_INVALID' })
  })
})

describe('readScript()', () => {
  it('knows a file without a transaction by its first comment lines', () => {
    const script = readScript('0001_a.up.sql', encode('-- Why.\n-- plinth: no transaction\n\nVACUUM t'))

    expect(script.isTransaction).toBe(false)
  })

  it('gives one checksum for both kinds of line end', () => {
    const unix = readScript('0001_a.up.sql', encode('SELECT 1;\nSELECT 2'))
    const windows = readScript('0001_a.up.sql', encode('SELECT 1;\r\nSELECT 2'))

    expect(windows.checksum).toBe(unix.checksum)
  })

  it.each([
    ['a directive that is not known', '-- plinth: no transactions\nSELECT 1', 'the directive "no transactions" is not known'],
    ['a file without a statement', '-- nothing\n', 'it holds no statement'],
    ['COMMIT', 'SELECT 1;\nCOMMIT', 'line 2, "COMMIT" controls the transaction'],
    ['BEGIN', 'begin; SELECT 1', 'line 1, "begin" controls the transaction'],
    ['ROLLBACK', 'ROLLBACK WORK', 'controls the transaction'],
    ['a concurrent index in a transaction', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)', 'cannot run in a transaction'],
    [
      'a concurrent index that cannot be built twice',
      '-- plinth: no transaction\nCREATE INDEX CONCURRENTLY i ON t (a)',
      'cannot run twice',
    ],
    ['a concurrent drop that cannot be done twice', '-- plinth: no transaction\nDROP INDEX CONCURRENTLY i', 'cannot run twice'],
  ])('refuses %s', (_, sql, sentence) => {
    expect(() => readScript('0001_a.up.sql', encode(sql))).toThrow(sentence)
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(() => readScript('0001_a.up.sql', new Uint8Array([0xff]))).toThrow('it is not UTF-8')
  })

  it.each([
    ['a savepoint', 'SAVEPOINT a; ROLLBACK TO SAVEPOINT a'],
    ['BEGIN in a function', 'DO $$ BEGIN NULL; END $$'],
    ['words of control in strings', "SELECT 'COMMIT; CREATE INDEX CONCURRENTLY'"],
  ])('accepts %s', (_, sql) => {
    expect(readScript('0001_a.up.sql', encode(sql)).isTransaction).toBe(true)
  })
})

describe('readSystemMigrations()', () => {
  it('finds the tables of Plinth beside the module', async () => {
    const migrations = await readSystemMigrations()

    expect(migrations.map(({ origin, name }) => `${origin}/${name}`)).toEqual([
      'plinth/0001_journal',
      'plinth/0002_idempotency',
      'plinth/0003_identity',
    ])
  })
})
