/**
 * Ends what an earlier life left behind on a data folder: a postmaster whose application was killed, or sessions whose postmaster
 * was.
 *
 * Only for the holder of the folder's lock: nobody who lives can have started those processes. A postmaster that is alive is
 * asked to stop and so writes everything out; sessions without a postmaster can only be killed, and block the next start while
 * they live.
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runCommand } from './command.ts'
import { SOCKET_FILE } from './settings.ts'

/** A fast shutdown writes out at most `max_wal_size`; this is ample. */
const FAST_SHUTDOWN_MS = 15_000
const POLL_MS = 10

export interface Leftovers {
  /** The orphaned postmaster that was stopped, if there was one. */
  readonly postmaster: number | undefined
  /** Sessions without a postmaster that were killed. */
  readonly sessions: number
}

/** Returns when no server process is left on the folder and no stale lock file of PostgreSQL stands in the way. */
export async function endLeftovers(dataFolder: string, socketFolder?: string): Promise<Leftovers> {
  const recorded = readPostmasterPid(dataFolder)
  const found = await serverProcesses(dataFolder, recorded)
  const postmaster = found.find((pid) => pid === recorded)
  if (postmaster !== undefined) {
    signal(postmaster, 'SIGINT')
    await waitUntilGone(dataFolder, recorded, FAST_SHUTDOWN_MS)
  }
  const stuck = await serverProcesses(dataFolder, recorded)
  for (const pid of stuck) signal(pid, 'SIGKILL')
  await waitUntilGone(dataFolder, recorded, FAST_SHUTDOWN_MS)
  // PostgreSQL takes these for live ones if the process id they name has been given to anything else of the same user.
  rmSync(join(dataFolder, 'postmaster.pid'), { force: true })
  if (socketFolder !== undefined) {
    rmSync(join(socketFolder, SOCKET_FILE), { force: true })
    rmSync(join(socketFolder, `${SOCKET_FILE}.lock`), { force: true })
  }
  return { postmaster, sessions: postmaster === undefined ? stuck.length : 0 }
}

/** The process that PostgreSQL recorded in `postmaster.pid`; undefined when there is none. */
function readPostmasterPid(dataFolder: string): number | undefined {
  const pid = Number(readPostmasterFile(dataFolder)[0])
  return Number.isInteger(pid) && pid > 1 ? pid : undefined
}

/** The lines of `postmaster.pid`: the first is the process, the eighth its status. */
export function readPostmasterFile(dataFolder: string): string[] {
  try {
    return readFileSync(join(dataFolder, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    // Absent: no server was started, or it stopped cleanly.
    return []
  }
}

async function waitUntilGone(dataFolder: string, recorded: number | undefined, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while ((await serverProcesses(dataFolder, recorded)).length > 0 && performance.now() < deadline) await delay(POLL_MS)
}

/** Every process of a PostgreSQL server works in its data folder, so that is what they are known by. */
async function serverProcesses(dataFolder: string, recorded: number | undefined): Promise<number[]> {
  const folder = realpathSync(dataFolder)
  if (process.platform !== 'linux') return recorded !== undefined && (await isPostgres(recorded)) ? [recorded] : []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && worksIn(name, folder))
    .map(Number)
}

function worksIn(pid: string, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === folder && basename(readlinkSync(`/proc/${pid}/exe`)).startsWith('postgres')
  } catch {
    // Gone meanwhile, or somebody else's.
    return false
  }
}

async function isPostgres(pid: number): Promise<boolean> {
  const { code, output } = await runCommand('/bin/ps', ['-o', 'command=', '-p', String(pid)])
  return code === 0 && output.includes('postgres')
}

function signal(pid: number, name: 'SIGINT' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone meanwhile, which is what was wanted.
  }
}
