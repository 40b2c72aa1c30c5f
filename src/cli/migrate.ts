/** `plinth migrate up|down|status|check`: what a person reads of a run of migrations, and the exit code that a script reads. */
import { openDatabase } from '../app/index.ts'
import {
  type CheckFinding,
  checkMigrations,
  type MigrationEvent,
  migrateDown,
  migrateUp,
  migrationStatus,
} from '../migrate/index.ts'
import { type Command, type CommandScope, EXIT_FAILURE, EXIT_FINE, UsageError } from './command.ts'
import { renderTable, type Terminal } from './terminal.ts'

export const migrate: Command = {
  name: 'migrate',
  summary: 'Apply, revert, list or check the migrations',
  usages: ['up [--to NAME]', 'down [--steps N]', 'status', 'check'],
  wordsMax: 1,
  options: { to: { type: 'string' }, steps: { type: 'string' } },
  async run(scope) {
    const [task] = scope.words
    const known = Object.keys(TASKS).join(', ')
    if (task === undefined) throw new UsageError(`Cannot migrate: no task was named, expected one of ${known}`)
    const run = Object.hasOwn(TASKS, task) ? TASKS[task] : undefined
    if (run === undefined) throw new UsageError(`Cannot migrate "${task}": there is no such task, expected one of ${known}`)
    const app = await scope.loadApp()
    const database = await openDatabase(app, { databaseUrl: scope.settings.databaseUrl })
    try {
      return await run(scope, app.migrations, database.connect)
    } finally {
      await database.stop()
    }
  },
}

type Task = (scope: CommandScope, folder: string, connect: Parameters<typeof migrateUp>[0]) => Promise<number>

const TASKS: Readonly<Record<string, Task>> = {
  async up({ terminal, options }, folder, connect) {
    const to = options['to']
    const done = await migrateUp(connect, {
      folder,
      onEvent: (event) => terminal.say(renderMigrationEvent(event, terminal)),
      ...(typeof to === 'string' && { to }),
    })
    terminal.result({ applied: done }, () =>
      done.length === 0 ? 'Nothing to apply: the schema is up to date' : `${done.length} applied`,
    )
    return EXIT_FINE
  },
  async down({ terminal, options }, folder, connect) {
    const steps = Number(options['steps'] ?? 1)
    if (!Number.isInteger(steps) || steps < 1)
      throw new UsageError(`Cannot revert "${options['steps']}" migrations: expected a whole number from 1`)
    const done = await migrateDown(connect, {
      folder,
      steps,
      onEvent: (event) => terminal.say(renderMigrationEvent(event, terminal)),
    })
    terminal.result({ reverted: done }, () => (done.length === 0 ? 'Nothing to revert' : `${done.length} reverted`))
    return EXIT_FINE
  },
  async status({ terminal }, folder, connect) {
    const states = await migrationStatus(connect, { folder })
    terminal.result(states, () =>
      renderTable([['STATE', 'ORIGIN', 'MIGRATION'], ...states.map(({ state, origin, name }) => [state, origin, name])]),
    )
    return states.every(({ state }) => state === 'applied') ? EXIT_FINE : EXIT_FAILURE
  },
  async check({ terminal }, folder, connect) {
    const findings = await checkMigrations(connect, { folder })
    terminal.result(findings, () =>
      findings.length === 0 ? 'Fine: up, down and up again leave the same schema' : findings.map(renderFinding).join('\n'),
    )
    return findings.length === 0 ? EXIT_FINE : EXIT_FAILURE
  },
}

function renderFinding({ message, differences }: CheckFinding): string {
  return [message, ...differences.map((difference) => `  ${difference}`)].join('\n')
}

export function renderMigrationEvent(event: MigrationEvent, { dim, green }: Terminal): string {
  switch (event.kind) {
    case 'waiting':
      return dim(`waiting for another runner${renderHolder(event.holderPid)}, ${event.waitMsMax / 1_000} s at the most …`)
    case 'applying':
    case 'reverting':
      return dim(`${event.kind} ${event.name}${event.again ? ' again: an earlier run was cut off' : ''} …`)
    case 'applied':
    case 'reverted':
      return `${green('✓')} ${event.kind} ${event.name} ${dim(`${event.durationMs} ms`)}`
    case 'retrying':
      return `${event.name}: ${REASONS[event.reason]} in attempt ${event.attempt} of ${event.attemptsMax}, again in ${event.waitMs} ms`
    case 'dropping_invalid_index':
      return `${event.name}: dropping index ${event.index}, which an interrupted build left behind`
  }
}

const REASONS = { lock_timeout: 'a lock was not free', deadlock: 'it met a deadlock' } as const

function renderHolder(pid: number | undefined): string {
  return pid === undefined ? '' : ` (server process ${pid})`
}
