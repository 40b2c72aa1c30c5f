/**
 * The load of gRPC, as a process of its own: unary calls for users picked at random, as many at once as wrk has connections, over a few connections,
 * since that is how clients of gRPC do. Prints what wrk's scripts print. An answer counts when the id that was asked for stands in it.
 */
import { readFileSync } from 'node:fs'
import { Http2Connection } from './http2-client.ts'

interface Call {
  readonly startedAt: number
  readonly id: string
  isAnswered: boolean
}

const CONNECTIONS = 4
/** Calls at once on each. */
const STREAMS = Number(process.env['BENCH_CALLS']) / CONNECTIONS
/** A server that does not answer for so long has failed. */
const PATIENCE_MS = 5_000
/** `id = 1`, as bytes. */
const ID_TAG = 0x0a

const [port = '', path = '', seconds = ''] = process.argv.slice(2)
const authorization = `Bearer ${process.env['BENCH_TOKEN'] ?? ''}`
const ids = readFileSync(process.env['BENCH_LINES'] ?? '', 'utf8').split('\n')
const headers = { te: 'trailers', 'content-type': 'application/grpc', authorization }
const latenciesUs: number[] = []
let badStatuses = 0
let open = 0

const startedAt = performance.now()
const endsAt = startedAt + Number(seconds) * 1_000
const connections = Array.from({ length: CONNECTIONS }, openConnection)
const watchdog = setTimeout(() => fail(new Error('Answers are missing')), Number(seconds) * 1_000 + PATIENCE_MS)

function openConnection(): Http2Connection {
  const calls = new Map<number, Call>()
  const call = (): void => {
    const id = ids[Math.floor(Math.random() * ids.length)] ?? ''
    const stream = connection.send(Buffer.concat([Buffer.from([ID_TAG, id.length]), Buffer.from(id)]))
    calls.set(stream, { startedAt: performance.now(), id, isAnswered: false })
    open += 1
  }
  const connection = new Http2Connection(Number(port), path, headers, {
    data(stream, payload) {
      const asked = calls.get(stream)
      if (asked !== undefined) asked.isAnswered ||= payload.includes(asked.id)
    },
    end(stream) {
      const asked = calls.get(stream)
      if (asked === undefined) return
      calls.delete(stream)
      open -= 1
      const now = performance.now()
      latenciesUs.push((now - asked.startedAt) * 1_000)
      if (!asked.isAnswered) badStatuses += 1
      if (now < endsAt) call()
      else if (open === 0) finish()
    },
    fail,
  })
  for (let count = 0; count < STREAMS; count++) call()
  return connection
}

function finish(): void {
  clearTimeout(watchdog)
  for (const connection of connections) connection.close()
  latenciesUs.sort((left, right) => left - right)
  const percentile = (share: number): number => Math.round(latenciesUs[Math.floor(latenciesUs.length * share)] ?? 0)
  const summary = {
    requests: latenciesUs.length,
    seconds: (performance.now() - startedAt) / 1_000,
    p50Us: percentile(0.5),
    p99Us: percentile(0.99),
    badStatuses,
    broken: 0,
  }
  process.stdout.write(`${JSON.stringify(summary)}\n`)
}

function fail(error: Error): void {
  process.stderr.write(`Cannot load port ${port}: ${error.message}\n`)
  process.exit(1)
}
