/**
 * Ties a server to the life of this process, however this process ends: return, exit, uncaught error, signal, `kill -9`.
 *
 * A tiny shell waits at the other end of a pipe. The kernel closes the pipe when this process is gone; then the shell asks the
 * server to stop. So no signal handlers are installed here that could fight the application's own graceful stop. The shell is
 * told the exact process, so it cannot hit a server that a successor has started meanwhile.
 */
import { spawn } from 'node:child_process'
import { spawnBase } from './command.ts'

export interface Lifeline {
  /** From now on this process is the one to stop. */
  watch(pid: number): void
  /** Nothing is left to stop. */
  release(): void
}

export interface LifelineOptions {
  /** How the server is asked to stop. */
  readonly signal: 'INT' | 'QUIT' | 'TERM' | 'KILL'
  /** A folder that is removed after the server has gone: for servers of tests. */
  readonly removeFolder?: string
}

// A terminal's Ctrl-C and a service manager's TERM go to the whole group; the shell must outlive them, and this process.
const SCRIPT = `trap '' HUP INT TERM
pid=
while read -r word; do pid=$word; done
[ "$pid" = released ] && exit 0
[ -n "$pid" ] && kill -"$1" "$pid"
[ -n "$2" ] || exit 0
rounds=0
while [ -n "$pid" ] && [ $rounds -lt 100 ] && kill -0 "$pid"; do sleep 0.05; rounds=$((rounds + 1)); done
rm -rf -- "$2" || { sleep 1; rm -rf -- "$2"; }
`

export function lifeline(options: LifelineOptions): Lifeline {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'lifeline', options.signal, options.removeFolder ?? ''], {
    ...spawnBase(undefined),
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // Should there be no shell, or somebody kill it, the next start still finds and ends an orphaned server.
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref()
  return {
    watch: (pid) => void shell.stdin.write(`${pid}\n`),
    release: () => void shell.stdin.end('released\n'),
  }
}
