/** Decides which user runs the server. PostgreSQL refuses to run as root, so under root another user must. */
import { readFileSync, statSync } from 'node:fs'
import type { Identity } from './command.ts'

/** The user without rights that every Unix has. */
const NOBODY: Identity = { uid: 65534, gid: 65534, name: 'nobody' }

/**
 * The user who runs the server, or undefined for the user of this process.
 *
 * Under root: the owner of the data that exists already; else the user `postgres` if the system has one; else `nobody`.
 */
export function readIdentity(dataFolder: string, passwdFile = '/etc/passwd'): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined
  const owner = statSync(dataFolder, { throwIfNoEntry: false })
  const users = readUsers(passwdFile)
  if (owner !== undefined && owner.uid !== 0) {
    const known = users.find((user) => user.uid === owner.uid)
    return { uid: owner.uid, gid: owner.gid, name: known?.name ?? String(owner.uid) }
  }
  return users.find((user) => user.name === 'postgres' && user.uid !== 0) ?? NOBODY
}

function readUsers(passwdFile: string): Identity[] {
  let text: string
  try {
    text = readFileSync(passwdFile, 'utf8')
  } catch {
    // Some minimal containers have no user list at all; numbers work without one.
    return []
  }
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':')
    if (name === undefined || uid === undefined || gid === undefined) return []
    return [{ name, uid: Number(uid), gid: Number(gid) }]
  })
}
