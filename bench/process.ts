/** What the kernel knows of a process and of all that it has started: CPU time and memory. Linux only, from `/proc`. */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** `USER_HZ`, in which the kernel counts the time of children that have ended: 100 on every Linux that Node runs on. */
const TICK_US = 10_000

/** A step that undoes something at the end, however the end comes: it is handed over as soon as there is something to undo. */
export type Undo = () => unknown

/** Microseconds of CPU that a process and its descendants have used until now, those that have ended included. */
export function cpuUs(pid: number): number {
  let total = 0
  for (const member of tree(pid)) total += threadsUs(member) + endedChildrenUs(member)
  return total
}

/** Bytes that a process and its descendants hold in memory; pages that they share count once for each. */
export function residentBytes(pid: number): number {
  let total = 0
  for (const member of tree(pid)) {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${member}/status`))
    total += Number(match?.[1] ?? 0) * 1024
  }
  return total
}

function tree(pid: number): number[] {
  const members = [pid]
  for (const member of members) {
    for (const thread of list(`/proc/${member}/task`)) {
      members.push(...read(`/proc/${member}/task/${thread}/children`).split(' ').filter(Boolean).map(Number))
    }
  }
  return members
}

/** The scheduler's count of nanoseconds is finer than the ticks of `stat`, which lose up to 10 ms a process. */
function threadsUs(pid: number): number {
  let total = 0
  for (const thread of list(`/proc/${pid}/task`)) {
    total += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] || 0) / 1000
  }
  return total
}

function endedChildrenUs(pid: number): number {
  // The name in brackets may hold spaces; cutime and cstime are the 14th and 15th words after it.
  const words = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(words[13] ?? 0) + Number(words[14] ?? 0)) * TICK_US
}

/** A process may end between the listing and the reading; then it has nothing to say. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** A port on the loopback address that nobody listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
