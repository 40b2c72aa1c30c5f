/** Opens the GraphQL endpoint for web sockets. */
import type { HttpServer } from '../../http/index.ts'
import type { Clock } from '../../kernel/index.ts'
import type { EventsScope } from './serve-events.ts'
import { operationDoors } from './socket-operation.ts'
import { SOCKET_PROTOCOL, SocketSession } from './socket-session.ts'

export function mountSockets(server: HttpServer, path: string, scope: EventsScope, clock: Pick<Clock, 'now'>): void {
  const session = {
    ...scope,
    authenticate: server.authenticate,
    doors: operationDoors(server.calls, path),
    nowMs: () => clock.now(),
  }
  server.upgrade({
    path,
    operation: 'graphql.socket',
    surface: 'graphql',
    protocols: [SOCKET_PROTOCOL],
    handle: (channel) => void new SocketSession(channel, session),
  })
}
