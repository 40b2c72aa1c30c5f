/** `plinth clients …`: who may ask the authorization server for tokens. A secret is printed once, when it is made. */
import { type ClientOrder, type ClientWithSecret, type OAuthClient, withOAuthClients } from '../app/index.ts'
import { PlinthError } from '../kernel/index.ts'
import { type Command, type CommandScope, EXIT_FAILURE, EXIT_FINE, UsageError } from './command.ts'
import { renderTable } from './terminal.ts'

export const clients: Command = {
  name: 'clients',
  summary: 'Register the programs that may ask for tokens, and manage them',
  usages: [
    'create NAME --kind web|native|service|device [--redirect-uris "URI …"] [--scopes "SCOPE …"]',
    'list',
    'show ID',
    'rotate-secret ID',
    'disable ID',
    'enable ID',
  ],
  wordsMax: 2,
  options: {
    kind: { type: 'string' },
    'redirect-uris': { type: 'string' },
    scopes: { type: 'string' },
  },
  async run(scope) {
    const [task, word] = scope.words
    const known = Object.keys(TASKS).join(', ')
    if (task === undefined) throw new UsageError(`Cannot manage clients: no task was named, expected one of ${known}`)
    const run = Object.hasOwn(TASKS, task) ? TASKS[task] : undefined
    if (run === undefined) throw new UsageError(`Cannot manage clients: there is no task "${task}", expected one of ${known}`)
    if (task !== 'list' && word === undefined)
      throw new UsageError(
        `Cannot ${task} a client: expected ${task === 'create' ? 'its name' : 'its id, as "plinth clients list" shows it'}`,
      )
    try {
      return await run(scope, word ?? '')
    } catch (error) {
      if (!(error instanceof PlinthError)) throw error
      const faults = error.details.length === 0 ? [error.message] : error.details.map(({ message }) => message)
      scope.terminal.result({ error: error.code, details: faults }, () => faults.join('\n'))
      return EXIT_FAILURE
    }
  },
}

type Task = (scope: CommandScope, word: string) => Promise<number>

const BY = { actor: 'plinth clients', requestId: 'cli' }
const HEAD = ['ID', 'NAME', 'KIND', 'STATE', 'SCOPES']

const TASKS: Readonly<Record<string, Task>> = {
  async create(scope, name) {
    const { options } = scope
    if (typeof options['kind'] !== 'string')
      throw new UsageError('Cannot create a client: no kind was named, expected --kind web, native, service or device')
    const order: ClientOrder = {
      name,
      kind: options['kind'] as ClientOrder['kind'],
      redirectUris: readList(options['redirect-uris']),
      scopes: readList(options['scopes']),
    }
    return printWithSecret(scope, await open(scope, (table) => table.create(order, BY)))
  },
  async list(scope) {
    const found = await open(scope, (table) => table.list())
    scope.terminal.result(found, () =>
      found.length === 0 ? 'None yet: plinth clients create NAME --kind web …' : renderTable([HEAD, ...found.map(renderRow)]),
    )
    return EXIT_FINE
  },
  async show(scope, id) {
    return print(scope, await open(scope, (table) => table.show(id)))
  },
  async 'rotate-secret'(scope, id) {
    return printWithSecret(scope, await open(scope, (table) => table.rotateSecret(id, BY)))
  },
  async disable(scope, id) {
    return print(scope, await open(scope, (table) => table.setDisabled(id, true, BY)))
  },
  async enable(scope, id) {
    return print(scope, await open(scope, (table) => table.setDisabled(id, false, BY)))
  },
}

async function open<Result>(
  { settings, loadApp }: CommandScope,
  work: Parameters<typeof withOAuthClients<Result>>[2],
): Promise<Result> {
  return withOAuthClients(await loadApp(), settings, work)
}

function print({ terminal }: CommandScope, client: OAuthClient): number {
  terminal.result(client, () => renderClient(client))
  return EXIT_FINE
}

function printWithSecret({ terminal }: CommandScope, { client, secret }: ClientWithSecret): number {
  terminal.result({ ...client, secret }, () =>
    secret === null
      ? renderClient(client)
      : `${renderClient(client)}\n\n${terminal.bold('Secret')}  ${secret}\nIt is shown this once; keep it where the client finds it.`,
  )
  return EXIT_FINE
}

function renderClient({ id, name, kind, redirectUris, grants, scopes, disabledAt }: OAuthClient): string {
  return renderTable([
    ['Id', id],
    ['Name', name],
    ['Kind', kind],
    ['State', disabledAt === null ? 'enabled' : `disabled since ${disabledAt.toISOString()}`],
    ['Grants', grants.join(' ')],
    ['Scopes', scopes.length === 0 ? '-' : scopes.join(' ')],
    ['Redirect URIs', redirectUris.length === 0 ? '-' : redirectUris.join(' ')],
  ])
}

function renderRow({ id, name, kind, scopes, disabledAt }: OAuthClient): readonly string[] {
  return [id, name, kind, disabledAt === null ? 'enabled' : 'disabled', scopes.join(' ')]
}

/** Neither scopes nor URIs have blanks in them. */
function readList(value: string | boolean | undefined): readonly string[] {
  return typeof value === 'string' ? value.split(' ').filter((one) => one !== '') : []
}
