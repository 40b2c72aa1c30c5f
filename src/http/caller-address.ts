/**
 * Decides from which address a request comes: that of the peer on the socket, unless the peer is a proxy that is trusted.
 *
 * Each proxy appends the address that it saw to `X-Forwarded-For`, so the list is read from its end, and only as far as those who
 * wrote it are trusted; what stands further left was written by the caller, as was the whole of it when the peer is no such proxy.
 * No other header of this kind (`Forwarded`, `X-Real-IP`, `X-Forwarded-Host`, `X-Forwarded-Proto`) is believed from anybody.
 */
import { LRUCache } from 'lru-cache'
import { isAddressRange, isInRange, readAddress } from '../kernel/index.ts'
import { addressKey } from '../resilience/index.ts'
import { FORWARDED_HOPS_MAX } from './limits.ts'

export interface Caller {
  readonly address: string
  /** Under which name the address is counted. */
  readonly key: string
}

/** As much of a request as says where it came from. The object of a socket is kept in mind, so that it is looked at once. */
export interface Arrival {
  readonly socket: { readonly remoteAddress?: string | undefined }
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export type ReadCaller = (arrival: Arrival) => Caller

interface Peer extends Caller {
  readonly isTrusted: boolean
}

/** Lists that come again and again: those of callers behind the proxies. */
const LISTS_KEPT = 1_000
const LIST_LENGTH_KEPT = 128

/**
 * @param trustedProxies ranges in CIDR notation
 * @throws `TypeError` for a range that is none
 */
export function callerReader(trustedProxies: readonly string[]): ReadCaller {
  for (const range of trustedProxies) {
    if (!isAddressRange(range))
      throw new TypeError(`Cannot trust the proxies "${range}": it is no range in CIDR notation, expected one as "10.0.0.0/8"`)
  }
  const isTrusted = (address: string): boolean => trustedProxies.some((range) => isInRange(address, range))
  const peers = new WeakMap<Arrival['socket'], Peer>()
  const lists = new LRUCache<string, Caller>({ max: LISTS_KEPT })

  const readPeer = (socket: Arrival['socket']): Peer => {
    const known = peers.get(socket)
    if (known !== undefined) return known
    const address = socket.remoteAddress ?? ''
    const peer = { address, key: addressKey(address), isTrusted: isTrusted(address) }
    peers.set(socket, peer)
    return peer
  }
  const readList = (list: string, peer: Peer): Caller => {
    const name = `${peer.address} ${list}`
    const known = lists.get(name)
    if (known !== undefined) return known
    const address = findCaller(list, peer.address, isTrusted)
    const caller = { address, key: addressKey(address) }
    if (name.length <= LIST_LENGTH_KEPT) lists.set(name, caller)
    return caller
  }

  return ({ socket, headers }) => {
    const peer = readPeer(socket)
    const list = headers['x-forwarded-for']
    if (!peer.isTrusted || list === undefined) return peer
    return readList(typeof list === 'string' ? list : list.join(), peer)
  }
}

/** The right-most address that is no trusted proxy; where the list is broken or ends, the last proxy before. */
function findCaller(list: string, peer: string, isTrusted: (address: string) => boolean): string {
  let address = peer
  let end = list.length
  for (let hop = 0; hop < FORWARDED_HOPS_MAX && end >= 0; hop++) {
    const comma = end === 0 ? -1 : list.lastIndexOf(',', end - 1)
    const entry = list.slice(comma + 1, end).trim()
    if (readAddress(entry) === undefined) return address
    address = entry
    if (!isTrusted(address)) return address
    end = comma
  }
  return address
}
