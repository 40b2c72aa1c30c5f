/** The page of all error codes, and the page of each: what caused it and what cures it. */
import { STATUS_CODES } from 'node:http'
import { type Html, html } from '../../http/index.ts'
import { CATALOGUE, type CatalogueRow, ERROR_FAMILIES } from '../../kernel/index.ts'
import type { Domain } from '../../model/index.ts'
import { prose } from './prose.ts'
import { renderPage } from './render-page.ts'

interface ErrorRow extends CatalogueRow {
  readonly code: string
}

const FAMILY_TITLES: Readonly<Record<(typeof ERROR_FAMILIES)[number], string>> = {
  AUTH: 'Who you are and what you may do',
  VALIDATION: 'What you sent',
  NOT_FOUND: 'What is not there',
  CONFLICT: 'What stands against it',
  RATE_LIMIT: 'Too much at once',
  INTERNAL: 'Our fault',
  DEPENDENCY: 'What we depend on',
}

/** Makes the pages of a domain. The domain's own refusals stand among the codes that every service has. */
export class ErrorPages {
  readonly #rows: readonly ErrorRow[]
  readonly #service: string
  readonly #stylePath: string

  constructor(domain: Domain, service: string, stylePath: string) {
    const own = new Map(domain.refusals.map((row) => [row.code, row]))
    const rows = [...Object.entries(CATALOGUE).map(([code, row]) => ({ code, ...row })), ...own.values()]
    this.#rows = ERROR_FAMILIES.flatMap((family) => rows.filter(({ code }) => code.startsWith(`${family}_`)))
    this.#service = service
    this.#stylePath = stylePath
  }

  renderAll(): string {
    const families = ERROR_FAMILIES.map((family) => ({
      family,
      rows: this.#rows.filter(({ code }) => code.startsWith(`${family}_`)),
    }))
    return this.#render(
      'Errors',
      'Every error code of this service, with its cause and its cure.',
      html`<h1>Errors</h1>
<p>Whatever goes wrong, the answer has this form. <code>code</code> is for programs and never changes its meaning; <code>message</code> is for people.
Quote <code>request_id</code> when you ask for help.</p>
<pre><code>${EXAMPLE}</code></pre>
<nav aria-label="Error codes"><ul class="contents">${this.#rows.map(({ code }) => html`<li><a href="#${code}">${code}</a></li>`)}</ul></nav>
${families.map(({ family, rows }) => html`<h2>${FAMILY_TITLES[family]}</h2>${rows.map(renderRow)}`)}`,
    )
  }

  /** Undefined for a code that there is not. */
  renderOne(code: string): string | undefined {
    const row = this.#rows.find((one) => one.code === code)
    if (row === undefined) return undefined
    return this.#render(
      code,
      row.cause.replaceAll('`', ''),
      html`<h1>Error</h1>${renderRow(row)}<p><a href="/docs/errors">All error codes</a></p>`,
    )
  }

  #render(title: string, description: string, main: Html): string {
    const text = html`<div class="text">${main}</div>`
    return renderPage({
      title,
      service: this.#service,
      description,
      styles: [this.#stylePath],
      current: '/docs/errors',
      main: text,
    })
  }
}

function renderRow({ code, status, message, cause, cure, isRetryable }: ErrorRow): Html {
  return html`<section class="error" id="${code}" aria-labelledby="${code}-title">
<h3 id="${code}-title"><a href="/docs/errors#${code}">${code}</a> <span class="status${status >= 500 ? ' server' : ''}">${status} ${STATUS_CODES[status] ?? ''}</span></h3>
<p>${message}</p>
<dl><dt>Cause</dt><dd>${prose(cause)}</dd><dt>Cure</dt><dd>${prose(cure)}</dd><dt>Retry</dt><dd>${isRetryable ? 'The same request may succeed later.' : 'The same request will fail again.'}</dd></dl>
</section>`
}

const EXAMPLE = `{
  "error": {
    "code": "VALIDATION_FAILED",
    "message": "title is required",
    "details": [
      { "field": "title", "code": "required", "message": "title is required" }
    ],
    "request_id": "req_3f9a1c5b7d2e000001",
    "docs_url": "/docs/errors#VALIDATION_FAILED"
  }
}`
