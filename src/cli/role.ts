/** Reads a role that was named on the command line. */
import type { Domain } from '../model/index.ts'
import { UsageError } from './command.ts'

/** The permissions of the role. @throws UsageError for a role that the domain does not declare */
export function expectRole(roles: Domain['roles'], role: string): readonly string[] {
  const permissions = Object.hasOwn(roles, role) ? roles[role] : undefined
  if (permissions === undefined)
    throw new UsageError(`Cannot use the role "${role}": it is not declared, expected one of ${Object.keys(roles).join(', ')}`)
  return permissions
}
