/** The guard before the accounts' records: passwords are judged and become digests, and a change of an account takes effect at once. */
import type { GuardedValues, StoreGuard } from '../../engine/index.ts'
import type { Uuid } from '../../kernel/index.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import type { IdentityScope } from '../ports.ts'
import type { CheckPassword } from './password-changes.ts'
import { PasswordDigest } from './password-digest.ts'

export interface AccountGuardParts {
  readonly scope: Pick<IdentityScope, 'accounts'>
  readonly passwords: Pick<PasswordHasher, 'hash'>
  readonly check: CheckPassword
  /** Told of each account whose record changed, on this instance. */
  readonly onChanged: (id: Uuid) => void
  /** Told of each account that was deleted: its sessions must not come back with it. */
  readonly onDeleted: (id: Uuid, by: { readonly actor: string | null; readonly requestId: string }) => void
}

const NOTHING: GuardedValues = new Map()

export function createAccountGuard({ scope, passwords, check, onChanged, onDeleted }: AccountGuardParts): StoreGuard {
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
    async beforeChange() {},
    async afterChange(plan) {
      onChanged(plan.id)
      const { actor, requestId } = plan.context
      if (plan.sets === 'deletion') onDeleted(plan.id, { actor: actor.subject, requestId })
    },
  }
}
