/**
 * How many can listen: 5,000 open web sockets in one process of the reference service, one change told to all of them, again and again.
 * The clients are another process, as they are in life. Prints the figures as JSON.
 *
 * `node --conditions=source bench/subscriptions/run.ts [sockets] [changes]`
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import blog from '../../examples/blog/app.ts'
import { testService } from '../../src/testing/index.ts'

const SOCKETS = Number(process.argv[2] ?? 5_000)
const CHANGES = Number(process.argv[3] ?? 20)

export interface ClientReport {
  /** Wall clock, milliseconds since 1970, when the first and the last socket had heard it. */
  readonly firstAtMs: number
  readonly lastAtMs: number
  readonly heard: number
}

/** The next message of the clients. */
async function hear<Message>(clients: ChildProcess): Promise<Message> {
  const [message] = (await once(clients, 'message')) as [Message]
  return message
}

const service = await testService({
  app: blog,
  environment: { TRUSTED_PROXIES: '127.0.0.1/32', LOG_LEVEL: 'warn' },
})
const clients = fork(new URL('clients.ts', import.meta.url), [service.origin, String(SOCKETS)], {
  execArgv: ['--conditions=source'],
})
try {
  const sql = await service.sql()
  const author = 'usr_01h455vb4pex5vsknk084sn02r'
  await sql.query(
    "INSERT INTO users (id, email, display_name, role, created_at, updated_at, version) VALUES ('01890a5d-ac96-774b-bcce-b302099a8058', 'e@example.com', 'E', 'editor', now(), now(), 1)",
  )
  const token = service.token('editor', author)
  const idleMib = process.memoryUsage().rss / 1_048_576
  const { openedMs } = await hear<{ readonly openedMs: number }>(clients)
  await sleep(1_000)
  const rssMib: number[] = []
  const rounds: { readonly firstMs: number; readonly lastMs: number; readonly cpuMs: number }[] = []
  for (let at = 0; at < CHANGES; at++) {
    const report = hear<ClientReport>(clients)
    const cpu = process.cpuUsage()
    const startedAtMs = Date.now()
    const answer = await service.request('/api/v1/posts', {
      method: 'POST',
      token,
      body: { author_id: author, title: `Change ${at}`, body: 'x'.repeat(1_000), status: 'published' },
    })
    if (answer.status !== 201) throw new Error(`Cannot make a change: ${answer.text}`)
    const { firstAtMs, lastAtMs, heard } = await report
    if (heard !== SOCKETS) throw new Error(`Only ${heard} of ${SOCKETS} heard of change ${at}`)
    const { user, system } = process.cpuUsage(cpu)
    rounds.push({ firstMs: firstAtMs - startedAtMs, lastMs: lastAtMs - startedAtMs, cpuMs: (user + system) / 1_000 })
    rssMib.push(process.memoryUsage().rss / 1_048_576)
  }
  const sorted = (pick: (round: (typeof rounds)[number]) => number) => rounds.map(pick).sort((left, right) => left - right)
  const median = (numbers: readonly number[]): number => Math.round(numbers[Math.floor(numbers.length / 2)] ?? 0)
  const lastMs = sorted((round) => round.lastMs)
  const report = {
    sockets: SOCKETS,
    changes: CHANGES,
    openedMs: Math.round(openedMs),
    firstHeardMs: median(sorted((round) => round.firstMs)),
    lastHeardMs: { median: median(lastMs), worst: Math.round(lastMs.at(-1) ?? 0) },
    serverCpuMsPerChange: median(sorted((round) => round.cpuMs)),
    rssMib: { idle: Math.round(idleMib), first: Math.round(rssMib[0] ?? 0), last: Math.round(rssMib.at(-1) ?? 0) },
    kibPerSocket: Math.round((((rssMib[0] ?? 0) - idleMib) * 1_024) / SOCKETS),
  }
  process.stdout.write(`${JSON.stringify(report)}\n`)
} finally {
  clients.kill()
  await service.stop()
}
