/**
 * What a route of identity is, and how it is mounted: its input is declared in the words of the model, so that it is read, refused and documented
 * as everything else.
 */
import { FieldReader } from '../../engine/index.ts'
import { type HttpRequest, type HttpServer, headerBlock } from '../../http/index.ts'
import { PlinthError, toSnakeCase, type Uuid } from '../../kernel/index.ts'
import { deriveInput, type FieldMap, type FieldModel, type Json, type JsonSchema } from '../../model/index.ts'
import { isLent } from '../../policy/index.ts'
import type { Account, Accounts } from '../accounts/accounts.ts'

export interface IdentityAnswer {
  readonly status: number
  /** What stands under `data`; left out for 204. */
  readonly data?: Json
  /** Names and values in turn. */
  readonly headers?: readonly string[]
}

/** What was sent, by the names of the input; null where nothing was. */
export type IdentityInput = Readonly<Record<string, unknown>>

export interface IdentityRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/auth/sessions/:id`. */
  readonly path: string
  /** `sessions.create`. */
  readonly operation: string
  /** One sentence for the documentation. */
  readonly summary: string
  /** `anybody`: also without a token. `account`: only somebody with an account, signed in. */
  readonly caller: 'anybody' | 'account'
  /** `sensitive` where a guess or a letter is at stake. */
  readonly limit: 'read' | 'write' | 'sensitive'
  readonly input?: FieldMap
  /** The answers of success: status and schema of `data`; null where there is no body. */
  readonly answers: Readonly<Record<number, { readonly description: string; readonly data: JsonSchema | null }>>
  /** The codes of the catalogue that it can answer besides those that every route can. */
  readonly errors: readonly string[]
  handle(request: HttpRequest, input: IdentityInput): Promise<IdentityAnswer>
}

const JSON_BLOCK = headerBlock({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
const EMPTY_BLOCK = headerBlock({ 'cache-control': 'no-store' })

/** Adds the routes to a server that does not listen yet. */
export function mountIdentityRoutes(server: HttpServer, routes: readonly IdentityRoute[]): void {
  for (const route of routes) {
    const read = inputReader(deriveInput(route.input ?? {}))
    server.route({
      method: route.method,
      path: route.path,
      operation: `auth.${route.operation}`,
      limit: route.limit,
      body: route.input === undefined ? 'none' : isAllOptional(route.input) ? 'optional' : 'json',
      renderField: toSnakeCase,
      async handle(request, reply) {
        if (route.caller === 'account' && request.actor.kind === 'nobody') throw new PlinthError('AUTH_REQUIRED')
        const answer = await route.handle(request, read(request))
        if (answer.data === undefined) {
          reply.send(answer.status, EMPTY_BLOCK, undefined, answer.headers)
          return
        }
        const body = JSON.stringify({ data: answer.data, meta: { request_id: request.requestId } })
        reply.send(answer.status, JSON_BLOCK, body, answer.headers)
      },
    })
  }
}

function isAllOptional(input: FieldMap): boolean {
  return Object.values(input).every((field) => field.rules.input !== 'required')
}

function inputReader(fields: readonly FieldModel[]): (request: HttpRequest) => IdentityInput {
  if (fields.length === 0) return () => ({})
  const reader = new FieldReader(fields, 'column')
  return (request) => {
    const values = reader.read(request.body, 'create', request.actor)
    return Object.fromEntries([...values].map(([field, value]) => [field.name, value]))
  }
}

/**
 * The account that the caller's token names.
 *
 * An application that somebody has lent their account to is not they: the failure this prevents is an application with one scope that adds a
 * passkey of its own, or signs its owner out, while their sign-in is fresh.
 *
 * @throws `AUTH_REQUIRED` for nobody and for a service, `AUTH_FORBIDDEN` for an application
 */
export async function accountOf(accounts: Accounts, request: HttpRequest): Promise<Account> {
  const { actor } = request
  if (isLent(actor)) throw new PlinthError('AUTH_FORBIDDEN', 'An application may not do this for its user, who signs in here')
  const account = actor.kind === 'user' && actor.id !== null ? await accounts.findById(actor.id) : undefined
  if (account === undefined)
    throw new PlinthError('AUTH_REQUIRED', 'Only somebody with an account of this service can do this, signed in as themselves')
  return account
}

/** The session that the caller's token belongs to; null for a token that was minted without one. */
export function sessionOf({ actor }: HttpRequest): Uuid | null {
  return (actor.session?.id ?? null) as Uuid | null
}
