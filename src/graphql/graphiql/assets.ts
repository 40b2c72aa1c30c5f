/** The files behind the editor: a fixed list, from packages that a service needs in development only. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Asset, createAsset } from '../../http/index.ts'

/** What stands in the editor of somebody who is new. */
const FIRST_DOCUMENT = `# The book on the left is the schema,
# Ctrl-Space completes what you type.
# Sign in by a header, below:
# { "Authorization": "Bearer …" }

{
  __typename
}
`

/** Runs when the others are there. Nothing of it is inline, which the content security policy forbids. */
const START = `ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: '/graphql' }),
    defaultQuery: ${JSON.stringify(FIRST_DOCUMENT)},
    shouldPersistHeaders: false,
  }),
)
`

/** The editor is as high as what it is put into. */
const FRAME = 'html, body, #graphiql { height: 100%; margin: 0; }\n'

const FOLDER = '/graphql/assets'

export interface EditorFiles {
  readonly styles: readonly Asset[]
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
    styles: [await read('graphiql', 'graphiql.min.css'), createAsset(FOLDER, 'frame.css', FRAME)],
    scripts: [
      await read('react', 'umd/react.production.min.js'),
      await read('react-dom', 'umd/react-dom.production.min.js'),
      await read('graphiql', 'graphiql.min.js'),
      createAsset(FOLDER, 'start.js', START),
    ],
  }
}
