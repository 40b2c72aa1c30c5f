/** Serves GraphiQL to whoever opens the endpoint in a browser, in development. It works without any other server. */
import { type HttpReply, type HttpServer, headerBlock, html } from '../../http/index.ts'
import { PlinthError } from '../../kernel/index.ts'
import { readEditorFiles } from './assets.ts'

/** The fonts of the editor are in its style sheet, as data. */
const HEADERS = headerBlock({
  'content-type': 'text/html; charset=utf-8',
  vary: 'accept, authorization, origin',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'",
})

/** Adds the files of the page; the page itself shares its address with the endpoint. */
export function mountEditorFiles(server: HttpServer): void {
  server.route({
    method: 'GET',
    path: '/graphql/assets/:digest/:name',
    operation: 'graphql.asset',
    surface: 'graphql',
    isPublic: true,
    limit: 'none',
    async handle(request, reply) {
      const files = await readEditorFiles()
      const found =
        files === undefined ? undefined : [...files.styles, ...files.scripts].find(({ path }) => path === request.path)
      if (found === undefined) throw new PlinthError('NOT_FOUND_ROUTE')
      reply.send(200, found.headers, found.bytes)
    },
  })
}

/** Sends the page, or what to install for it. */
export async function sendEditor(reply: HttpReply): Promise<void> {
  const files = await readEditorFiles()
  const scripts = files?.scripts.map(({ path }) => html`<script defer src="${path}"></script>`) ?? []
  const styles = files?.styles.map(({ path }) => html`<link rel="stylesheet" href="${path}">`) ?? []
  const main =
    files === undefined
      ? html`<p>The editor is not installed. Add it with: npm install --save-dev graphiql@3 react@18 react-dom@18</p>`
      : html`<div id="graphiql"><noscript>The editor needs JavaScript.</noscript></div>`
  const page = html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>GraphiQL</title><link rel="icon" href="data:,">${styles}${scripts}</head><body>${main}</body></html>`
  reply.send(200, HEADERS, page.text)
}
