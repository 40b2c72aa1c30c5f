/**
 * The guard before the accounts' records: passwords are judged and become digests, a change of an account takes effect at once, and whoever loses their
 * address is told there.
 */
import type { ChangePlan, GuardedValues, StoreGuard } from '../../engine/index.ts'
import { PlinthError, type Uuid } from '../../kernel/index.ts'
import type { FieldModel } from '../../model/index.ts'
import { isLent } from '../../policy/index.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import type { ChangedBy, IdentityScope } from '../ports.ts'
import type { Account, Accounts } from './accounts.ts'
import type { CheckPassword } from './password-changes.ts'
import { PasswordDigest } from './password-digest.ts'

export interface AccountGuardParts {
  readonly scope: Pick<IdentityScope, 'accounts'>
  readonly accounts: Pick<Accounts, 'findById'>
  readonly passwords: Pick<PasswordHasher, 'hash'>
  readonly check: CheckPassword
  /** Told of each account whose record changed, on this instance. */
  readonly onChanged: (id: Uuid) => void
  /** Told of each account that was given another name, as it was before. */
  readonly onRenamed: (former: Account, by: ChangedBy) => void
  /** Told of each account that was deleted. */
  readonly onDeleted: (id: Uuid, by: ChangedBy) => void
  /** Told of each account that is about to come back, and waited for: the sessions that it had must not come with it. */
  readonly onRestoring: (id: Uuid, by: ChangedBy) => Promise<void>
}

const NOTHING: GuardedValues = new Map()

export function createAccountGuard(parts: AccountGuardParts): StoreGuard<Account | undefined> {
  const { scope, accounts, passwords, check, onChanged, onRenamed, onDeleted, onRestoring } = parts
  const { resource, login, password, displayName } = scope.accounts
  return {
    resource,
    replace(values) {
      const given = values.get(password)
      return given instanceof PasswordDigest ? new Map([[password, given.text]]) : NOTHING
    },
    findSlowWork(values) {
      const given = values.get(password)
      if (given === undefined || given === null || given instanceof PasswordDigest) return undefined
      const plain = String(given)
      const personal = [login, displayName].flatMap((field) => (field === undefined ? [] : [String(values.get(field) ?? '')]))
      return {
        name: JSON.stringify([plain, personal]),
        async run() {
          await check(plain, personal)
          return new Map([[password, await passwords.hash(plain)]])
        },
      }
    },
    /** Two changes at once may both find the first name: its owner is told twice then. The one between was nobody's yet, and nobody is told there. */
    async beforeChange(plan) {
      if (plan.changes.has(login) && isLent(plan.context.actor)) throw forbidden(login)
      // They ended with the account, unless the process died in between. Who is there already is none that comes back.
      if (plan.sets === 'restoration' && (await accounts.findById(plan.id)) === undefined) await onRestoring(plan.id, byOf(plan))
      return plan.changes.has(login) ? accounts.findById(plan.id) : undefined
    },
    async afterChange(plan, former) {
      onChanged(plan.id)
      const by = byOf(plan)
      if (plan.sets === 'deletion') onDeleted(plan.id, by)
      if (former !== undefined && former.login !== plan.changes.get(login)) onRenamed(former, by)
    },
  }
}

/** With another name an account is in other hands: the letters for it go there. */
function forbidden({ column, publicName }: FieldModel): PlinthError {
  const message = `${column} of an account is not for an application to change`
  return new PlinthError('AUTH_FIELD_FORBIDDEN', message, { details: [{ field: publicName, code: 'forbidden', message }] })
}

function byOf({ context }: ChangePlan): ChangedBy {
  return { actor: context.actor.subject, requestId: context.requestId }
}
