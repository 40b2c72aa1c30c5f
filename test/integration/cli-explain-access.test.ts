/** `plinth explain-access` as an operator runs it: a process of its own, over a real database with the records of the reference service. */
// Proves ACC-04.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import blog from '../../examples/blog/app.ts'
import { openConnection } from '../../src/pg/index.ts'
import { appTemplate, type TestDatabase, testDatabase } from '../../src/testing/index.ts'

const LAUNCHER = join(import.meta.dirname, '../../bin/plinth.js')
const APP_FILE = join(import.meta.dirname, '../chaos/served-app.ts')

const ADA = 'usr_01h455vb4pex5vsknk084sn02q'
const DRAFT = 'posts/post_01h455vb4pex5vsknk084sn02s'
const DELETED = 'posts/post_01h455vb4pex5vsknk084sn02t'

let database: TestDatabase
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plinth-explain-'))
  database = await testDatabase(await appTemplate(blog))
  await using sql = await openConnection(database.url)
  // The ids above, as PostgreSQL keeps them.
  await sql.query(`
    INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES
      ('01890a5d-ac96-774b-bcce-b302099a8057', 'ada@example.com', 'Ada', 'editor', now(), now(), 1),
      ('01890a5d-ac96-774b-bcce-b302099a8058', 'bob@example.com', 'Bob', 'editor', now(), now(), 1),
      ('01890a5d-ac96-774b-bcce-b302099a805b', 'eve@example.com', 'Eve', 'admin', now(), now(), 1);
    INSERT INTO plinth_accounts (account_id, suspended_at) VALUES ('01890a5d-ac96-774b-bcce-b302099a805b', now());
    INSERT INTO posts (id, author_id, title, body, status, created_at, updated_at, deleted_at, version) VALUES
      ('01890a5d-ac96-774b-bcce-b302099a8059', '01890a5d-ac96-774b-bcce-b302099a8057', 'T', 'B', 'draft', now(), now(), NULL, 1),
      ('01890a5d-ac96-774b-bcce-b302099a805a', '01890a5d-ac96-774b-bcce-b302099a8057', 'T', 'B', 'published', now(), now(), now(), 1)`)
}, 60_000)
afterAll(async () => {
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

interface Answer {
  readonly code: number | null
  readonly text: string
}

function explain(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [LAUNCHER, 'explain-access', '--app', APP_FILE, ...words], {
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', CHAOS_FOLDER: folder, DATABASE_URL: database.url, ...environment },
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, text }))
  })
}

