/** Refusals of actions and exchanges are part of the public catalogue: their codes must fit it and must not be taken. */
import { CATALOGUE, ERROR_FAMILIES } from '../../kernel/index.ts'
import type { RefusalDeclaration } from '../action.ts'
import { customOperations } from './custom-operations.ts'
import type { Problem, Verifier } from './problem.ts'

const CODE_FORM = new RegExp(`^(?:${ERROR_FAMILIES.join('|')})_[A-Z0-9]+(?:_[A-Z0-9]+)*$`)

export const verifyRefusals: Verifier = ({ resources }) => {
  const problems: Problem[] = []
  const first = new Map<string, { readonly where: string; readonly refusal: RefusalDeclaration }>()
  for (const resource of resources) {
    for (const { word, name, refusals } of customOperations(resource)) {
      const where = `resource "${resource.name}", ${word} "${name}"`
      for (const [code, refusal] of Object.entries(refusals)) {
        const other = first.get(code)
        if (other === undefined) first.set(code, { where, refusal })
        if (!CODE_FORM.test(code))
          problems.push({
            where,
            what: `its refusal "${code}" is not a family and words in capitals`,
            mend: `CONFLICT_POST_NOT_DRAFT; families are ${ERROR_FAMILIES.join(', ')}.`,
          })
        if (Object.hasOwn(CATALOGUE, code))
          problems.push({
            where,
            what: `its refusal "${code}" is a code of Plinth itself`,
            mend: 'Choose a code that names the rule of your domain.',
          })
        if (refusal.message.trim() === '' || refusal.cure.trim() === '')
          problems.push({
            where,
            what: `its refusal "${code}" says nothing`,
            mend: `{ message: 'Only a draft can be published', cure: 'Publish drafts.' }`,
          })
        if (other !== undefined && (other.refusal.message !== refusal.message || other.refusal.cure !== refusal.cure)) {
          problems.push({
            where,
            what: `its refusal "${code}" says something else in ${other.where}`,
            mend: 'Share one constant between the two, or give one another code.',
          })
        }
      }
    }
  }
  return problems
}
