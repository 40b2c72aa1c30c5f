/**
 * Lets the library answer a request without ever meeting the socket.
 *
 * It is given a request whose origin is the service's own, whatever the caller wrote into `Host` or `X-Forwarded-*`, and its answer is taken
 * from memory and sent like every other: same headers, same log line, same limits.
 */
import { type IncomingHttpHeaders, type IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

/** What the library is told of a request. */
export interface ProviderOrder {
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** Of the service, from its settings. */
  readonly origin: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array | undefined
  readonly address: string
  readonly requestId: string
  readonly userAgent: string | null
}

/** Looks like the request of a Node server as far as the library looks. */
export class ProviderRequest extends Readable {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly httpVersion = '1.1'
  readonly httpVersionMajor = 1
  readonly httpVersionMinor = 1
  readonly complete = true
  /** `encrypted` makes cookies `Secure`: behind a balancer too, since it follows from the origin. */
  readonly socket: { readonly encrypted: boolean; readonly remoteAddress: string }
  readonly requestId: string
  readonly userAgent: string | null
  readonly address: string
  /** What our own callbacks leave for whoever started the request. */
  readonly notes: { userCode?: string; isUserCodeGood?: boolean; fault?: unknown } = {}

  constructor(order: ProviderOrder) {
    super({ read() {} })
    const { protocol, host } = new URL(order.origin)
    this.method = order.method
    this.url = order.url
    this.requestId = order.requestId
    this.userAgent = order.userAgent
    this.address = order.address
    this.socket = { encrypted: protocol === 'https:', remoteAddress: order.address }
    const headers: IncomingHttpHeaders = { host }
    for (const [name, value] of Object.entries(order.headers)) if (value !== undefined) headers[name] = value
    if (order.body !== undefined) {
      headers['content-length'] = String(order.body.length)
      this.push(order.body)
    }
    this.push(null)
    this.headers = headers
  }

  /** As the library's types want it. */
  asMessage(): IncomingMessage {
    return this as unknown as IncomingMessage
  }
}

/** An answer in memory. */
export interface ProviderAnswer {
  readonly status: number
  readonly type: string | undefined
  readonly body: string | Buffer | undefined
  readonly location: string | undefined
  readonly cookies: readonly string[]
  readonly challenge: string | undefined
}

class HeldResponse extends ServerResponse {
  held: string | Buffer | undefined

  override end(chunk?: unknown): this {
    if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) this.held = chunk
    return super.end()
  }
}

/** Answers that carry cookies only: for the library's calls that read or write them outside a route. */
export function holdResponse(request: ProviderRequest): ServerResponse & { held: string | Buffer | undefined } {
  return new HeldResponse(request.asMessage())
}

export async function runProvider(
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
  request: ProviderRequest,
): Promise<ProviderAnswer> {
  const response = new HeldResponse(request.asMessage())
  await listener(request.asMessage(), response)
  return readAnswer(response)
}

function readAnswer(response: ServerResponse & { held?: string | Buffer | undefined }): ProviderAnswer {
  const header = (name: string): string | undefined => {
    const value = response.getHeader(name)
    return value === undefined ? undefined : Array.isArray(value) ? value.join(', ') : String(value)
  }
  const cookies = response.getHeader('set-cookie')
  return {
    status: response.statusCode,
    type: header('content-type'),
    body: response.held,
    location: header('location'),
    cookies: cookies === undefined ? [] : Array.isArray(cookies) ? cookies : [String(cookies)],
    challenge: header('www-authenticate'),
  }
}
