/** The files behind the pages: a fixed list, each under the digest of its content, so that a browser may keep it for ever. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { type HeaderBlock, headerBlock } from '../../http/index.ts'

export interface Asset {
  readonly path: string
  readonly bytes: Buffer
  readonly headers: HeaderBlock
}

const ASSETS_PATH = '/docs/assets'
const TYPES = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' } as const

/** @param name with its ending, which gives the type */
export function createAsset(name: string, content: Buffer | string): Asset {
  const bytes = Buffer.from(content)
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
  const type = name.endsWith('.css') ? TYPES.css : TYPES.js
  const headers = headerBlock({ 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable', vary: 'origin' })
  return { path: `${ASSETS_PATH}/${digest}/${name}`, bytes, headers }
}

/** Nothing else of the package is served. */
const REFERENCE_FILES = { style: 'swagger-ui.css', script: 'swagger-ui-bundle.js' } as const
export type ReferenceFiles = Readonly<Record<keyof typeof REFERENCE_FILES, Asset>>

let referenceFiles: Promise<ReferenceFiles> | undefined

/** Swagger UI's own files, 1.9 MB: read when the first person looks at the reference, not at start. */
export function readReferenceFiles(): Promise<ReferenceFiles> {
  referenceFiles ??= readAll()
  return referenceFiles
}

async function readAll(): Promise<ReferenceFiles> {
  const resolver = createRequire(import.meta.url)
  const read = async (name: string): Promise<Asset> =>
    createAsset(name, await readFile(resolver.resolve(`swagger-ui-dist/${name}`)))
  return { style: await read(REFERENCE_FILES.style), script: await read(REFERENCE_FILES.script) }
}
