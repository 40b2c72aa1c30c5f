/** The second step of every operation: may this actor do this at all? What depends on the record is left for the plan. */
import { encodeTypeId, PlinthError, type Uuid } from '../kernel/index.ts'
import type { ResourceModel } from '../model/index.ts'
import { type Access, DENIED, type StaleProof } from '../policy/index.ts'
import type { RequestContext } from './context.ts'
import type { AccessPlan } from './plan.ts'

/**
 * @throws `AUTH_REQUIRED` for nobody, `AUTH_FORBIDDEN` for somebody, when no rule can permit it; `AUTH_STEP_UP_REQUIRED` when one could,
 * were their sign-in or second factor newer
 */
export function decideAccess(access: Access, resource: ResourceModel, context: RequestContext): AccessPlan {
  const rules = access.decide(context)
  if (rules === DENIED) throw stale(access, resource, context) ?? refused(access.verb, resource, context)
  return { access, rules }
}

/** A program without a person cannot show anything again: to it the answer is no. */
function stale(access: Access, resource: ResourceModel, context: RequestContext): PlinthError | undefined {
  const proofs = context.actor.kind === 'user' ? access.staleProofs(context) : undefined
  if (proofs === undefined || proofs.length === 0) return undefined
  const asked = proofs.map(renderProof)
  const message = `Show ${asked.join(' and ')} to ${access.verb} ${access.verb === 'create' ? resource.plural : `this ${resource.name}`}`
  return new PlinthError('AUTH_STEP_UP_REQUIRED', message, {
    proofAgeSMax: Math.min(...proofs.map(({ withinS }) => withinS)),
    details: proofs.map((one) => ({
      field: one.proof === 'sign-in' ? 'sign_in' : 'second_factor',
      code: 'too_old',
      message: `Cannot use the last one: expected ${renderProof(one)}`,
    })),
  })
}

function renderProof({ proof, withinS }: StaleProof): string {
  return `a ${proof === 'sign-in' ? 'sign-in' : 'second factor'} of the last ${renderAge(withinS)}`
}

function renderAge(ageS: number): string {
  if (ageS % 3_600 === 0) return count(ageS / 3_600, 'hour')
  return ageS % 60 === 0 ? count(ageS / 60, 'minute') : count(ageS, 'second')
}

function count(units: number, unit: string): string {
  return units === 1 ? unit : `${units} ${unit}s`
}

/** Whoever is not signed in might be permitted once they are; others are told no. */
export function refused(verb: string, resource: ResourceModel, context: RequestContext): PlinthError {
  if (context.actor.kind === 'nobody') return new PlinthError('AUTH_REQUIRED', `Sign in to ${verb} ${resource.plural}`)
  return new PlinthError('AUTH_FORBIDDEN', `You may not ${verb} ${verb === 'create' ? resource.plural : `this ${resource.name}`}`)
}

export function notFound(resource: ResourceModel, id: Uuid): PlinthError {
  return new PlinthError('NOT_FOUND_RECORD', `Cannot find ${resource.name} "${encodeTypeId(resource.idPrefix, id)}"`)
}
