/**
 * Datagrams that the kernel dropped because nobody had read those before them: the `drops` column of /proc/net/udp
 * and /proc/net/udp6, by the local address of a socket. Linux only; elsewhere nobody counts them, or nobody tells.
 *
 * A row is found by address and port. They are ours alone: the socket is bound without sharing them.
 */
import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import type { ListenAddress } from './listener.ts'

/** The text of the table with this name (`/proc/net/<name>`), or null where there is none. */
export type ReadKernelTable = (name: 'udp' | 'udp6') => string | null

/** The tables of this machine. */
export const readProcTable: ReadKernelTable = (name) => {
  try {
    return readFileSync(`/proc/net/${name}`, 'latin1')
  } catch {
    return null
  }
}

/** How many datagrams the kernel dropped for each socket since it was made; null: the table does not say. */
export function kernelDrops(
  addresses: readonly ListenAddress[],
  readTable: ReadKernelTable,
): readonly (number | null)[] {
  const tables = new Map<string, ReadonlyMap<string, number>>()
  return addresses.map((address) => {
    const name = isIPv6(address.host) ? 'udp6' : 'udp'
    const table = tables.get(name) ?? parseKernelTable(readTable(name) ?? '')
    tables.set(name, table)
    return table.get(tableAddress(address)) ?? null
  })
}

/** `drops` by local address, as the table writes it: `0100007F:270F`. Lines that are not as expected are passed over. */
export function parseKernelTable(text: string): ReadonlyMap<string, number> {
  const drops = new Map<string, number>()
  for (const line of text.split('\n')) {
    const columns = line.trim().split(/\s+/)
    const count = Number(columns[COLUMN_DROPS])
    if (columns.length > COLUMN_DROPS && Number.isSafeInteger(count)) drops.set(columns[COLUMN_LOCAL], count)
  }
  return drops
}

const COLUMN_LOCAL = 1
const COLUMN_DROPS = 12

/** The address as the kernel prints it: words of 32 bits in the order of the machine, which is little-endian. */
export function tableAddress({ host, port }: ListenAddress): string {
  const bytes = isIPv6(host) ? ipv6Bytes(host) : host.split('.').map(Number)
  let text = ''
  for (let word = 0; word < bytes.length; word += 4) {
    for (let at = word + 3; at >= word; at--) text += hex(bytes[at], 2)
  }
  return `${text}:${hex(port, 4)}`
}

function ipv6Bytes(host: string): number[] {
  const [head, tail] = host.replace(/%.*$/, '').split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = new Array<number>(8 - before.length - after.length).fill(0)
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff])
}

/** The groups of a piece of an IPv6 address; an IPv4 address at its end is two. */
function groupsOf(piece: string): number[] {
  if (piece === '') return []
  return piece.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a, b, c, d] = group.split('.').map(Number)
    return [(a << 8) | b, (c << 8) | d]
  })
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
