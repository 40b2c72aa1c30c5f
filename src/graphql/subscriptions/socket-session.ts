/**
 * The `graphql-transport-ws` protocol on one web socket. What is asked goes through the same gate as over HTTP.
 *
 * An answer is sent when the one before has left, so a client that does not read holds up its own operations and costs one answer each.
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
import { readJson, type WebSocketChannel } from '../../http/index.ts'
import { PlinthError, toPlinthError } from '../../kernel/index.ts'
import { type Actor, NOBODY } from '../../model/index.ts'
import type { AnswerError } from '../answer-errors.ts'
import { isMap } from '../is-map.ts'
import { runSocketOperation, type SocketOperationScope } from './socket-operation.ts'

export const SOCKET_PROTOCOL = 'graphql-transport-ws'

/** Codes of the protocol. */
const BAD_REQUEST = 4400
const UNAUTHORIZED = 4401
const FORBIDDEN = 4403
const INIT_TIMEOUT = 4408
const DUPLICATE = 4409
const TOO_MANY_INITS = 4429

/** A client sends it in the first packet; a slow network needs seconds. */
const INIT_TIMEOUT_MS = 5_000
/** Operations of one socket; a page that shows fifty live things has half as many. */
const OPERATIONS_MAX = 100
/** A UUID is 36. */
const ID_LENGTH_MAX = 128

export interface SocketSessionOptions extends SocketOperationScope {
  readonly authenticate: (authorization: string | undefined) => Actor | Promise<Actor>
  /** Default 5 s. */
  readonly initTimeoutMs?: number
}

/** After these the connection speaks for nobody any more. */
const GONE_CODES: ReadonlySet<string> = new Set(['AUTH_TOKEN_EXPIRED', 'AUTH_TOKEN_INVALID', 'AUTH_ACCOUNT_SUSPENDED'])

type Message = Readonly<Record<string, unknown>>

export class SocketSession {
  readonly #options: SocketSessionOptions
  readonly #channel: WebSocketChannel
  readonly #running = new Map<string, AbortController>()
  readonly #timer: NodeJS.Timeout
  #state: 'new' | 'asked' | 'ready' = 'new'
  #authorization: string | undefined

  constructor(channel: WebSocketChannel, options: SocketSessionOptions) {
    this.#channel = channel
    this.#options = options
    this.#timer = setTimeout(
      () => channel.close(INIT_TIMEOUT, 'Connection initialisation timeout'),
      options.initTimeoutMs ?? INIT_TIMEOUT_MS,
    )
    channel.signal.addEventListener('abort', () => this.#end())
    channel.onText((text) => this.#receive(text))
  }

  #end(): void {
    clearTimeout(this.#timer)
    for (const abort of this.#running.values()) abort.abort()
    this.#running.clear()
  }

  #receive(text: string): void {
    const message = readMessage(text)
    if (message === undefined) {
      this.#channel.close(BAD_REQUEST, 'Expected a message as JSON, with a type')
      return
    }
    switch (message['type']) {
      case 'connection_init':
        this.#init(message)
        return
      case 'ping':
        this.#send({ type: 'pong' })
        return
      case 'pong':
        return
      case 'subscribe':
        this.#subscribe(message)
        return
      case 'complete':
        this.#complete(message)
        return
      default:
        this.#channel.close(BAD_REQUEST, 'Expected a message of a known type')
    }
  }

  #init({ payload }: Message): void {
    if (this.#state !== 'new') {
      this.#channel.close(TOO_MANY_INITS, 'Too many initialisation requests')
      return
    }
    this.#state = 'asked'
    clearTimeout(this.#timer)
    this.#authorization = readAuthorization(payload) ?? this.#channel.header('authorization')
    this.#actor().then(
      ({ subject }) => {
        this.#channel.subject = subject
        this.#state = 'ready'
        this.#send({ type: 'connection_ack' })
      },
      (thrown: unknown) => this.#refuse(toPlinthError(thrown)),
    )
  }

  #subscribe({ id, payload }: Message): void {
    if (this.#state !== 'ready') {
      this.#channel.close(UNAUTHORIZED, 'Unauthorized')
      return
    }
    if (!isId(id) || !isMap(payload)) {
      this.#channel.close(BAD_REQUEST, `Expected an id of 1 to ${ID_LENGTH_MAX} characters and a payload`)
      return
    }
    if (this.#running.has(id)) {
      this.#channel.close(DUPLICATE, `Subscriber for ${id} already exists`)
      return
    }
    if (this.#running.size >= OPERATIONS_MAX) {
      const message = `Too many operations on one socket: expected ${OPERATIONS_MAX} at the most`
      void this.#sendErrors(id, [{ error: new PlinthError('RATE_LIMIT_EXCEEDED', message) }])
      return
    }
    const abort = new AbortController()
    this.#running.set(id, abort)
    this.#run(id, payload, abort.signal)
      .catch((thrown: unknown) => this.#fail(id, abort.signal, toPlinthError(thrown)))
      .finally(() => {
        if (this.#running.get(id) === abort) this.#running.delete(id)
      })
  }

  #complete({ id }: Message): void {
    if (!isId(id)) {
      this.#channel.close(BAD_REQUEST, 'Expected the id of an operation')
      return
    }
    this.#running.get(id)?.abort()
    this.#running.delete(id)
  }

  async #run(id: string, payload: Message, signal: AbortSignal): Promise<void> {
    const caller = { arrival: this.#channel.arrival(this.#authorization), renew: () => this.#actor() }
    for await (const told of runSocketOperation(this.#options, caller, payload, signal)) {
      if (signal.aborted) return
      if ('refused' in told) return this.#sendErrors(id, told.refused)
      await this.#channel.send(`{"id":${JSON.stringify(id)},"type":"next","payload":${told.answer}}`)
    }
    if (!signal.aborted) this.#send({ id, type: 'complete' })
  }

  /** Whom the connection speaks for now. */
  #actor(): Promise<Actor> {
    if (this.#authorization === undefined) return Promise.resolve(NOBODY)
    // An async function, so that what it throws at once rejects.
    return (async () => this.#options.authenticate(this.#authorization))()
  }

  #fail(id: string, signal: AbortSignal, error: PlinthError): void {
    if (signal.aborted) return
    if (GONE_CODES.has(error.code)) {
      this.#refuse(error)
      return
    }
    void this.#sendErrors(id, [{ error }])
  }

  /** The caller has no valid token, or has it no more. */
  #refuse(error: PlinthError): void {
    this.#channel.errorCode ??= error.code
    if (error.status >= 500) this.#channel.report(error)
    this.#channel.close(FORBIDDEN, error.status === 401 || error.status === 403 ? error.code : 'Forbidden')
  }

  #sendErrors(id: string, errors: readonly AnswerError[]): Promise<void> {
    const { errors: list } = JSON.parse(this.#options.executor.renderRefusal(errors, this.#channel.requestId))
    return this.#channel.send(JSON.stringify({ id, type: 'error', payload: list }))
  }

  #send(message: Message): void {
    void this.#channel.send(JSON.stringify(message))
  }
}

function readMessage(text: string): Message | undefined {
  try {
    const value = readJson(text)
    return isMap(value) ? value : undefined
  } catch (error) {
    if (error instanceof PlinthError) return undefined
    throw error
  }
}

/** Clients spell it as the header, in either case. */
function readAuthorization(payload: unknown): string | undefined {
  if (!isMap(payload)) return undefined
  const value = payload['authorization'] ?? payload['Authorization']
  return typeof value === 'string' ? value : undefined
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= ID_LENGTH_MAX
}
