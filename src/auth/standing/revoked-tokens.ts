/** Takes single access tokens back, until they would have ended anyway. */
import { isoTime } from '../../kernel/index.ts'
import type { IdentityScope } from '../ports.ts'

export interface RevokedTokensParts {
  readonly scope: Pick<IdentityScope, 'sql' | 'clock'>
  /** Hears of the `jti`, so that this instance refuses it before the caller has the answer; the others hear of it from the journal. */
  readonly onRevoked: (jti: string) => void
}

const REVOKE = `WITH r AS (INSERT INTO plinth_revoked_tokens (jti, expires_at) VALUES ($1::text, $2::timestamptz) ON CONFLICT (jti) DO NOTHING RETURNING jti),
j AS (INSERT INTO plinth_journal (at, resource, record_id, operation, version, actor, request_id, changed)
SELECT $3::timestamptz, 'plinth.token', '00000000-0000-0000-0000-000000000000', 'revoke', 0, $4::text, $5::text, jsonb_build_object('id', r.jti) FROM r)
SELECT FROM r`

export class RevokedTokens {
  readonly #parts: RevokedTokensParts

  constructor(parts: RevokedTokensParts) {
    this.#parts = parts
  }

  /**
   * Revokes a token by its `jti`. Other instances refuse it within a second.
   *
   * @param expiresAtMs the token's `exp`, in milliseconds: the row goes a minute after
   * @returns false when it was revoked before
   */
  async revoke(
    jti: string,
    expiresAtMs: number,
    by: { readonly actor: string | null; readonly requestId: string | null } = { actor: null, requestId: null },
  ): Promise<boolean> {
    const { scope, onRevoked } = this.#parts
    const times = [expiresAtMs, scope.clock.now()].map(isoTime)
    const rows = await scope.sql.query(REVOKE, [jti, ...times, by.actor, by.requestId])
    onRevoked(jti)
    return rows.length > 0
  }
}
