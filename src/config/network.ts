/**
 * Addresses to listen on (`127.0.0.1:9999`, `[::1]:9999`) and networks that may connect (`10.0.0.0/8`): text
 * and value only. Nothing is resolved and no socket is opened here.
 */
import { isIPv4, isIPv6 } from 'node:net'
import type { Kind, Parsed } from './kinds.ts'
import { inert, quoted } from './problem.ts'

export interface Address {
  /** An IP address without brackets, or a host name. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

export interface Network {
  readonly address: string
  /** 0 to 32 or 128. */
  readonly prefixBits: number
  readonly family: 'ipv4' | 'ipv6'
}

/** `portExample` is what a suggestion shows when the port is missing. */
export function address(portExample: number): Kind<Address> {
  return {
    name: 'address',
    form: 'one',
    unit: '',
    schema: { type: 'string', pattern: '^(\\[[^\\]]+\\]|[^:\\[\\]]+):[0-9]{1,5}$' },
    parse: ([text]) => parseAddress(text, portExample),
    print: (value) => [printAddress(value)],
  }
}

export const network: Kind<Network> = {
  name: 'network',
  form: 'one',
  unit: '',
  schema: { type: 'string', pattern: '^[0-9a-fA-F.:]+(/[0-9]{1,3})?$' },
  parse: ([text]) => parseNetwork(text),
  print: (value) => [printNetwork(value)],
}

export function printAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function printNetwork({ address, prefixBits }: Network): string {
  return `${address}/${prefixBits}`
}

/** Whether only this machine can reach the host: 127.0.0.0/8, ::1 (also mapped), and the name localhost. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.')
  if (!isIPv6(host)) return host.toLowerCase() === 'localhost'
  const octets = addressOctets(host)
  const isMapped =
    octets.slice(0, 10).every((octet) => octet === 0) && octets[10] === 255 && octets[11] === 255
  if (isMapped) return octets[12] === 127
  return octets.every((octet, index) => octet === (index === 15 ? 1 : 0))
}

/** Whether the host stands for every address of the machine. */
export function isWildcard(host: string): boolean {
  return (isIPv4(host) || isIPv6(host)) && addressOctets(host).every((octet) => octet === 0)
}

// ---- addresses ----------------------------------------------------------------------------------------------

function parseAddress(text: string, portExample: number): Parsed<Address> {
  const [, bracketed, named, digits] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? []
  if (digits === undefined) {
    return { what: `${quoted(text)} is not an address and port`, hint: addressHint(text, portExample) }
  }
  const host = bracketed ?? named
  if (Number(digits) > 65_535) return { what: `the port of ${quoted(text)} is above 65535` }
  if (bracketed !== undefined ? !isIPv6(host) : !isHost(host)) {
    return { what: `the host of ${quoted(text)} is not an address or a name`, hint: hostHint(host, digits) }
  }
  return { value: { host, port: Number(digits) } }
}

function addressHint(text: string, portExample: number): string {
  if (/^\d+$/.test(text)) {
    return Number(text) <= 65_535
      ? `write 127.0.0.1:${text}`
      : `a port is at most 65535: write 127.0.0.1:${portExample}`
  }
  if (isIPv6(text)) return `an IPv6 address stands in brackets: [::1]:${portExample}`
  if (isHost(text)) return `the port is missing: write ${inert(text)}:${portExample}`
  return `write an address such as 127.0.0.1:${portExample} or [::1]:${portExample}`
}

function hostHint(host: string, port: string): string {
  const isEverything = host === '' || host === '*'
  if (!isEverything) return `write an address such as 127.0.0.1:${port}`
  return `write 127.0.0.1:${port} for this machine, 0.0.0.0:${port} or [::]:${port} for every address it has`
}

/**
 * An IPv4 address or a host name. A name whose last label is a number would be read as an address: refused.
 */
function isHost(host: string): boolean {
  if (isIPv4(host)) return true
  const labels = host.split('.')
  const isName = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label))
  return isName && host.length <= 253 && !/^(\d+|0x[0-9a-f]*)$/i.test(labels[labels.length - 1])
}

// ---- networks -----------------------------------------------------------------------------------------------

function parseNetwork(text: string): Parsed<Network> {
  const [address, prefix, ...rest] = text.split('/')
  const bitsMax = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : 0
  if (bitsMax === 0 || rest.length > 0)
    return { what: `${quoted(text)} is not a network`, hint: networkHint(text) }
  const prefixBits = prefix === undefined ? bitsMax : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity
  if (prefixBits > bitsMax) {
    return { what: `the prefix of ${quoted(text)} is not a number from 0 to ${bitsMax}` }
  }
  if (!endsInZeros(addressOctets(address), prefixBits)) {
    return {
      what: `${quoted(text)} has bits set after its prefix`,
      hint: `write ${maskedText(address, prefixBits)}`,
    }
  }
  return { value: { address, prefixBits, family: bitsMax === 32 ? 'ipv4' : 'ipv6' } }
}

function networkHint(text: string): string {
  const word = text.toLowerCase()
  if (word === 'localhost' || word === 'loopback') return 'write 127.0.0.0/8 and ::1/128 for this machine'
  if (/^(\*|any|all|everybody|everyone)$/.test(word)) return 'write 0.0.0.0/0 and ::/0 to let everybody in'
  return 'write a network such as 10.0.0.0/8, 192.168.1.20 or fd00::/8'
}

function endsInZeros(octets: readonly number[], prefixBits: number): boolean {
  return octets.every((octet, index) => octet === (octet & octetMask(index, prefixBits)))
}

function octetMask(index: number, prefixBits: number): number {
  const bits = Math.min(8, Math.max(0, prefixBits - index * 8))
  return (0xff << (8 - bits)) & 0xff
}

function maskedText(address: string, prefixBits: number): string {
  const octets = addressOctets(address).map((octet, index) => octet & octetMask(index, prefixBits))
  if (octets.length === 4) return `${octets.join('.')}/${prefixBits}`
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((octets[at * 2] << 8) | octets[at * 2 + 1]).toString(16),
  )
  return `${new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)}/${prefixBits}`
}

/** The 4 or 16 bytes of a valid IP address; a zone (`%eth0`) is left out. */
function addressOctets(address: string): number[] {
  if (isIPv4(address)) return address.split('.').map(Number)
  const plain = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1)
  const [head, tail] = plain.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}
