/** Prints text of the catalogue as HTML: backticks mark code. */
import { type Html, html } from '../../http/index.ts'

export function prose(text: string): Html {
  return html`${text.split('`').map((part, at) => (at % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))}`
}
