/** Whether a network address lies in a range; IPv4 in its IPv6 clothes counts as IPv4. */
import ipaddr from 'ipaddr.js'

type Range = ReturnType<typeof ipaddr.parseCIDR>

const ranges = new Map<string, Range>()

function readRange(text: string): Range {
  const known = ranges.get(text)
  if (known !== undefined) return known
  const range = ipaddr.parseCIDR(text)
  ranges.set(text, range)
  return range
}

/** Text that is no address lies in no range. */
export function isInRange(address: string | null, range: string): boolean {
  if (address === null || !isAddress(address)) return false
  const parsed = ipaddr.process(address)
  const [network, bits] = readRange(range)
  return parsed.kind() === network.kind() && parsed.match([network, bits] as never)
}

/** Four decimal numbers or IPv6: other spellings (`10.1`, `0x0a000001`) are one address to some readers and another to others. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
}
