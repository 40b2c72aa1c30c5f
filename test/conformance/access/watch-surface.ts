/** Holds subscriptions to the table: somebody listens, an admin changes the record that the row is about, and either they are told or they are not. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClientReadableStream, status as grpcStatus, type ServiceError } from '@grpc/grpc-js'
import { decodeTypeId, type Uuid } from '../../../src/kernel/index.ts'
import { type GrpcClient, grpcClient, type Message } from '../grpc-kit.ts'
import type { People } from './people.ts'
import { isOnOwn, postId, userId } from './records.ts'
import type { Cell, SurfaceRunner } from './surface.ts'
import type { Row } from './table.ts'

/** How long others may hear of a change after the admin has: what is not told by then is not told. */
const GRACE_MS = 500
const PATIENCE_MS = 10_000
const LINE = /^subscription (user|post)(Created|Updated|Deleted)$/

export function isSubscription({ line }: Row): boolean {
  return line.startsWith('subscription ')
}

export function watchSurface(people: People): SurfaceRunner {
  return holdListeners('GraphQL subscriptions', people, (resource, change, token) =>
    EventListener.open(people, `${resource}${change}`, token),
  )
}

export function grpcWatchSurface(people: People): SurfaceRunner & Disposable {
  const address = people.service.service.grpcAddress ?? ''
  const clients = { user: grpcClient(address, 'user'), post: grpcClient(address, 'post') }
  const surface = holdListeners('Watch of gRPC', people, (resource, change, token) =>
    CallListener.open(clients[resource], resource, change, token),
  )
  return {
    ...surface,
    [Symbol.dispose]() {
      for (const client of Object.values(clients)) client[Symbol.dispose]()
    },
  }
}

/** Somebody who listens, or was refused: then `status` is not 200. */
interface Listener extends AsyncDisposable {
  readonly status: number
  /** Whether the record is told of, before long. */
  hears(id: Uuid, withinMs: number): Promise<boolean>
}

type Resource = 'user' | 'post'

function holdListeners(
  name: string,
  people: People,
  open: (resource: Resource, change: string, token: string | undefined) => Promise<Listener>,
): SurfaceRunner {
  return {
    name,
    async run(cell) {
      const [, resource, change] = LINE.exec(cell.row.line) ?? []
      if ((resource !== 'user' && resource !== 'post') || change === undefined) return undefined
      await using heard = await open(resource, change, people.tokenOf(cell.principal))
      if (heard.status !== 200) return String(heard.status)
      await using admin = await open(resource, change, people.tokenOf('admin'))
      const id = resource === 'post' ? await changePost(people, cell, change) : await changeUser(people, cell, change)
      await admin.hears(id, PATIENCE_MS)
      return (await heard.hears(id, GRACE_MS)) ? 'yes' : 'hidden'
    },
  }
}

async function isSoon(isSo: () => boolean, withinMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < withinMs && !isSo(); waitedMs += 10) await sleep(10)
  return isSo()
}

const STATUS_OF: Readonly<Record<number, number>> = {
  [grpcStatus.OK]: 200,
  [grpcStatus.UNAUTHENTICATED]: 401,
  [grpcStatus.PERMISSION_DENIED]: 403,
}

/** A call of gRPC that goes on. */
class CallListener implements Listener {
  readonly status: number
  readonly #stream: ClientReadableStream<Message>
  readonly #heard: ReadonlySet<string>

  private constructor(stream: ClientReadableStream<Message>, heard: ReadonlySet<string>, status: number) {
    this.#stream = stream
    this.#heard = heard
    this.status = status
  }

  static async open(client: GrpcClient, resource: Resource, change: string, token: string | undefined): Promise<CallListener> {
    const method = `Watch${resource === 'user' ? 'Users' : 'Posts'}`
    const kind = `${resource}_change_kind_${change}`.toUpperCase()
    const stream = client.stream(method, { kinds: [kind] }, { token, deadlineMs: 60_000 })
    const heard = new Set<string>()
    stream.on('data', (message: Message) => heard.add(JSON.stringify(message)))
    const code = await new Promise<number>((resolve) => {
      stream.on('metadata', () => resolve(grpcStatus.OK))
      stream.on('error', (error: ServiceError) => resolve(error.code))
    })
    return new CallListener(stream, heard, STATUS_OF[code] ?? code)
  }

  hears(id: Uuid, withinMs: number): Promise<boolean> {
    const ids = [postId(id), userId(id)]
    return isSoon(() => [...this.#heard].some((text) => ids.some((one) => text.includes(one))), withinMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.cancel()
  }
}

/** A stream of events, read as it comes. */
class EventListener implements Listener {
  readonly status: number
  readonly #abort: AbortController
  readonly #reading: Promise<void>
  #text = ''

  private constructor(response: Response, abort: AbortController) {
    this.status = response.status
    this.#abort = abort
    this.#reading = this.#read(response)
  }

  static async open({ service }: People, field: string, token: string | undefined): Promise<EventListener> {
    const abort = new AbortController()
    const response = await fetch(`${service.origin}/graphql`, {
      method: 'POST',
      signal: abort.signal,
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query: `subscription { ${field} { id } }` }),
    })
    return new EventListener(response, abort)
  }

  hears(id: Uuid, withinMs: number): Promise<boolean> {
    // Global ids end with the key.
    const key = Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64')
    return isSoon(() => this.#text.includes(key), withinMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#reading
  }

  async #read({ body }: Response): Promise<void> {
    try {
      for await (const chunk of body ?? []) this.#text += Buffer.from(chunk).toString()
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error
    }
  }
}

async function changePost(people: People, { row, principal, records }: Cell, change: string): Promise<Uuid> {
  const owner = records.ownerFor(principal)
  const status = row.what.startsWith('a draft') ? 'draft' : 'published'
  if (change !== 'Created') {
    const id = await records.post(owner, status)
    await send(people, change === 'Deleted' ? 'DELETE' : 'PATCH', `/api/v1/posts/${postId(id)}`, { title: 'On Notes' })
    return id
  }
  const body = { author_id: userId(owner), title: 'On Notes', body: 'New.', status }
  return uuidOf('post', await send(people, 'POST', '/api/v1/posts', body))
}

async function changeUser(people: People, { principal, records }: Cell, change: string): Promise<Uuid> {
  if (change === 'Created') {
    const body = { email: records.address(), display_name: 'Somebody new' }
    return uuidOf('usr', await send(people, 'POST', '/api/v1/users', body))
  }
  // The editor lives on, so her own account is only ever changed.
  const id = isOnOwn(principal) && change === 'Updated' ? records.standing.editor : await records.account()
  await send(people, change === 'Deleted' ? 'DELETE' : 'PATCH', `/api/v1/users/${userId(id)}`, { display_name: 'Somebody else' })
  return id
}

/** As the admin. @returns the id of the record, where one comes back */
async function send({ service, tokenOf }: People, method: string, path: string, body: object): Promise<string> {
  const hasBody = method !== 'DELETE'
  const answer = await service.request(path, { method, token: tokenOf('admin'), ...(hasBody && { body }) })
  if (answer.status >= 300) throw new Error(`Cannot ${method} ${path}: ${answer.text}`)
  return answer.json?.data.id ?? ''
}

function uuidOf(prefix: string, id: string): Uuid {
  const uuid = decodeTypeId(prefix, id)
  if (uuid === undefined) throw new Error(`Cannot read the id "${id}" of a new record`)
  return uuid
}
