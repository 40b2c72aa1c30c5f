/** Every key and every relation must lead to a resource of the domain, and back. */
import type { Problem, Verifier } from './problem.ts'

export const verifyRelations: Verifier = ({ resources }) => {
  const problems: Problem[] = []
  const byName = new Map(resources.map((resource) => [resource.name, resource]))
  for (const resource of resources) {
    for (const [name, field] of Object.entries(resource.fields)) {
      const target = field.rules.belongsTo
      if (target !== undefined && !byName.has(target)) {
        problems.push({ where: `resource "${resource.name}", field "${name}"`, what: `it belongs to "${target}", which is not in the domain`, mend: `domain({ resources: [${target}, …] })` })
      }
    }
    for (const [name, relation] of Object.entries(resource.relations)) {
      const where = `resource "${resource.name}", relation "${name}"`
      const child = byName.get(relation.resource)
      if (child === undefined) {
        problems.push({ where, what: `it names the resource "${relation.resource}", which is not in the domain`, mend: `Resources are ${[...byName.keys()].join(', ')}.` })
      } else if (child.fields[relation.by]?.rules.belongsTo !== resource.name) {
        problems.push({ where, what: `"${relation.resource}" has no field "${relation.by}" that belongs to ${resource.name}`, mend: `${relation.by}: belongsTo(…) in resource "${relation.resource}"` })
      }
    }
  }
  return problems
}
