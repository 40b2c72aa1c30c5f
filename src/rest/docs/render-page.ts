/** The frame of every page: head, header with the way to the other pages, main. */
import { type Html, html } from '../../http/index.ts'

export interface PageOptions {
  readonly title: string
  /** The name of the service. */
  readonly service: string
  readonly description: string
  /** Paths of the style sheets, in order. */
  readonly styles: readonly string[]
  readonly scripts?: readonly string[]
  readonly current: '/docs' | '/docs/errors'
  readonly main: Html
}

const LINKS = [
  { path: '/docs', text: 'Reference' },
  { path: '/docs/errors', text: 'Errors' },
  { path: '/openapi.json', text: 'OpenAPI' },
] as const

export function renderPage({ title, service, description, styles, scripts = [], current, main }: PageOptions): string {
  const links = LINKS.map(
    ({ path, text }) => html`<li><a href="${path}"${path === current ? html` aria-current="page"` : ''}>${text}</a></li>`,
  )
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${description}">
<meta name="color-scheme" content="light dark">
<title>${title} · ${service}</title>
<link rel="icon" href="data:,">
${styles.map((path) => html`<link rel="stylesheet" href="${path}">\n`)}${scripts.map((path) => html`<script src="${path}" defer></script>\n`)}</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="bar"><p class="service">${service}</p><nav aria-label="Documentation"><ul>${links}</ul></nav></header>
<main id="main">${main}</main>
</body>
</html>
`.text
}
