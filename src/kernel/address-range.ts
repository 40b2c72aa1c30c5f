/** Whether a text names a network in CIDR notation. @see https://www.rfc-editor.org/rfc/rfc4632#section-3.1 */

const IPV4_RANGE = /^((?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!\/)|(?=\/))){4}\/(?:3[0-2]|[12]?[0-9])$/
const IPV6_RANGE = /^([0-9a-f:]*:[0-9a-f:]*)\/(?:12[0-8]|1[01][0-9]|[1-9]?[0-9])$/i
/** IPv4 in its IPv6 clothes is matched as IPv4, so a range of them would match nothing. */
const MAPPED = /^\[::ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}\]$/

export function isAddressRange(text: string): boolean {
  if (IPV4_RANGE.test(text)) return true
  const host = `http://[${IPV6_RANGE.exec(text)?.[1] ?? ''}]`
  // The host parser of URL knows every way to shorten an address.
  return URL.canParse(host) && !MAPPED.test(new URL(host).hostname)
}
