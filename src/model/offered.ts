/** Whether an operation exists at all: where no rule permits it to anybody, no surface has it. */
import type { ResourceModel } from './derive.ts'

/** Whether any rule permits the verb to anybody. @example isOffered(post, 'read-deleted') */
export function isOffered(resource: ResourceModel, verb: string): boolean {
  return resource.rules.some((rule) => rule.verbs.includes(verb))
}
