/** The records that a cell of the table is about: made for it by SQL, whoever owns them. */
import { randomFillSync } from 'node:crypto'
import { encodeTypeId, type Uuid, uuidGenerator } from '../../../src/kernel/index.ts'
import type { PlainConnection } from '../../../src/pg/index.ts'
import type { Principal } from './table.ts'

const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }
const newId = uuidGenerator(clock, { fill: (target) => void randomFillSync(target) })

/** The accounts that stand for the whole run. */
export interface Standing {
  readonly viewer: Uuid
  readonly editor: Uuid
  /** Another editor: what is not the editor's own is hers. */
  readonly colleague: Uuid
  readonly admin: Uuid
}

export type PostState = 'published' | 'draft' | 'deleted'

/** Whether the column is about what belongs to the editor, who asks or has lent her account. */
export function isOnOwn(principal: Principal): boolean {
  return principal === 'editor, own' || principal === "editor's app"
}

export class Records {
  readonly standing: Standing
  readonly #sql: PlainConnection

  constructor(sql: PlainConnection, standing: Standing) {
    this.#sql = sql
    this.standing = standing
  }

  /** Whose records the cell is about: the editor's own, or a colleague's. */
  ownerFor(principal: Principal): Uuid {
    return isOnOwn(principal) ? this.standing.editor : this.standing.colleague
  }

  /** The account of the principal itself; undefined for nobody and the service. */
  accountOf(principal: Principal): Uuid | undefined {
    switch (principal) {
      case 'nobody':
      case 'service':
        return undefined
      case 'viewer':
        return this.standing.viewer
      case 'admin':
      case "admin's app":
        return this.standing.admin
      default:
        return this.standing.editor
    }
  }

  async post(author: Uuid, state: PostState): Promise<Uuid> {
    const id = newId()
    await this.#sql.query(
      `INSERT INTO posts (id, author_id, title, body, status, created_at, updated_at, version, deleted_at)
VALUES ($1, $2, 'On the Engine', 'It computes.', $3, now(), now(), 1, $4)`,
      [id, author, state === 'draft' ? 'draft' : 'published', state === 'deleted' ? new Date() : null],
    )
    return id
  }

  async account({ role = 'viewer', isDeleted = false }: { role?: string; isDeleted?: boolean } = {}): Promise<Uuid> {
    const id = newId()
    await this.#sql.query(
      `INSERT INTO users (id, email, display_name, role, created_at, updated_at, version, deleted_at)
VALUES ($1, $2, 'Somebody', $3, now(), now(), 1, $4)`,
      [id, `${id}@example.com`, role, isDeleted ? new Date() : null],
    )
    return id
  }

  /** A session of an account, as a sign-in leaves it. */
  async session(account: Uuid, clientId: string | null = null): Promise<Uuid> {
    const id = newId()
    await this.#sql.query(
      `INSERT INTO plinth_sessions (session_id, account_id, client_id, device, amr, created_at, last_used_at, expires_at, authenticated_at)
VALUES ($1, $2, $3, 'browser', '{pwd}', now(), now(), now() + interval '30 days', now())`,
      [id, account, clientId],
    )
    return id
  }

  /** Wrong codes count by address, and all principals of a test have the same. */
  async forgetFailures(): Promise<void> {
    await this.#sql.query('DELETE FROM plinth_failures')
  }

  /** An address that no account has. */
  address(): string {
    return `${newId()}@example.com`
  }

  async addressOf(account: Uuid): Promise<string> {
    const [row] = await this.#sql.query<{ email: string }>('SELECT email FROM users WHERE id = $1', [account])
    return row?.email ?? ''
  }
}

export const userId = (id: Uuid): string => encodeTypeId('usr', id)
export const postId = (id: Uuid): string => encodeTypeId('post', id)
