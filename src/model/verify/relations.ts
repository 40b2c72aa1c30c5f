/** Every key and every relation must lead to a resource of the domain, and back. */
import { customOperations } from './custom-operations.ts'
import type { Problem, Verifier } from './problem.ts'

export const verifyRelations: Verifier = ({ resources }) => {
  const problems: Problem[] = []
  const byName = new Map(resources.map((resource) => [resource.name, resource]))
  for (const resource of resources) {
    const keys = [
      ...Object.entries(resource.fields).map(([name, field]) => [`field "${name}"`, field] as const),
      ...customOperations(resource).flatMap(({ word, name: owner, input, answer }) => [
        ...Object.entries(input).map(([name, field]) => [`${word} "${owner}", input "${name}"`, field] as const),
        ...Object.entries(answer).map(([name, field]) => [`${word} "${owner}", answer "${name}"`, field] as const),
      ]),
    ]
    for (const [place, { kind, rules }] of keys) {
      if (rules.belongsTo === undefined || kind.idPrefix === undefined) continue
      const where = `resource "${resource.name}", ${place}`
      const target = byName.get(rules.belongsTo)
      if (target === undefined) {
        problems.push({
          where,
          what: `it belongs to "${rules.belongsTo}", which is not in the domain`,
          mend: `domain({ resources: [${rules.belongsTo}, …] })`,
        })
      } else if (target.idPrefix !== kind.idPrefix) {
        problems.push({
          where,
          what: `it expects ids that begin with "${kind.idPrefix}", and those of ${target.name} begin with "${target.idPrefix}"`,
          mend: `belongsTo({ name: '${target.name}', idPrefix: '${target.idPrefix}' })`,
        })
      }
    }
    for (const [name, relation] of Object.entries(resource.relations)) {
      const where = `resource "${resource.name}", relation "${name}"`
      const child = byName.get(relation.resource)
      if (child === undefined) {
        problems.push({
          where,
          what: `it names the resource "${relation.resource}", which is not in the domain`,
          mend: `Resources are ${[...byName.keys()].join(', ')}.`,
        })
      } else if (!Object.hasOwn(child.fields, relation.by) || child.fields[relation.by]?.rules.belongsTo !== resource.name) {
        problems.push({
          where,
          what: `"${relation.resource}" has no field "${relation.by}" that belongs to ${resource.name}`,
          mend: `${relation.by}: belongsTo(…) in resource "${relation.resource}"`,
        })
      }
    }
  }
  return problems
}
