/** Drives identity over the wire: registers, reads the letters, signs in. */
import { expect } from 'vitest'
import type { TestAnswer, TestService } from '../../src/testing/index.ts'

export const PASSWORD = 'violet harbour sings at noon'

/** The secret of the newest letter to this address. */
export async function letterSecret(blog: TestService, to: string): Promise<string> {
  const letter = (await blog.letters()).findLast((one) => one.to === to)
  const secret = /token=([A-Za-z0-9_-]{43})/.exec(letter?.text ?? '')?.[1]
  if (secret === undefined) throw new TypeError(`Cannot find a link in a letter to ${to}: there is none`)
  return secret
}

/** Registers an account and confirms its address. */
export async function addAccount(blog: TestService, email: string, options: { readonly role?: string } = {}): Promise<void> {
  const registered = await blog.request('/auth/registrations', {
    method: 'POST',
    body: { email, password: PASSWORD, display_name: 'Somebody' },
  })
  expect(registered.status).toBe(202)
  const token = await letterSecret(blog, email)
  const verified = await blog.request('/auth/email-verifications', { method: 'POST', body: { token, password: PASSWORD } })
  expect(verified.status).toBe(200)
  if (options.role !== undefined) {
    const sql = await blog.sql()
    await sql.query('UPDATE users SET role = $1 WHERE email = $2', [options.role, email])
  }
}

export interface SignedInTokens {
  readonly access: string
  readonly refresh: string
  readonly sessionId: string
}

export function signIn(blog: TestService, email: string, password = PASSWORD): Promise<TestAnswer> {
  return blog.request('/auth/sessions', { method: 'POST', body: { email, password, delivery: 'body' } })
}

/** Signs in and gives the tokens. */
export async function tokensOf(blog: TestService, email: string, password = PASSWORD): Promise<SignedInTokens> {
  const answer = await signIn(blog, email, password)
  expect(answer.status).toBe(201)
  const { access_token: access, refresh_token: refresh, session_id: sessionId } = answer.json.data
  return { access, refresh, sessionId }
}

/** What ends or narrows the right of somebody who watches, done as another instance would do it: by the database alone. */
export const endsWatch = {
  async 'its session ends'(blog: TestService, { access }: WatchingAccount) {
    await blog.request('/auth/sessions/current', { method: 'DELETE', token: access })
  },
  async 'its account is suspended'(blog: TestService, { email }: WatchingAccount) {
    const sql = await blog.sql()
    await sql.query(
      `WITH w AS (INSERT INTO plinth_accounts (account_id, suspended_at) SELECT id, now() FROM users WHERE email = $1
       ON CONFLICT (account_id) DO UPDATE SET suspended_at = now() RETURNING account_id)
       INSERT INTO plinth_journal (at, resource, record_id, operation, version) SELECT now(), 'plinth.account', account_id, 'suspend', 0 FROM w`,
      [email],
    )
  },
  async 'its role changes'(blog: TestService, { email }: WatchingAccount) {
    const sql = await blog.sql()
    await sql.query(
      `WITH w AS (UPDATE users SET role = 'viewer', version = version + 1 WHERE email = $1 RETURNING id, version)
       INSERT INTO plinth_journal (at, resource, record_id, operation, version) SELECT now(), 'user', id, 'update', version FROM w`,
      [email],
    )
  },
} as const

export interface WatchingAccount {
  readonly access: string
  readonly email: string
}
