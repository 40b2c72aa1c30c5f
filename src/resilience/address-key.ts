/** Under which name an address is counted: what one customer of a provider can change at will is one name. */
import { readAddress } from '../kernel/index.ts'

/** What cannot be read is counted together: no address must never mean no limit. */
const UNREADABLE = 'unreadable'
/** The smallest network that a subscriber gets: all 2^64 addresses in it are one caller. @see https://www.rfc-editor.org/rfc/rfc6177 */
const IPV6_PREFIX_BYTES = 8

/**
 * The name of an address in any spelling: IPv4 as it is, also in its IPv6 clothes; IPv6 by its /64, without its zone.
 *
 * @returns one and the same name for everything that is no address
 * @example addressKey('2001:DB8:0:1::9%eth0') // '2001:db8:0:1'
 */
export function addressKey(address: string): string {
  const read = readAddress(address)
  if (read === undefined) return UNREADABLE
  const { kind, bytes } = read
  if (kind === 'ipv4') return bytes.join('.')
  const groups: string[] = []
  for (let at = 0; at < IPV6_PREFIX_BYTES; at += 2) groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16))
  return groups.join(':')
}
