/** Holds the engine itself to the table: no wire, no tokens, so that a domain with a guard taken out can be asked in milliseconds. */
import { describeIdentityRoutes } from '../../../src/auth/index.ts'
import { Engine, FieldReader, type ParentInput, type RequestContext, type Store } from '../../../src/engine/index.ts'
import { type Clock, PlinthError, type Uuid } from '../../../src/kernel/index.ts'
import { type Actor, type Domain, deriveInput } from '../../../src/model/index.ts'
import { type RestRoute, restRoutes } from '../../../src/rest/index.ts'
import { outerId, type Question, readQuestion } from './question.ts'
import type { Records } from './records.ts'
import type { Cell, SurfaceRunner } from './surface.ts'
import type { Principal } from './table.ts'

export interface EngineSurfaceOptions {
  readonly domain: Domain
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => Uuid
  readonly records: Records
}

/** Not a route of the resource, and yet the engine decides. */
const REGISTER = 'auth.registrations.create'

export function engineSurface({ domain, store, clock, newId, records }: EngineSurfaceOptions): SurfaceRunner {
  const engine = new Engine({ domain, store, clock, newId, seal: (text) => text.slice(0, 8) })
  const routes = new Map(restRoutes(domain).map((route) => [route.operation, route]))
  return {
    name: 'engine',
    async run(cell) {
      const actor = actorOf(domain, records, cell.principal)
      if (actor === undefined) return undefined
      const context: RequestContext = { actor, nowMs: clock.now(), address: '127.0.0.1', requestId: 'access' }
      const route = routes.get(cell.row.operation)
      if (route !== undefined) return outcomeOf(async () => ask(engine, route, await readQuestion(route, cell), context))
      if (cell.row.operation === REGISTER) return outcomeOf(() => register(engine, domain, cell, context))
      // An operation that the mutant does not offer any more.
      return cell.row.line.includes('/api/v1/') ? '404' : undefined
    },
  }
}

/** The principals as the tokens of the wire make them; those whose token is refused never come so far. */
function actorOf({ roles }: Domain, records: Records, principal: Principal): Actor | undefined {
  const user = (role: string, permissions: readonly string[] = roles[role] ?? []): Actor => {
    const id = records.accountOf(principal) ?? null
    return { kind: 'user', id, subject: id, roles: [role], permissions }
  }
  const app = (role: string, permissions: readonly string[]): Actor => ({
    ...user(role, permissions),
    session: { id: null, clientId: 'app', device: 'browser', authenticatedAtMs: null, secondFactorAtMs: null },
  })
  switch (principal) {
    case 'nobody':
      return { kind: 'nobody', id: null, subject: null, roles: [], permissions: [] }
    case 'viewer':
    case 'admin':
      return user(principal)
    case 'editor, own':
    case 'editor, not own':
      return user('editor')
    case "editor's app":
      return app('editor', ['posts:read'])
    case "admin's app":
      return app('admin', ['users:read'])
    case 'service':
      return { kind: 'service', id: null, subject: 'service', roles: [], permissions: ['posts:read', 'posts:write'] }
    default:
      return undefined
  }
}

/** @returns whether the record is there */
async function ask(engine: Engine, route: RestRoute, question: Question, context: RequestContext): Promise<boolean> {
  const operations = engine.resource(route.resource.name)
  const { includesDeleted, field, values } = question
  const parent = parentOf(route, question)
  const id = question.record ?? ('' as Uuid)
  const named = route.resource.fields.find((one) => one.column === field)
  const read = (mode: 'create' | 'update' | 'replace') => {
    const given = parent === undefined || mode === 'update' ? undefined : new Map([[parent.child.by, parent.id]])
    return new FieldReader(route.resource.fields, 'column').read(values, mode, context.actor, given)
  }
  switch (route.kind) {
    case 'list': {
      const filters = named === undefined ? [] : [{ field: named, operator: 'eq' as const, value: 'x' }]
      const { records } = await operations.list(context, { filters, limit: 100, includesDeleted, parent })
      return records.some(({ json }) => json.includes(id) || json.includes(outerId(route, id)))
    }
    case 'get': {
      const fields = field === undefined ? undefined : { names: [field], byName: route.resource.fieldsByColumn }
      await operations.get(context, { id, includesDeleted, parent, fields })
      return true
    }
    case 'create':
      await operations.create(context, { values: read('create'), parent })
      return true
    case 'update':
    case 'replace':
      await operations[route.kind](context, { id, values: read(route.kind), expectedVersion: null, parent })
      return true
    case 'delete':
      await operations.delete(context, { id, expectedVersion: null, parent })
      return true
    case 'restore':
      await operations.restore(context, { id, expectedVersion: null })
      return true
    case 'act':
      if (route.action === undefined) throw new TypeError(`Cannot ask ${route.operation}: the route names no action`)
      await operations.act(context, { id, action: route.action, values: new Map(), expectedVersion: null })
      return true
  }
}

/** As `/auth/registrations` does: by the input that the route declares, and the body is nobody's, whoever sends it. */
async function register(engine: Engine, domain: Domain, { row, records }: Cell, context: RequestContext): Promise<boolean> {
  const { accounts } = domain
  const user = domain.resource('user')
  const nobody: Actor = { kind: 'nobody', id: null, subject: null, roles: [], permissions: [] }
  const role = row.what === 'with a role' ? { role: 'admin' } : {}
  const body = { email: records.address(), display_name: 'Somebody', password: 'violet harbour sings at noon', ...role }
  const declared = accounts === undefined ? [] : describeIdentityRoutes(accounts)
  const input = declared.find(({ operation }) => `auth.${operation}` === REGISTER)?.input ?? {}
  new FieldReader(deriveInput(input), 'column').read(body, 'create', nobody)
  const values = new FieldReader(user.fields, 'column').read(body, 'create', nobody)
  await engine.resource('user').create({ ...context, actor: nobody }, { verb: 'register', values })
  return true
}

function parentOf({ nesting }: RestRoute, { parent }: Question): ParentInput | undefined {
  return nesting === undefined || parent === undefined ? undefined : { child: nesting.child, parent: nesting.parent, id: parent }
}

async function outcomeOf(work: () => Promise<boolean>): Promise<string> {
  try {
    return (await work()) ? 'yes' : 'hidden'
  } catch (error) {
    if (error instanceof PlinthError) return String(error.status)
    throw error
  }
}
