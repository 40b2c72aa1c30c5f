/** Finds and loads the application that a command is about. */
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { App } from '../app/index.ts'
import { UsageError } from './command.ts'

const DEFAULT_FILES = ['app.ts', 'app.js', 'app.mjs']

export async function loadApp(named: string | undefined): Promise<App> {
  const file = named ?? DEFAULT_FILES.find((name) => existsSync(name))
  if (file === undefined || !existsSync(file)) {
    throw new UsageError(
      `Cannot find the application: there is no "${named ?? DEFAULT_FILES[0]}" in ${process.cwd()}, ` +
        'expected a file whose default export is app({ … }). Name it with --app',
    )
  }
  const path = resolve(file)
  const loaded = (await import(pathToFileURL(path).href)) as { readonly default?: App }
  if (loaded.default?.domain === undefined)
    throw new UsageError(`Cannot use "${file}": it has no default export made by app({ … }), expected one`)
  return { ...loaded.default, folder: loaded.default.folder ?? dirname(path) }
}
