/** Finds the embedded server that another process of this user runs. Takes no lock and starts nothing: a guest, not an owner. */
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { DATABASE, ROLE } from './cluster.ts'
import { renderUrl } from './embedded.ts'
import { readPostmasterFile } from './leftovers.ts'

/**
 * How to connect to the embedded server of this folder; undefined where none is ready, or where its files are closed to this user.
 * @param folder as for `startEmbeddedPostgres`
 */
export function findRunningPostgres(folder: string): string | undefined {
  try {
    const home = realpathSync(join(folder, 'postgres'))
    // Written by the server: process, data, start, port, socket folder, address, memory, status.
    const [, , , port, socketFolder, address, , status] = readPostmasterFile(join(home, 'data')).map((line) => line.trim())
    const host = socketFolder === '' ? address : socketFolder
    if (host === undefined || host === '' || status !== 'ready') return undefined
    const password = readFileSync(join(home, 'password'), 'utf8').trim()
    return renderUrl({ host, port: Number(port), user: ROLE, password, database: DATABASE })
  } catch {
    // Whatever is missing or closed: this user has no running server here.
    return undefined
  }
}
