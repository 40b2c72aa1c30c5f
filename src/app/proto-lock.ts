/** Describes an application in protobuf by the numbers of its lock file, for all who serve it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeGrpc, EMPTY_LOCK, type GrpcDescription, LOCK_FILE, type ProtoLock, readLock } from '../grpc/index.ts'
import type { App } from './declare.ts'
import { SettingsError } from './settings.ts'
import type { Mode } from './tokens.ts'

/**
 * The messages and methods of the domain, made when first asked for, and once.
 *
 * In production a number that no file keeps could be another at the next start, under clients that know it.
 */
export function protoDescriber(app: App, mode: Mode): () => GrpcDescription {
  let made: GrpcDescription | undefined
  return () => {
    made ??= describeLocked(app, mode)
    return made
  }
}

function describeLocked(app: App, mode: Mode): GrpcDescription {
  const description = describeGrpc(app.domain, readLockOf(app))
  if (mode === 'production' && !description.isLocked)
    throw new SettingsError(
      `Cannot start: ${LOCK_FILE} is not what the declaration says, expected the numbers of all its fields. Mend it with: plinth proto. Commit what it writes, or set GRPC_PORT=off, and CONNECT=false`,
    )
  return description
}

function readLockOf({ folder }: App): ProtoLock {
  const path = join(folder, LOCK_FILE)
  return existsSync(path) ? readLock(readFileSync(path, 'utf8')) : EMPTY_LOCK
}
