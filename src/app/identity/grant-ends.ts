/** Lets sessions end what the OAuth server granted for them: that is mounted later, and knows sessions itself. */
import type { Uuid } from '../../kernel/index.ts'
import type { OAuth } from '../../oauth/index.ts'
import type { SqlClient } from '../../sql/index.ts'

export class GrantEnds {
  #oauth: OAuth | undefined

  connect(oauth: OAuth): void {
    this.#oauth = oauth
  }

  async revokeGrantOfSession(sessionId: string): Promise<void> {
    await this.#oauth?.revokeGrantOfSession(sessionId)
  }

  async endBrowsersOf(accountId: Uuid, client: SqlClient): Promise<void> {
    await this.#oauth?.endBrowsersOf(accountId, client)
  }
}
