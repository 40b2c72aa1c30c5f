/** Letters are shown to whoever develops a service, and to nobody else: a link in a log is a way into an account. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import app from '../../examples/blog/app.ts'
import { type Mode, readSettings, startService } from '../../src/app/index.ts'
import { appTemplate, testDatabase } from '../../src/testing/index.ts'
import { PASSWORD } from './account-kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'plinth-letters-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Registers somebody; gives the letters that were shown, and the log. */
async function register(mode: Mode, environment: Readonly<Record<string, string>> = {}) {
  const database = await testDatabase(await appTemplate(app))
  const shown: string[] = []
  const lines: string[] = []
  const service = await startService({
    app: { ...app, folder },
    settings: readSettings({ PORT: '0', ADMIN_PORT: '0', GRPC_PORT: 'off', DATABASE_URL: database.url, ...environment }),
    mode,
    logDestination: { write: (line: string) => lines.push(line) },
    onLetter: ({ text }) => void shown.push(text),
  })
  try {
    const response = await fetch(`${service.origin}/auth/registrations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ada@example.com', password: PASSWORD, display_name: 'Ada' }),
    })
    expect(response.status).toBe(202)
    await service.settle()
    service.logger.flush()
    return { shown, log: lines.join('') }
  } finally {
    await service.stop()
    await database.drop()
  }
}

const PRODUCTION = { PUBLIC_URL: 'https://blog.example.com', PLINTH_SECRET: 'a secret of thirty-two characters' }

test('LOG-04: development shows a letter, and does not log it', async () => {
  const { shown, log } = await register('development')

  expect(shown).toEqual([expect.stringMatching(/verify-email\?token=[\w-]{43}/)])
  expect(log).toContain('registrations.create')
  expect(log).not.toMatch(/token=|ada@example\.com/)
})

test('LOG-04: production shows no letter', async () => {
  const { shown, log } = await register('production', PRODUCTION)

  expect(shown).toEqual([])
  expect(log).not.toMatch(/token=|ada@example\.com/)
})
