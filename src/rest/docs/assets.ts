/** The files behind the pages: a fixed list. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { type Asset, createAsset } from '../../http/index.ts'

/** @param name with its ending, which gives the type */
export function createDocsAsset(name: string, content: Buffer | string): Asset {
  return createAsset('/docs/assets', name, content)
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
    createDocsAsset(name, await readFile(resolver.resolve(`swagger-ui-dist/${name}`)))
  return { style: await read(REFERENCE_FILES.style), script: await read(REFERENCE_FILES.script) }
}
