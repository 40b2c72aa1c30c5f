/** All verifiers, in the order in which their problems are told. */
import { verifyAccounts } from './accounts.ts'
import { verifyFields } from './fields.ts'
import { verifyLists } from './lists.ts'
import { verifyNames } from './names.ts'
import { verifyPolicies } from './policies.ts'
import type { Declarations, Problem, Verifier } from './problem.ts'
import { verifyRefusals } from './refusals.ts'
import { verifyRelations } from './relations.ts'

const VERIFIERS: readonly Verifier[] = [
  verifyNames,
  verifyFields,
  verifyRelations,
  verifyLists,
  verifyPolicies,
  verifyRefusals,
  verifyAccounts,
]

/** Finds everything that is wrong with the declarations, so that one start tells all. */
export function verifyDeclarations(declarations: Declarations): readonly Problem[] {
  return VERIFIERS.flatMap((verify) => verify(declarations))
}

export type { Problem } from './problem.ts'
