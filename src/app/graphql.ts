/** What an application and its settings say of the GraphQL surface. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { GraphqlOptions } from '../graphql/index.ts'
import type { App } from './declare.ts'
import { type Settings, SettingsError } from './settings.ts'
import type { Mode } from './tokens.ts'

/** The schema is told in development only: in production it is a file, and what it could do is nobody's business. */
export function graphqlOptions(
  { graphql = {}, folder, deprecations }: App,
  { publicOrigin }: Settings,
  mode: Mode,
): Omit<GraphqlOptions, 'domain' | 'engine' | 'server' | 'clock'> {
  const { documents, only, limits, weights } = graphql
  return {
    isOpen: mode === 'development',
    origin: publicOrigin,
    deprecations,
    limits,
    weights,
    documents: typeof documents === 'string' ? readDocuments(resolve(folder, documents)) : documents,
    isTrustedOnly: only,
  }
}

function readDocuments(path: string): Readonly<Record<string, string>> {
  let read: unknown
  try {
    read = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new SettingsError(`Cannot read the GraphQL documents in ${path}: ${(cause as Error).message}`, { cause })
  }
  const isTexts =
    typeof read === 'object' &&
    read !== null &&
    !Array.isArray(read) &&
    Object.values(read).every((text) => typeof text === 'string')
  if (!isTexts) throw new SettingsError(`Cannot read the GraphQL documents in ${path}: expected one JSON object, texts by id`)
  return read as Readonly<Record<string, string>>
}
