/**
 * The exclusive lock of a folder: at most one live process holds it.
 *
 * Invariant: whoever holds the lock is alive. The lock is a record lock of the kernel, taken through an empty SQLite file, so the
 * kernel itself frees it when its holder ends, `kill -9` included. The failure it prevents: with a file that holds a process id,
 * somebody must decide that a lock is stale, and between that decision and the takeover another process may have taken it; and a
 * process id may belong to a stranger by then. Here nothing can be stale. `owner.json` only feeds the sentence; no decision rests
 * on it.
 *
 * @see https://www.sqlite.org/lockingv3.html
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

export interface FolderLock {
  release(): void
}

/** A second process may look between the moment the lock is taken and the moment its owner is written. */
const OWNER_WAIT_MS = 500
const OWNER_POLL_MS = 10
const SQLITE_BUSY = 5
/** Together some 150 ms; an attempt takes well under one. */
const ATTEMPTS_MAX = 15
const ATTEMPT_WAIT_MS_MAX = 20

/** Takes the lock, or returns the id of the process that holds it (undefined when that cannot be told). */
export async function lockFolder(folder: string): Promise<FolderLock | { readonly heldBy: number | undefined }> {
  const database = await openPatiently(join(folder, 'lock'))
  const ownerFile = join(folder, 'owner.json')
  if (database === undefined) return { heldBy: await readLiveOwner(ownerFile) }
  const draft = `${ownerFile}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`)
  renameSync(draft, ownerFile)
  return {
    release() {
      rmSync(ownerFile, { force: true })
      database.close()
    },
  }
}

/**
 * SQLite takes its lock in steps, so of two that try at the same instant each may meet the other half-way and both give up.
 * Trying again after unequal waits lets one through; against a real holder it fails every time.
 */
async function openPatiently(file: string): Promise<DatabaseSync | undefined> {
  for (let attempt = 1; ; attempt++) {
    const database = openExclusively(file)
    if (database !== undefined || attempt === ATTEMPTS_MAX) return database
    await delay(Math.random() * ATTEMPT_WAIT_MS_MAX)
  }
}

function openExclusively(file: string): DatabaseSync | undefined {
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined
    throw error
  }
}

async function readLiveOwner(ownerFile: string): Promise<number | undefined> {
  for (let waitedMs = 0; waitedMs < OWNER_WAIT_MS; waitedMs += OWNER_POLL_MS) {
    const pid = readOwner(ownerFile)
    if (pid !== undefined && isAlive(pid)) return pid
    await delay(OWNER_POLL_MS)
  }
  return undefined
}

function readOwner(ownerFile: string): number | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(ownerFile, 'utf8'))
    if (typeof owner === 'object' && owner !== null && 'pid' in owner && typeof owner.pid === 'number') return owner.pid
  } catch {
    // Absent, or left half-written by a full disk: the owner cannot be told.
  }
  return undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
