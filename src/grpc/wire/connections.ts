/**
 * Keeps the connections of HTTP/2 within their bounds: how long they may be silent, idle, old, or deaf. One look in turn for all of them.
 *
 * A session that is over waits for its socket to send what is left, and to a client that does not read it does so for ever; it counts as a
 * connection until its socket is closed, so the socket is destroyed behind it.
 */
import type { Http2Server, Http2Session, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import * as limits from '../limits.ts'

interface Connection {
  readonly session: ServerHttp2Session
  readonly socket: Socket
  readonly address: string
  readonly openedAtMs: number
  calls: number
  isUsed: boolean
  idleSinceMs: number
  pingedAtMs: number
  isPingOpen: boolean
  /** When it was told to go. */
  closedAtMs: number | undefined
  /** Whether its session was over at the last look. */
  isOver: boolean
}

/** Ages differ by up to a tenth, so that connections of one moment do not all come back at another. */
const AGE_SPREAD = 0.1

export class Connections {
  readonly #connections = new Map<Http2Session, Connection>()
  readonly #timer: NodeJS.Timeout

  constructor(server: Http2Server) {
    // A session comes up in the same turn as its socket, which it gives only without `destroy`.
    let socket: Socket
    const note = (opened: Socket): void => {
      socket = opened
    }
    server.prependListener('connection', note)
    server.prependListener('secureConnection', note)
    server.on('session', (session: ServerHttp2Session) => this.#add(session, socket))
    this.#timer = setInterval(() => this.#look(performance.now()), limits.LOOK_EVERY_MS).unref()
  }

  /** Counts a call on its connection until it is over. @returns where it comes from */
  countCall(stream: ServerHttp2Stream): string {
    const connection = stream.session === undefined ? undefined : this.#connections.get(stream.session)
    if (connection === undefined) return ''
    connection.calls += 1
    connection.isUsed = true
    stream.once('close', () => {
      connection.calls -= 1
      connection.idleSinceMs = performance.now()
    })
    return connection.address
  }

  /** Tells all to go, and waits until their calls are over; what is left after `graceMs` is cut off. */
  async close(graceMs: number): Promise<void> {
    const closed = [...this.#connections.keys()].map((session) => new Promise((resolve) => session.once('close', resolve)))
    for (const session of this.#connections.keys()) session.close()
    const timer = setTimeout(() => {
      for (const { socket } of this.#connections.values()) socket.destroy()
    }, graceMs)
    await Promise.all(closed)
    clearTimeout(timer)
    clearInterval(this.#timer)
  }

  #add(session: ServerHttp2Session, socket: Socket): void {
    const nowMs = performance.now()
    this.#connections.set(session, {
      session,
      socket,
      address: socket.remoteAddress ?? '',
      openedAtMs: nowMs + Math.random() * AGE_SPREAD * limits.CONNECTION_AGE_MS,
      calls: 0,
      isUsed: false,
      idleSinceMs: nowMs,
      pingedAtMs: nowMs,
      isPingOpen: false,
      closedAtMs: undefined,
      isOver: false,
    })
    // What breaks a connection also closes it.
    session.on('error', () => undefined)
    session.once('close', () => this.#connections.delete(session))
  }

  #look(nowMs: number): void {
    for (const connection of this.#connections.values()) {
      const { session, socket, closedAtMs } = connection
      if (session.destroyed) {
        if (connection.isOver) socket.destroy()
        connection.isOver = true
      } else if (closedAtMs !== undefined) {
        if (nowMs - closedAtMs > limits.CONNECTION_AGE_GRACE_MS) session.destroy()
      } else if (mustGo(connection, nowMs)) {
        connection.closedAtMs = nowMs
        session.close()
      } else ping(connection, nowMs)
    }
  }
}

function mustGo({ calls, isUsed, idleSinceMs, openedAtMs }: Connection, nowMs: number): boolean {
  if (nowMs - openedAtMs > limits.CONNECTION_AGE_MS) return true
  return calls === 0 && nowMs - idleSinceMs > (isUsed ? limits.CONNECTION_IDLE_MS : limits.CONNECTION_SILENT_MS)
}

/** Finds the other side gone, where no packet says so. */
function ping(connection: Connection, nowMs: number): void {
  const { session, pingedAtMs } = connection
  if (connection.isPingOpen) {
    if (nowMs - pingedAtMs > limits.KEEP_ALIVE_TIMEOUT_MS) session.destroy()
    return
  }
  if (nowMs - pingedAtMs < limits.KEEP_ALIVE_MS) return
  connection.pingedAtMs = nowMs
  connection.isPingOpen = session.ping((error) => {
    if (error === null) connection.isPingOpen = false
  })
}
