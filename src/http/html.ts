/** Puts HTML together so that text can never become markup. */

/** Text that is HTML already. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type HtmlPart = string | number | Html | readonly Html[]

/**
 * A template whose values are escaped, but for those that are HTML. Values of attributes stand in quotes.
 *
 * @example
 * const page = html`<h1>${title}</h1><ul>${names.map((name: string) => html`<li>${name}</li>`)}</ul>`
 */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let text = strings[0] ?? ''
  for (const [at, part] of parts.entries()) text += render(part) + (strings[at + 1] ?? '')
  return new Html(text)
}

function render(part: HtmlPart): string {
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map((one) => one.text).join('')
  return escapeText(String(part))
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
