/** Runs one program to its end, as another user if told so. Knows processes, not PostgreSQL. */
import { spawn } from 'node:child_process'

/** Who a program runs as; undefined means as the user of this process. */
export interface Identity {
  readonly uid: number
  readonly gid: number
  /** For sentences: `postgres` or `65534`. */
  readonly name: string
}

export interface CommandResult {
  /** The exit code; -1 when the program could not be started or was ended by a signal. */
  readonly code: number
  /** What it printed, both streams in the order of arrival. */
  readonly output: string
}

export interface CommandOptions {
  readonly identity?: Identity | undefined
  readonly input?: string
  /** After this the program is killed. Default one minute. */
  readonly timeoutMs?: number
}

const OUTPUT_CHARACTERS_MAX = 20_000
const TIMEOUT_MS = 60_000

/** What `spawn` needs so that a program starts the same way whoever and wherever the caller is. */
export function spawnBase(identity: Identity | undefined) {
  return {
    // The folder of the caller may be closed to the other user; a relative path must never matter.
    cwd: '/',
    // PGDATA, PGOPTIONS, LANG and the like of the caller must not leak into a private server.
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(identity === undefined ? {} : { uid: identity.uid, gid: identity.gid }),
  }
}

/** Runs a program and waits for its end. It never throws: a program that cannot be started has the code -1. */
export function runCommand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    let output = ''
    const keep = (chunk: Buffer): void => {
      if (output.length < OUTPUT_CHARACTERS_MAX) output += chunk.toString('utf8')
    }
    const child = spawn(program, args, {
      ...spawnBase(options.identity),
      stdio: 'pipe',
      timeout: options.timeoutMs ?? TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    // A program that ends before it has read its input closes the pipe; its exit code tells the story.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
    child.on('error', (error) => resolve({ code: -1, output: `${output}${error.message}` }))
    child.on('close', (code) => resolve({ code: code ?? -1, output }))
  })
}

/** Whether the user may enter the folder. Asked of the system itself, so that access lists and mounts count too. */
export async function canEnter(folder: string, identity: Identity | undefined): Promise<boolean> {
  const { code } = await runCommand('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { identity })
  return code === 0
}
