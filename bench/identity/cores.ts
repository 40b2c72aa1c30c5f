/** Puts processes onto cores of their choice, where the system has `taskset`. */
import { execFileSync } from 'node:child_process'

/** The cores that this process may run on. */
export function ownCores(): readonly number[] {
  const text = run(['-c', '-p', String(process.pid)])
  return (text?.split(':').at(-1)?.trim().split(',') ?? []).flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number)
    return Number.isNaN(first) ? [] : Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/**
 * Binds all threads of a process to these cores; what it starts later inherits that.
 * @returns whether it could
 */
export function bind(pid: number, cores: readonly number[]): boolean {
  return run(['-a', '-c', '-p', cores.join(','), String(pid)]) !== undefined
}

function run(parameters: readonly string[]): string | undefined {
  try {
    return execFileSync('taskset', parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return undefined
  }
}
