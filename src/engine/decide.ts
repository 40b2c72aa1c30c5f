/** The second step of every operation: may this actor do this at all? What depends on the record is left for the plan. */
import { encodeTypeId, PlinthError, type Uuid } from '../kernel/index.ts'
import type { ResourceModel } from '../model/index.ts'
import { type Access, DENIED } from '../policy/index.ts'
import type { RequestContext } from './context.ts'
import type { AccessPlan } from './plan.ts'

/** @throws `AUTH_REQUIRED` for nobody, `AUTH_FORBIDDEN` for somebody, when no rule can permit it */
export function decideAccess(access: Access, resource: ResourceModel, context: RequestContext): AccessPlan {
  const rules = access.decide(context)
  if (rules === DENIED) throw refused(access.verb, resource, context)
  return { access, rules }
}

/** Whoever is not signed in might be permitted once they are; others are told no. */
export function refused(verb: string, resource: ResourceModel, context: RequestContext): PlinthError {
  if (context.actor.kind === 'nobody') return new PlinthError('AUTH_REQUIRED', `Sign in to ${verb} ${resource.plural}`)
  return new PlinthError('AUTH_FORBIDDEN', `You may not ${verb} ${verb === 'create' ? resource.plural : `this ${resource.name}`}`)
}

export function notFound(resource: ResourceModel, id: Uuid): PlinthError {
  return new PlinthError('NOT_FOUND_RECORD', `Cannot find ${resource.name} "${encodeTypeId(resource.idPrefix, id)}"`)
}
