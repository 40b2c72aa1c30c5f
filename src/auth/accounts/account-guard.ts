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

export function createAccountGuard({ scope, passwords, check, onChanged, onDeleted }: AccountGuardParts): StoreGuard {
  const { resource, login, password, displayName } = scope.accounts
  return {
    resource,
    async beforeWrite(values: GuardedValues) {
      const given = values.get(password)
      if (given === undefined || given === null) return values
      if (given instanceof PasswordDigest) return new Map(values).set(password, given.text)
      const personal = [login, displayName].flatMap((field) => (field === undefined ? [] : [String(values.get(field) ?? '')]))
      await check(String(given), personal)
      return new Map(values).set(password, await passwords.hash(String(given)))
    },
    async afterChange(plan) {
      onChanged(plan.id)
      const { actor, requestId } = plan.context
      if (plan.sets === 'deletion') onDeleted(plan.id, { actor: actor.subject, requestId })
    },
  }
}
