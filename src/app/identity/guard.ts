/** What a change of an account's record means for those who are signed in to it. */
import { addressChangedLetter, createAccountGuard, type IdentityScope, type Standings } from '../../auth/index.ts'
import type { LaterTasks } from '../later.ts'
import type { LetterBox } from './letter-box.ts'
import type { IdentityParts } from './parts.ts'

export interface RecordGuardOptions {
  readonly scope: IdentityScope
  readonly parts: Pick<IdentityParts, 'accounts' | 'passwords' | 'check' | 'signOut'>
  readonly standings: Standings
  readonly letterBox: LetterBox
  readonly later: LaterTasks
}

export function createRecordGuard({ scope, parts, standings, letterBox, later }: RecordGuardOptions) {
  const { accounts, passwords, check, signOut } = parts
  return createAccountGuard({
    scope,
    accounts,
    passwords,
    check,
    onChanged: (id) => standings.noteChange(id),
    onRenamed({ subject, login, isVerified }, { requestId }) {
      scope.report({ event: 'auth.address_changed', subject, requestId, fields: { was_verified: isVerified } })
      // Whoever never showed that the address is theirs is told nothing of the account.
      if (isVerified) letterBox.send(addressChangedLetter(letterBox.scope, login))
    },
    onDeleted: (id, by) => later.follow(() => signOut.everywhere(id, 'deleted', by)),
    onRestoring: (id, by) => signOut.everywhere(id, 'deleted', by),
  })
}
