/** Holds what answers over HTTP to the table: resources by their routes, all else by a request of its own. */
import type { Domain } from '../../../src/model/index.ts'
import { type RestRoute, restRoutes } from '../../../src/rest/index.ts'
import type { TestAnswer } from '../../../src/testing/index.ts'
import type { People } from './people.ts'
import { outerId, type Question, readQuestion } from './question.ts'
import { userId } from './records.ts'
import { REQUESTS, type WireRequest } from './requests.ts'
import type { Cell, SurfaceRunner } from './surface.ts'
import { nameOf } from './table.ts'

/** @param asHead asks HEAD where rows say GET */
export function restSurface(domain: Domain, people: People, asHead = false): SurfaceRunner {
  const ask = (cell: Cell, request: WireRequest) => send(people, cell, request, asHead)
  const routes = new Map(restRoutes(domain).map((route) => [route.operation, route]))
  return {
    name: asHead ? 'REST by HEAD' : 'REST',
    async run(cell) {
      const route = routes.get(cell.row.operation)
      if (route !== undefined) {
        const question = await readQuestion(route, cell)
        const answer = await ask(cell, requestOf(route, question))
        const isFound = isFoundIn(answer, route, question)
        return readOutcome(answer, isFound)
      }
      const prepare = REQUESTS[nameOf(cell.row)]
      if (prepare === undefined) throw new Error(`Cannot ask "${nameOf(cell.row)}": there is no request for it`)
      const request = await prepare(people, cell)
      const answer = await ask(cell, request)
      if (request.endsSession === true) await people.renew(cell.principal)
      return readOutcome(answer, true)
    },
  }
}

/** The line of the row, with ids where it has parameters, as a request. */
function requestOf({ path, nesting, kind, ...route }: RestRoute, question: Question): WireRequest {
  const record = question.record === undefined ? '' : outerId(route, question.record)
  const filled =
    nesting === undefined || question.parent === undefined
      ? path.replace(':id', record)
      : path.replace(':id', userId(question.parent)).replace(/:[a-z]+_id/, record)
  const query = new URLSearchParams()
  if (kind === 'list') query.set('limit', '100')
  if (question.includesDeleted) query.set('include_deleted', 'true')
  if (question.field !== undefined && kind === 'get') query.set('fields', question.field)
  if (question.field !== undefined && kind === 'list') query.set(question.field, 'x')
  const hasBody = kind === 'create' || kind === 'update' || kind === 'replace'
  return { path: query.size === 0 ? filled : `${filled}?${query}`, ...(hasBody && { body: question.values }) }
}

async function send(
  { service, tokenOf }: People,
  { row, principal }: Cell,
  request: WireRequest,
  asHead: boolean,
): Promise<TestAnswer> {
  const [method = 'GET', path = '/'] = row.line.split(' ')
  return service.request(request.path ?? path, {
    method: asHead ? 'HEAD' : method,
    token: tokenOf(principal),
    ...(request.body !== undefined && { body: request.body }),
    ...(request.form !== undefined && {
      body: new URLSearchParams(request.form).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: service.origin, 'sec-fetch-site': 'same-origin' },
    }),
  })
}

/** False for a list without the record. */
function isFoundIn({ status, json }: TestAnswer, route: RestRoute, { record }: Question): boolean {
  if (route.kind !== 'list' || status !== 200 || record === undefined || json === undefined) return true
  return (json.data as readonly { readonly id: string }[]).some(({ id }) => id === outerId(route, record))
}

/** A page that sends the browser on is an answer too. */
function readOutcome({ status }: TestAnswer, isFound: boolean): string {
  if (status >= 200 && status < 400) return isFound ? 'yes' : 'hidden'
  return String(status)
}
