/** What the routes of identity take and answer, without a service behind them: for documents. */
import type { AccountsModel } from '../../model/index.ts'
import { accountRoutes } from './account-routes.ts'
import { adminRoutes } from './admin-routes.ts'
import { factorRoutes } from './factor-routes.ts'
import type { IdentityRoute } from './route.ts'
import { sessionRoutes } from './session-routes.ts'
import { tokenRoutes } from './token-routes.ts'

/** The routes; their handlers must not be called. */
export function describeIdentityRoutes(accounts: AccountsModel): readonly IdentityRoute[] {
  // What routes say of themselves depends on the declaration only; all else is asked when they run.
  const parts = { scope: { accounts } } as never
  return [...accountRoutes(parts), ...sessionRoutes(parts), ...factorRoutes(parts), ...adminRoutes(parts), ...tokenRoutes(parts)]
}
