/** A file behind a page, under the digest of its content, so that a browser may keep it for ever. */
import { createHash } from 'node:crypto'
import { type HeaderBlock, headerBlock } from './header-block.ts'

export interface Asset {
  readonly path: string
  readonly bytes: Buffer
  readonly headers: HeaderBlock
}

const TYPES = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' } as const

/**
 * @param folder the path before the digest: `/docs/assets`
 * @param name with its ending, `.css` or `.js`, which gives the type
 */
export function createAsset(folder: string, name: string, content: Buffer | string): Asset {
  const bytes = Buffer.from(content)
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
  const type = name.endsWith('.css') ? TYPES.css : TYPES.js
  const headers = headerBlock({ 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable', vary: 'origin' })
  return { path: `${folder}/${digest}/${name}`, bytes, headers }
}