describe('plinth explain-access', { timeout: 30_000 }, () => {
  test('tells each rule, what it compared, the fields and the verdict', async () => {
    const { code, text } = await explain(['--as', 'bob@example.com', '--on', DRAFT, 'read'])

    expect(text).toBe(`May bob@example.com (usr_01h455vb4pex5vsknk084sn02r) with the role editor read ${DRAFT}?

  rule 1, read
    ✓ actor  always
    ✗ record record.status is "published"
        ✗ record.status is "published": record.status is "draft"
  rule 2, read
    ✓ actor  the permission posts:read and actor.id is something
    ✗ record record.author is actor.id
        ✗ record.author is actor.id: record.author is ${ADA}, actor.id is usr_01h455vb4pex5vsknk084sn02r
  rule 3, read
    ✗ actor  the role admin and the permission posts:read
        ✗ the role admin: roles: editor
        ✓ the permission posts:read: permissions: posts:read, posts:write
    ✓ record always

  fields not readable  none
  fields not writable  published_at

refused: NOT_FOUND_RECORD, since the actor may not see the record
`)
    expect(code).toBe(1)
  })

  test('permits the author, found by id too, and ends with 0', async () => {
    const byLogin = await explain(['--as', 'ada@example.com', '--on', DRAFT, 'update'])
    const byId = await explain(['--as', ADA, '--on', DRAFT, 'update'])

    expect(byLogin).toEqual(byId)
    expect(byLogin.text).toMatch(/permitted\n$/)
    expect(byLogin.code).toBe(0)
  })

  test('looks at what a change would make of the record', async () => {
    const away = ['--with', 'author_id=usr_01h455vb4pex5vsknk084sn02r']

    const { code, text } = await explain(['--as', ADA, '--on', DRAFT, 'update', ...away])

    expect(text).toMatch(/refused: AUTH_FORBIDDEN\n$/)
    expect(code).toBe(1)
  })

  test('weighs a record that is still to be made', async () => {
    const own = await explain(['--as', ADA, '--on', 'posts', 'create', '--with', `author_id=${ADA}`, '--with', 'title=Hello'])
    const others = await explain(['--as', 'role:editor', '--on', 'posts', 'create', '--with', `author_id=${ADA}`])

    expect([own.code, others.code]).toEqual([0, 1])
  })

  test('knows records that were deleted', async () => {
    const read = await explain(['--as', 'role:admin', '--on', DELETED, 'read'])
    const restore = await explain(['--as', 'role:admin', '--on', DELETED, 'restore'])

    expect(read.text).toMatch(/refused: NOT_FOUND_RECORD, since the record is deleted\n$/)
    expect(restore.text).toMatch(/permitted\n$/)
  })

  test('knows that an account is suspended, and that nobody has to sign in', async () => {
    const eve = await explain(['--as', 'eve@example.com', '--on', DRAFT, 'read'])
    const nobody = await explain(['--as', 'nobody', '--on', DRAFT, 'delete'])

    expect(eve.text).toMatch(/refused: AUTH_ACCOUNT_SUSPENDED\n$/)
    expect(nobody.text).toMatch(/refused: AUTH_REQUIRED\n$/)
  })

  test('decides for another moment, with --json for programs', async () => {
    const hours = { OFFICE_HOURS_ZONE: 'Europe/Berlin' }
    const ask = (at: string): Promise<Answer> => explain(['--as', ADA, '--on', DRAFT, 'update', '--at', at, '--json'], hours)

    const night = await ask('2026-11-23T20:05:00Z')
    const day = await ask('2026-11-23T12:00:00Z')

    expect(JSON.parse(day.text)).toMatchObject({ isPermitted: true, code: null, verb: 'update' })
    expect(JSON.parse(night.text)).toMatchObject({ isPermitted: false, code: 'AUTH_FORBIDDEN' })
    expect(JSON.parse(night.text).rules[0].actor.findings).toContainEqual({
      text: 'the time in Europe/Berlin is from 09:00 to 18:00',
      holds: false,
      found: 'the time there is 21:05',
    })
  })

  test.each([
    [['--as', 'nobody', '--on', DRAFT], 'Cannot explain: it needs to know who, on what and which operation'],
    [
      ['--as', 'nobody', '--on', 'pots', 'read'],
      'Cannot explain access to "pots": it is no resource, expected one of users, posts',
    ],
    [['--as', 'nobody', '--on', DRAFT, 'fly'], 'Cannot explain "fly": there is no such operation on posts'],
    [['--as', 'nobody', '--on', `${DRAFT}x`, 'read'], 'it is no id'],
    [['--as', 'nobody', '--on', 'posts/post_01h455vb4pex5vsknk084sn02z', 'read'], 'there is no such record'],
    [['--as', 'carl@example.com', '--on', DRAFT, 'read'], 'Cannot find the account "carl@example.com"'],
    [['--as', 'role:chief', '--on', DRAFT, 'read'], 'Cannot use the role "chief": it is not declared'],
    [['--as', 'nobody', '--on', DRAFT, 'read', '--at', 'soon'], 'Cannot use --at "soon"'],
    [['--as', 'nobody', '--on', DRAFT, 'read', '--from', '10.1'], 'Cannot use --from "10.1"'],
    [['--as', 'nobody', '--on', DRAFT, 'read', '--device', 'fridge'], 'Cannot use --device "fridge"'],
    [
      ['--as', 'nobody', '--on', 'posts', 'create', '--with', 'colour=blue'],
      'Cannot use --with "colour=blue": it names no field',
    ],
  ])('ends with 2 and a sentence: %j', async (words, sentence) => {
    const { code, text } = await explain(words)

    expect(text).toContain(sentence)
    expect(code).toBe(2)
  })
})
