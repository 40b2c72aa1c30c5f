/** Serves the pages for people: the reference of all operations, and the error codes. They work without any other server. */
import { type Asset, type HttpReply, type HttpServer, headerBlock, html } from '../../http/index.ts'
import { PlinthError } from '../../kernel/index.ts'
import type { Domain } from '../../model/index.ts'
import { serviceTitle } from '../routes.ts'
import { createDocsAsset, readReferenceFiles } from './assets.ts'
import { REFERENCE_SCRIPT, REFERENCE_STYLE } from './reference-files.ts'
import { ErrorPages } from './render-errors.ts'
import { renderPage } from './render-page.ts'
import { STYLE } from './style.ts'

const PAGE = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'public, max-age=300', vary: 'origin' }
const PAGE_HEADERS = headerBlock({
  ...PAGE,
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
})
/** Swagger UI draws its icons from data: addresses, and asks this service only. */
const REFERENCE_HEADERS = headerBlock({
  ...PAGE,
  'content-security-policy':
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
})

export function mountDocs(server: HttpServer, domain: Domain): void {
  const service = serviceTitle(domain)
  const style = createDocsAsset('docs.css', STYLE)
  const referenceStyle = createDocsAsset('reference.css', REFERENCE_STYLE)
  const referenceScript = createDocsAsset('reference.js', REFERENCE_SCRIPT)
  const errors = new ErrorPages(domain, service, style.path)
  const own = [style, referenceStyle, referenceScript]
  const shared = { method: 'GET', surface: 'docs', isPublic: true } as const

  const sendPage = (reply: HttpReply, text: string): void => reply.send(200, PAGE_HEADERS, text)

  server.route({
    ...shared,
    path: '/docs',
    operation: 'docs.reference',
    async handle(_, reply) {
      const files = await readReferenceFiles()
      const main = html`<div id="reference"><noscript><p class="text">The reference needs JavaScript. <a href="/openapi.json">The same as JSON</a>.</p></noscript></div>`
      const styles = [files.style.path, style.path, referenceStyle.path]
      const scripts = [files.script.path, referenceScript.path]
      const description = `Every operation of the ${service}: parameters, bodies, answers and errors.`
      reply.send(
        200,
        REFERENCE_HEADERS,
        renderPage({ title: 'Reference', service, description, styles, scripts, current: '/docs', main }),
      )
    },
  })
  server.route({
    ...shared,
    path: '/docs/errors',
    operation: 'docs.errors',
    handle: (_, reply) => sendPage(reply, errors.renderAll()),
  })
  server.route({
    ...shared,
    path: '/docs/errors/:code',
    operation: 'docs.error',
    handle(request, reply) {
      const page = errors.renderOne(request.params['code'] ?? '')
      if (page === undefined) throw new PlinthError('NOT_FOUND_ROUTE')
      sendPage(reply, page)
    },
  })
  server.route({
    ...shared,
    path: '/docs/assets/:digest/:name',
    operation: 'docs.asset',
    limit: 'none',
    async handle(request, reply) {
      const asset = await findAsset(request.path, own)
      if (asset === undefined) throw new PlinthError('NOT_FOUND_ROUTE')
      reply.send(200, asset.headers, asset.bytes)
    },
  })
}

/** By its whole path: no name of a file ever comes from a request. */
async function findAsset(path: string, own: readonly Asset[]): Promise<Asset | undefined> {
  const found = own.find((asset) => asset.path === path)
  if (found !== undefined) return found
  const files = await readReferenceFiles()
  return Object.values(files).find((asset) => asset.path === path)
}
