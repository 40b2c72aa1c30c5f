/** Text that goes out and comes back sealed: base64url of it, and a seal over that and over what it belongs to. */

/** Makes a seal of text with the service's secret: fixed length, URL-safe, not to be made without the secret. */
export type Seal = (text: string) => string

/** As long as a URL may be: a longer one cannot have come in a link of ours. */
const LENGTH_MAX = 8_192

/** @param owner what the text is good for; JSON, which tells where it ends, so that no other pair of texts makes the same seal */
export function sealText(text: string, owner: string, seal: Seal): string {
  const encoded = toBase64Url(text)
  return `${encoded}.${seal(owner + encoded)}`
}

/** The text; undefined unless it was sealed for this very owner. Nothing is decoded before. */
export function openText(sealed: string, owner: string, seal: Seal): string | undefined {
  const dot = sealed.lastIndexOf('.')
  const encoded = sealed.slice(0, Math.max(dot, 0))
  const isOurs = dot > 0 && sealed.length <= LENGTH_MAX && isSame(seal(owner + encoded), sealed.slice(dot + 1))
  return isOurs ? fromBase64Url(encoded) : undefined
}

/** @param text without anything outside ASCII, since `btoa` takes single bytes */
function toBase64Url(text: string): string {
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function fromBase64Url(text: string): string {
  return atob(text.replaceAll('-', '+').replaceAll('_', '/'))
}

/** Compares in time that does not tell how much was right. */
function isSame(left: string, right: string): boolean {
  if (left.length !== right.length) return false
  let difference = 0
  for (let at = 0; at < left.length; at++) difference |= left.charCodeAt(at) ^ right.charCodeAt(at)
  return difference === 0
}
