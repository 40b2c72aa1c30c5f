/**
 * What an application is: its domain, where its migrations are, and how to fill it for a try. Declared in `app.ts`, run by the
 * command line.
 */
import { resolve } from 'node:path'
import type { DocumentLimits, FieldWeights } from '../graphql/index.ts'
import type { Domain } from '../model/index.ts'
import type { PlainConnection } from '../pg/index.ts'
import type { RestDeprecations } from '../rest/index.ts'

export interface AppDeclaration {
  readonly domain: Domain
  /** The folder of the application: `import.meta.dirname`. Data of the embedded database goes into its `.plinth/`. */
  readonly folder: string
  /** Default `migrations`, in the folder. */
  readonly migrations?: string
  /** Fills an empty database with about this many records, deterministically. */
  readonly seed?: (connection: PlainConnection, count: number) => Promise<SeedReport>
  /** For development: the account that acts for each role (`usr_…`), made by `seed`. */
  readonly actors?: Readonly<Record<string, string>>
  /** Operations, or the whole version, that should no longer be used: told in headers and in the OpenAPI document. */
  readonly deprecations?: RestDeprecations
  readonly graphql?: GraphqlDeclaration
  /** Paths that `plinth dev` shows as first things to try, as `GET /api/v1/posts`. */
  readonly tryFirst?: readonly string[]
}

export interface GraphqlDeclaration {
  /** Documents by id, or a JSON file of such, in the folder: clients may send the id instead of the text. */
  readonly documents?: Readonly<Record<string, string>> | string
  /** Whether no other documents are answered. Default false. */
  readonly only?: boolean
  /** Where the bounds on documents differ from the defaults. */
  readonly limits?: Partial<DocumentLimits>
  /** What fields weigh that cost more, or less, than they seem: `{ 'User.posts': 5 }`. */
  readonly weights?: FieldWeights
}

/** How many records a seed wrote, by resource. */
export type SeedReport = Readonly<Record<string, number>>

export interface App extends AppDeclaration {
  readonly migrations: string
}

/** @example export default app({ domain: blog, folder: import.meta.dirname }) */
export function app(declaration: AppDeclaration): App {
  return Object.freeze({ ...declaration, migrations: resolve(declaration.folder, declaration.migrations ?? 'migrations') })
}
