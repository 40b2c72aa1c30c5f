/** `plinth proto` as a developer runs it: a process of its own, in a folder of its own. */
// Proves RPC-02.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const LAUNCHER = join(import.meta.dirname, '../../bin/plinth.js')
const PACKAGE = pathToFileURL(join(import.meta.dirname, '../../src/app/index.ts')).href

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plinth-proto-command-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Writes an application whose only resource has these fields. */
function declare(fields: string): void {
  const text = `import { app, domain, integer, permit, resource, text } from '${PACKAGE}'
const Item = resource('item', { fields: { ${fields} }, policies: () => [permit('read', 'create')] })
export default app({ domain: domain({ name: 'shop', resources: [Item] }), folder: import.meta.dirname })
`
  writeFileSync(join(folder, 'app.mjs'), text)
}

function proto(...options: string[]): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LAUNCHER, 'proto', ...options], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
  })
  return { code: status, output: stdout + stderr }
}

const read = (path: string): string => readFileSync(join(folder, path), 'utf8')

test('plinth proto writes the files and the lock, once', () => {
  declare('name: text({ max: 10 })')

  expect(proto()).toEqual({ code: 0, output: 'wrote proto.lock.json\nwrote proto/item/v1/item.proto\n' })
  expect(proto()).toEqual({ code: 0, output: 'All is current.\n' })
  expect(read('proto/item/v1/item.proto')).toContain('package item.v1;')
  expect(proto('--print').output).toBe(read('proto/item/v1/item.proto'))
}, 60_000)

test('plinth proto --check fails until the files are current, and changes nothing', () => {
  declare('name: text({ max: 10 })')
  proto()
  declare('name: text({ max: 10 }), note: text({ max: 10 })')
  const before = read('proto.lock.json')

  expect(proto('--check')).toEqual({
    code: 1,
    output:
      'Cannot vouch for proto.lock.json, proto/item/v1/item.proto: not what the declaration says now, expected the same. Mend it with: plinth proto\n',
  })
  expect(read('proto.lock.json')).toBe(before)

  proto()
  expect(proto('--check')).toEqual({ code: 0, output: '1 protobuf files and their lock are current\n' })
}, 60_000)

test('plinth proto reserves what was removed, and refuses its return', () => {
  declare('name: text({ max: 10 }), note: text({ max: 10 })')
  proto()
  declare('name: text({ max: 10 })')
  proto()

  expect(read('proto/item/v1/item.proto')).toContain('  reserved 2;\n  reserved "note";\n')

  declare('name: text({ max: 10 }), note: text({ max: 10 })')
  const { code, output } = proto('--check')

  expect(code).toBe(1)
  expect(output).toContain('item.v1.ItemInput.note (gRPC): the name was given up with number 2 and is reserved')
  expect(output).toContain('mend: Choose another name.')
}, 60_000)

test('plinth proto refuses a change of type, and a lock that a merge has spoiled', () => {
  declare('name: text({ max: 10 })')
  proto()
  declare('name: integer()')

  expect(proto('--check')).toMatchObject({
    code: 1,
    output: expect.stringContaining('it was `string name` and is `int64 name` now'),
  })

  writeFileSync(join(folder, 'proto.lock.json'), read('proto.lock.json').replace('"2": "string name"', '"1": "string name"'))

  expect(proto('--check')).toMatchObject({ code: 1, output: expect.stringContaining('it was edited or merged') })
}, 60_000)

test('plinth proto removes files of its own that nothing asks for, and no others', () => {
  declare('name: text({ max: 10 })')
  proto()
  const ours = read('proto/item/v1/item.proto')
  writeFileSync(join(folder, 'proto/old.proto'), ours)
  writeFileSync(join(folder, 'proto/theirs.proto'), 'syntax = "proto3";\n')

  expect(proto('--check')).toMatchObject({ code: 1, output: expect.stringContaining('proto/old.proto') })
  expect(proto().output).toBe('removed proto/old.proto\n')
  expect(existsSync(join(folder, 'proto/theirs.proto'))).toBe(true)
}, 60_000)
