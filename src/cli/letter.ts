/** How a letter that goes nowhere is shown to whoever develops the service: to whom, about what, and the link in it. */
import type { Letter } from '../mail/index.ts'
import type { Terminal } from './terminal.ts'

/** @param letter one that was sent: its lines have been looked at */
export function renderLetter(
  { to, subject, text }: Letter,
  { bold, dim, green }: Pick<Terminal, 'bold' | 'dim' | 'green'>,
): string {
  const links = text.match(/https?:\/\/\S+/g) ?? []
  return `\n  ${green('✉')} ${bold(subject)} ${dim(`· to ${to}`)}\n${links.map((link) => `    ${link}\n`).join('')}`
}
