/** Prints where a server listens, as a URL takes it. */

/** `http://127.0.0.1:3000`; an IPv6 address goes into brackets. @see https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2 */
export function renderOrigin(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
