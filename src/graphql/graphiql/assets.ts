/** The files behind the editor: a fixed list, from packages that a service needs in development only. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Asset, createAsset } from '../../http/index.ts'

/** Runs when the others are there. Nothing of it is inline, which the content security policy forbids. */
const START = `ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: '/graphql' }),
    defaultQuery: '{\\n  __typename\\n}\\n',
    shouldPersistHeaders: false,
  }),
)
`

const FOLDER = '/graphql/assets'

export interface EditorFiles {
  readonly style: Asset
  /** In the order in which they run. */
  readonly scripts: readonly Asset[]
}

let editorFiles: Promise<EditorFiles | undefined> | undefined

/** 1.5 MB: read when the first person looks. Undefined where the packages are not installed, as in production. */
export function readEditorFiles(): Promise<EditorFiles | undefined> {
  editorFiles ??= readAll().catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'MODULE_NOT_FOUND') return undefined
    throw error
  })
  return editorFiles
}

async function readAll(): Promise<EditorFiles> {
  const resolver = createRequire(import.meta.url)
  const read = async (library: string, file: string): Promise<Asset> => {
    const folder = dirname(resolver.resolve(`${library}/package.json`))
    return createAsset(FOLDER, file.slice(file.lastIndexOf('/') + 1), await readFile(join(folder, file)))
  }
  return {
    style: await read('graphiql', 'graphiql.min.css'),
    scripts: [
      await read('react', 'umd/react.production.min.js'),
      await read('react-dom', 'umd/react-dom.production.min.js'),
      await read('graphiql', 'graphiql.min.js'),
      createAsset(FOLDER, 'start.js', START),
    ],
  }
}
