/** The figures by which an operator sees saturation (OBS-03): what the database's connections and the server are busy with. */
import type { Engine } from '../engine/index.ts'
import type { HttpServer } from '../http/index.ts'
import type { OperationMetrics } from '../observe/index.ts'
import type { PgStore } from '../pg/index.ts'

export function addGauges(metrics: OperationMetrics, store: PgStore, server: HttpServer, engine: Engine): void {
  metrics.gauge('plinth_requests_in_flight', 'Requests that have no answer yet.', () => server.inFlight)
  metrics.gauge(
    'plinth_event_loop_delay_seconds',
    'How late the event loop was when it was last looked at.',
    () => server.loopDelayMs / 1_000,
  )
  metrics.gauge('plinth_connections', 'Open connections of clients.', () => server.connections)
  metrics.gauge('plinth_web_sockets', 'Open web sockets, which are connections too.', () => server.webSockets)
  metrics.gauge('plinth_watches', 'Callers that follow the changes of a resource.', () => engine.watches)
  metrics.gauge(
    'plinth_watches_starting',
    'Those of them that wait for the first look at the journal, and hear what commits from then on.',
    () => engine.watchesStarting,
  )
  metrics.gauge(
    'plinth_database_statements_in_flight',
    'Statements that the database has not answered yet.',
    () => store.load.statementsInFlight,
  )
  metrics.gauge('plinth_database_transactions_open', 'Connections that are in a transaction.', () => store.load.transactionsOpen)
  metrics.gauge(
    'plinth_database_transactions_waiting',
    'Requests that wait for a connection of their own.',
    () => store.load.transactionsWaiting,
  )
}
