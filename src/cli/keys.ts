/** `plinth keys list|rotate`: the keys that sign access tokens, and the change from one to the next. */
import { type KeyView, withSigningKeys } from '../app/index.ts'
import { type Command, type CommandScope, EXIT_FINE, UsageError } from './command.ts'
import { readDurationS } from './duration.ts'
import { renderTable } from './terminal.ts'

export const keys: Command = {
  name: 'keys',
  summary: 'List the keys that sign tokens, or let a new one take over',
  usages: ['list', 'rotate [--overlap 10m]', 'rotate --now [--withdraw]'],
  wordsMax: 1,
  options: { overlap: { type: 'string' }, now: { type: 'boolean' }, withdraw: { type: 'boolean' } },
  async run(scope) {
    switch (scope.words[0]) {
      case 'list':
        return list(scope)
      case 'rotate':
        return rotate(scope)
      case undefined:
        throw new UsageError('Cannot manage keys: no task was named, expected one of list, rotate')
      default:
        throw new UsageError(`Cannot manage keys: there is no task "${scope.words[0]}", expected one of list, rotate`)
    }
  },
}

/** As the key set says of itself (`cache-control`). */
const CACHED_S = 300
const HEAD = ['STATE', 'KEY', 'SIGNS FROM', 'SIGNS UNTIL', 'PUBLISHED UNTIL']

async function list({ terminal, settings, loadApp }: CommandScope): Promise<number> {
  const found = await withSigningKeys(await loadApp(), settings, (table) => table.list())
  terminal.result(found, () =>
    found.length === 0 ? 'None yet: the service makes the first when it starts' : renderTable([HEAD, ...found.map(renderKey)]),
  )
  return EXIT_FINE
}

async function rotate({ terminal, settings, options, loadApp }: CommandScope): Promise<number> {
  const { overlap, now, withdraw } = options
  if (now === true && overlap !== undefined)
    throw new UsageError('Cannot rotate at once and with an overlap: expected --now or --overlap')
  if (withdraw === true && now !== true)
    throw new UsageError('Cannot withdraw keys that still sign: expected --now beside --withdraw')
  const rotation = {
    actor: 'plinth keys rotate',
    withdraw: withdraw === true,
    ...(now === true && { overlapS: 0 }),
    ...(overlap !== undefined && { overlapS: readDurationS('--overlap', overlap) }),
  }
  const { overlapS } = rotation
  if (overlapS !== undefined && overlapS > 0 && overlapS < CACHED_S)
    terminal.say(`Programs keep the published keys for ${CACHED_S / 60} minutes: those may refuse the new one until then`)
  const next = await withSigningKeys(await loadApp(), settings, (table) => table.rotate(rotation))
  terminal.result(next, () => `${next.kid} signs from ${next.signsFrom.toISOString()}${renderFormer(withdraw === true)}`)
  return EXIT_FINE
}

function renderFormer(isWithdrawn: boolean): string {
  return isWithdrawn
    ? '; the former keys are withdrawn, and everybody gets a new token by refreshing'
    : '; what the former keys signed stays good until it ends'
}

function renderKey({ state, kid, signsFrom, signsUntil, publishedUntil }: KeyView): readonly string[] {
  return [state, kid, renderTime(signsFrom), renderTime(signsUntil), renderTime(publishedUntil)]
}

function renderTime(time: Date | null): string {
  return time === null ? '-' : time.toISOString()
}
