/** Refusals of actions are part of the public catalogue: their codes must fit it and must not be taken. */
import { CATALOGUE, ERROR_FAMILIES } from '../../kernel/index.ts'
import type { Problem, Verifier } from './problem.ts'

const CODE_FORM = new RegExp(`^(?:${ERROR_FAMILIES.join('|')})_[A-Z0-9_]+$`)

export const verifyActions: Verifier = ({ resources }) => {
  const problems: Problem[] = []
  for (const resource of resources) {
    for (const [name, action] of Object.entries(resource.actions)) {
      const where = `resource "${resource.name}", action "${name}"`
      for (const code of Object.keys(action.refusals)) {
        if (!CODE_FORM.test(code)) problems.push({ where, what: `its refusal "${code}" is of no known family`, mend: `CONFLICT_${code.replace(/^[A-Z]+_/, '')}` })
        if (code in CATALOGUE) problems.push({ where, what: `its refusal "${code}" is a code of Plinth itself`, mend: 'Choose a code that names the rule of your domain.' })
      }
    }
  }
  return problems
}
