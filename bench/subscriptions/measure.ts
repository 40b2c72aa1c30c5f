/**
 * How many can listen: thousands of open web sockets in one process of the reference service, one change told to all of them, again and again.
 * The clients are another process, as they are in life.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import blog from '../../examples/blog/app.ts'
import { testService } from '../../src/testing/index.ts'
import type { Undo } from '../process.ts'

const SOCKETS = 5_000
/** The collector lets garbage wait for some 250 of them: in so many it shows whether memory comes back. */
const CHANGES = 600
/** Behind as many changes it is looked what is alive: what all sockets need is made by then. */
export const SETTLED_AFTER = 20
const AUTHOR = 'usr_01h455vb4pex5vsknk084sn02r'
const INSERT_AUTHOR =
  "INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ('01890a5d-ac96-774b-bcce-b302099a8058', 'e@example.com', 'E', 'editor', now(), now(), 1)"

/** Of the clients, when all have heard of a change. */
export interface ClientReport {
  /** Wall clock, milliseconds since 1970, when the first and the last socket had heard it. */
  readonly firstAtMs: number
  readonly lastAtMs: number
  readonly heard: number
}

/** One change, from its request. */
export interface ToldChange {
  readonly firstHeardMs: number
  readonly lastHeardMs: number
  readonly serverCpuMs: number
  /** Behind it. */
  readonly residentMib: number
  /** What is left of objects and buffers when all garbage is collected; looked at twice, for it takes long. */
  readonly liveMib?: number
}

export interface SubscriptionsMeasured {
  readonly sockets: number
  /** Until all sockets are open and have subscribed. */
  readonly openedMs: number
  /** Before the first socket. */
  readonly idleMib: number
  readonly changes: readonly ToldChange[]
}

export async function measureSubscriptions(
  say: (text: string) => void,
  atEnd: (step: Undo) => void,
): Promise<SubscriptionsMeasured> {
  const service = await testService({ app: blog, environment: { TRUSTED_PROXIES: '127.0.0.1/32', LOG_LEVEL: 'warn' } })
  atEnd(() => service.stop())
  await (await service.sql()).query(INSERT_AUTHOR)
  const token = service.token('editor', AUTHOR)
  const idleMib = residentMib()
  say(`opening ${SOCKETS} sockets`)
  const clients = fork(new URL('clients.ts', import.meta.url), [service.origin, String(SOCKETS)], {
    execArgv: ['--conditions=source'],
  })
  atEnd(() => void clients.kill())
  const { openedMs } = await hear<{ readonly openedMs: number }>(clients)
  // They begin at the next look at the journal.
  await sleep(1_000)
  const changes: ToldChange[] = []
  for (let at = 1; at <= CHANGES; at++) {
    say(`change ${at} of ${CHANGES}`)
    const report = hear<ClientReport>(clients)
    const cpu = process.cpuUsage()
    const startedAtMs = Date.now()
    const body = { author_id: AUTHOR, title: `Change ${at}`, body: 'x'.repeat(1_000), status: 'published' }
    const answer = await service.request('/api/v1/posts', { method: 'POST', token, body })
    if (answer.status !== 201) throw new Error(`Cannot make a change: ${answer.text}`)
    const { firstAtMs, lastAtMs, heard } = await report
    if (heard !== SOCKETS) throw new Error(`Only ${heard} of ${SOCKETS} heard of change ${at}`)
    const { user, system } = process.cpuUsage(cpu)
    changes.push({
      firstHeardMs: firstAtMs - startedAtMs,
      lastHeardMs: lastAtMs - startedAtMs,
      serverCpuMs: (user + system) / 1_000,
      residentMib: residentMib(),
      ...((at === SETTLED_AFTER || at === CHANGES) && { liveMib: liveMib() }),
    })
  }
  return { sockets: SOCKETS, openedMs, idleMib, changes }
}

/** The next message of the clients. */
async function hear<Message>(clients: ChildProcess): Promise<Message> {
  const [message] = (await once(clients, 'message')) as [Message]
  return message
}

/** What is alive in this process. Collecting gives memory back to the system, so what is resident is read before. */
function liveMib(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // Twice: what the first round finalises is garbage for the second.
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1_048_576
}

/** Of this process: the service, and the one who measures it. */
function residentMib(): number {
  return process.memoryUsage().rss / 1_048_576
}
