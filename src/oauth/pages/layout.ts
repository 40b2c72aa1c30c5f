/** The frame of every page for people: language, title, one card. Works without script and asks no other server for anything. */
import { createAsset, type Html, html } from '../../http/index.ts'
import { STYLE } from './style.ts'

/** What all pages of a service share. */
export interface PageFrame {
  /** What people know the service by. */
  readonly serviceName: string
}

export const STYLE_ASSET = createAsset('/oauth/assets', 'style.css', STYLE)

/** @param fault what went wrong, read out to those who cannot see it */
export function renderPage({ serviceName }: PageFrame, title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · ${serviceName}</title>
<link rel="stylesheet" href="${STYLE_ASSET.path}">
</head>
<body>
<main>
<p class="brand"><span aria-hidden="true">${serviceName.charAt(0).toUpperCase()}</span>${serviceName}</p>
${content}
</main>
</body>
</html>
`.text
}

const NOTHING = html``

/** Attributes of a field beside which a fault is said. */
export function faulty(fault: string | undefined): Html {
  return fault === undefined ? NOTHING : html` aria-invalid="true" aria-describedby="fault"`
}

/** The way out of a step. */
export function renderCancel(action: string): Html {
  return html`<form method="post" action="${action}" class="links">
<button class="quiet" type="submit">Cancel</button>
</form>`
}

/** Where a fault is said; empty it stays, so that assistive technology knows the place. */
export function renderFault(fault: string | undefined): Html {
  return html`<p class="message${fault === undefined ? '' : ' fault'}" id="fault" role="alert" aria-live="assertive">${fault ?? ''}</p>`
}
