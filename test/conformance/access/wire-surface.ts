/** Holds GraphQL and gRPC to the table: what each is asked is the operation of the row, through the adapters of the suite of agreement. */
import { CATALOGUE, type ErrorCode, REFUSAL_STATUS } from '../../../src/kernel/index.ts'
import type { Domain } from '../../../src/model/index.ts'
import { type RestRoute, restRoutes } from '../../../src/rest/index.ts'
import type { Comparison, Operation, Outcome, Values } from '../../agreement/operation.ts'
import type { OpenSurface } from '../../agreement/surface.ts'
import type { People } from './people.ts'
import { outerId, type Question, readQuestion } from './question.ts'
import { userId } from './records.ts'
import type { SurfaceRunner } from './surface.ts'

/** Rows about no resource have no operation here. */
export function wireSurface(domain: Domain, people: People, open: OpenSurface): SurfaceRunner & AsyncDisposable {
  const routes = new Map(restRoutes(domain).map((route) => [route.operation, route]))
  const surface = open(people.service)
  return {
    name: surface.name,
    async run(cell) {
      const route = routes.get(cell.row.operation)
      if (route === undefined) return undefined
      const question = await readQuestion(route, cell)
      const operation = operationOf(route, question)
      if (operation === undefined) return undefined
      const outcome = await surface.run(operation, people.tokenOf(cell.principal))
      return outcome === undefined ? undefined : readOutcome(outcome, route, question)
    },
    [Symbol.asyncDispose]: async () => surface.close(),
  }
}

/** Undefined where the row is about a path: only a list knows its parent here, as a filter. */
function operationOf(route: RestRoute, question: Question): Operation | undefined {
  const { resource, kind, nesting, action } = route
  if (nesting !== undefined && kind !== 'list') return undefined
  const { includesDeleted, field } = question
  // Values come as REST spells them: JSON.
  const values = question.values as Values
  const id = question.record === undefined ? '' : outerId(route, question.record)
  switch (kind) {
    case 'list':
      return { kind, resource, limit: resource.list.limitMax, includesDeleted, filter: filterOf(route, question) }
    case 'get':
      return { kind, resource, id, includesDeleted, fields: field === undefined ? undefined : [field] }
    case 'create':
      return { kind, resource, values }
    case 'update':
    case 'replace':
      return { kind, resource, id, values }
    case 'delete':
    case 'restore':
      return { kind, resource, id }
    case 'act':
      return { kind, resource, id, values, action: action?.name ?? '' }
  }
}

function filterOf({ nesting }: RestRoute, { parent, field }: Question): readonly Comparison[] {
  const named = field === undefined ? [] : [{ column: field, operator: 'eq', value: 'x' } as const]
  if (nesting === undefined || parent === undefined) return named
  return [...named, { column: nesting.child.by.column, operator: 'eq', value: userId(parent) }]
}

function readOutcome(outcome: Outcome, route: RestRoute, { record }: Question): string {
  switch (outcome.kind) {
    case 'record':
    case 'done':
      return 'yes'
    case 'pages':
      return record === undefined || outcome.pages.flat().some(({ id }) => id === outerId(route, record)) ? 'yes' : 'hidden'
    case 'refused':
      return String(statusOf(outcome.code))
  }
}

/** The status that the catalogue has for a code, or for what an action itself refuses. */
function statusOf(code: string): number {
  return code in CATALOGUE ? CATALOGUE[code as ErrorCode].status : REFUSAL_STATUS
}
