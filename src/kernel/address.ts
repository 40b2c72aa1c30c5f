/** Reads a network address strictly, and says in which range it lies; IPv4 in its IPv6 clothes counts as IPv4. */
import ipaddr from 'ipaddr.js'

export interface Address {
  readonly kind: 'ipv4' | 'ipv6'
  /** 4 or 16, the most significant first. */
  readonly bytes: readonly number[]
}

interface Range extends Address {
  readonly bits: number
}

/** Four decimal numbers: `10.1` and `010.0.0.1` are one address to some readers and another to others. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/

const ranges = new Map<string, Range>()

/**
 * Reads IPv4 as four decimal numbers, and IPv6 in any of its spellings; the zone (`%eth0`) is dropped.
 *
 * @returns undefined for what is no address, and for spellings that readers disagree about
 */
export function readAddress(text: string): Address | undefined {
  if (IPV4.test(text)) return { kind: 'ipv4', bytes: text.split('.').map(Number) }
  const zoneAt = text.indexOf('%')
  const bare = zoneAt < 0 ? text : text.slice(0, zoneAt)
  // The library takes octal and hexadecimal numbers in the dotted tail, where it may stand.
  const tail = bare.slice(bare.lastIndexOf(':') + 1)
  if (!bare.includes(':') || (tail.includes('.') && !IPV4.test(tail)) || !ipaddr.IPv6.isValid(bare)) return undefined
  const address = ipaddr.process(bare)
  return { kind: address.kind(), bytes: address.toByteArray() }
}

/**
 * Whether an address lies in a range; text that is no address lies in none.
 *
 * @param range in CIDR notation, of the declaration or the settings (each one is kept); judged by `isAddressRange` before
 * @example isInRange('::ffff:10.1.2.3', '10.0.0.0/8') // true
 */
export function isInRange(address: string | null, range: string): boolean {
  const parsed = address === null ? undefined : readAddress(address)
  if (parsed === undefined) return false
  const { kind, bytes, bits } = readRange(range)
  return parsed.kind === kind && beginsAlike(parsed.bytes, bytes, bits)
}

function readRange(text: string): Range {
  const known = ranges.get(text)
  if (known !== undefined) return known
  const [network, bits] = ipaddr.parseCIDR(text)
  const range: Range = { kind: network.kind(), bytes: network.toByteArray(), bits }
  ranges.set(text, range)
  return range
}

function beginsAlike(left: readonly number[], right: readonly number[], bits: number): boolean {
  for (let at = 0; at < bits; at += 8) {
    const mask = bits - at >= 8 ? 0xff : (0xff << (8 - (bits - at))) & 0xff
    if ((((left[at >> 3] ?? 0) ^ (right[at >> 3] ?? 0)) & mask) !== 0) return false
  }
  return true
}
