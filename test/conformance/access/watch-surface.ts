/** Holds subscriptions to the table: somebody listens, an admin changes the record that the row is about, and either they are told or they are not. */
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeTypeId, type Uuid } from '../../../src/kernel/index.ts'
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
  return {
    name: 'GraphQL subscriptions',
    async run(cell) {
      const [, resource, change] = LINE.exec(cell.row.line) ?? []
      if (resource === undefined || change === undefined) return undefined
      const field = `${resource}${change}`
      await using heard = await Listener.open(people, field, people.tokenOf(cell.principal))
      if (heard.status !== 200) return String(heard.status)
      await using admin = await Listener.open(people, field, people.tokenOf('admin'))
      const id = resource === 'post' ? await changePost(people, cell, change) : await changeUser(people, cell, change)
      await admin.hears(id, PATIENCE_MS)
      return (await heard.hears(id, GRACE_MS)) ? 'yes' : 'hidden'
    },
  }
}

/** A stream of events, read as it comes. */
class Listener implements AsyncDisposable {
  readonly status: number
  readonly #abort: AbortController
  readonly #reading: Promise<void>
  #text = ''

  private constructor(response: Response, abort: AbortController) {
    this.status = response.status
    this.#abort = abort
    this.#reading = this.#read(response)
  }

  static async open({ service }: People, field: string, token: string | undefined): Promise<Listener> {
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
    return new Listener(response, abort)
  }

  /** Whether the record is told of, before long. */
  async hears(id: Uuid, withinMs: number): Promise<boolean> {
    // Global ids end with the key.
    const key = Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64')
    for (let waitedMs = 0; waitedMs < withinMs; waitedMs += 10) {
      if (this.#text.includes(key)) return true
      await sleep(10)
    }
    return this.#text.includes(key)
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
