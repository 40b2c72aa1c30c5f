/** Sends requests over kept connections and never throws: a connection that breaks is an outcome, counted like any other. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http'

export interface Call {
  readonly method?: string
  readonly path: string
  readonly token?: string | undefined
  /** Sent as JSON, with its content type; text and bytes go as they are. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

export interface Outcome {
  /** 0: there was no answer. */
  readonly status: number
  /** Why there was no answer: `ECONNRESET`, `ECONNREFUSED`, `TIMEOUT`. */
  readonly failure: string | undefined
  /** Whether it went over a connection that had served before. */
  readonly isReused: boolean
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly json: any
  readonly tookMs: number
  /** When it was sent, on the clock of `performance.now()`. */
  readonly sentAtMs: number
}

export interface CallerOptions {
  readonly token?: string
  /** Default 64. */
  readonly connections?: number
  /** Default 60,000. */
  readonly timeoutMs?: number
}

/** A client of one service. */
export class Caller implements Disposable {
  readonly #origin: URL
  readonly #agent: Agent
  readonly #token: string | undefined
  readonly #timeoutMs: number

  constructor(origin: string, options: CallerOptions = {}) {
    this.#origin = new URL(origin)
    this.#token = options.token
    this.#timeoutMs = options.timeoutMs ?? 60_000
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.connections ?? 64, maxFreeSockets: options.connections ?? 64 })
  }

  call({ method = 'GET', path, token = this.#token, body, headers = {} }: Call): Promise<Outcome> {
    const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : body === undefined ? undefined : JSON.stringify(body)
    const sentAtMs = performance.now()
    return new Promise((resolve) => {
      const lost = (failure: string): void =>
        resolve({
          status: 0,
          failure,
          isReused: sent.reusedSocket,
          headers: {},
          text: '',
          json: undefined,
          tookMs: performance.now() - sentAtMs,
          sentAtMs,
        })
      const sent = request(
        {
          host: this.#origin.hostname,
          port: this.#origin.port,
          agent: this.#agent,
          method,
          path,
          headers: {
            ...(token !== undefined && token !== '' && { authorization: `Bearer ${token}` }),
            ...(bytes !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', (error) => lost(codeOf(error)))
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8')
            const tookMs = performance.now() - sentAtMs
            resolve({
              status: response.statusCode ?? 0,
              failure: undefined,
              isReused: sent.reusedSocket,
              headers: response.headers,
              text,
              get json() {
                return readJson(text)
              },
              tookMs,
              sentAtMs,
            })
          })
        },
      )
      sent.setTimeout(this.#timeoutMs, () => sent.destroy(Object.assign(new Error('no answer in time'), { code: 'TIMEOUT' })))
      sent.on('error', (error) => lost(codeOf(error)))
      sent.end(bytes)
    })
  }

  /** Ends all connections. */
  close(): void {
    this.#agent.destroy()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
