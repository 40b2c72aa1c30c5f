/** A PostgreSQL server for tests: the embedded one, quick and forgetful. */
import { chmodSync, mkdtempSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../pg/index.ts'

/** Memory that a run of tests may use: the server's own files and some thirty databases at a time. */
const MEMORY_BYTES_MIN = 1024 ** 3

/**
 * Starts a server for one test alone, for tests that kill it. Its files vanish with this process, and nothing waits for a disk.
 * Takes 1.5 s.
 */
export function startPostgres(): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    folder: makeFolder(),
    durability: 'none',
    isEphemeral: true,
  })
}

/** Others may pass through: under root the server's user must reach its files, or they would go to a disk elsewhere. */
function makeFolder(): string {
  const folder = mkdtempSync(join(fastFolder(), 'plinth-test-'))
  chmodSync(folder, 0o711)
  return folder
}

/** Memory where there is enough of it: cloning a database of 10 MB takes 25 ms there, and 70 to 300 ms on a busy disk. */
function fastFolder(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    if (bavail * bsize >= MEMORY_BYTES_MIN) return '/dev/shm'
  } catch {
    // No such folder on this system.
  }
  return tmpdir()
}
