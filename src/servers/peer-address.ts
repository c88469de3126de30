/** Addresses of peers as policies, limits and records see them. */
import { BlockList, isIPv6 } from 'node:net'

export interface AllowedNetwork {
  readonly address: string
  readonly prefixBits: number
  readonly family: 'ipv4' | 'ipv6'
}

/** An IPv4 address that came over an IPv6 socket (`::ffff:192.0.2.1`), as itself. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  return mapped === null ? address : mapped[1]
}

/** What limits count by: an IPv4 address, or the first half of an IPv6 address, which is what one site has. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address
  const [head, tail] = address.replace(/%.*$/, '').split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  while (tail !== undefined && groups.length + after.length < 8) groups.push('0')
  return [...groups, ...after].slice(0, 4).join(':')
}

/** A list of networks; an empty one holds nobody. */
export class Networks {
  readonly #list = new BlockList()

  constructor(networks: readonly AllowedNetwork[]) {
    for (const { address, prefixBits, family } of networks) this.#list.addSubnet(address, prefixBits, family)
  }

  /** `address` as `plainAddress` gives it. */
  has(address: string): boolean {
    return this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }
}
