/**
 * The header that a proxy in front of us sends, PROXY protocol version 1 (a line of text) and 2 (binary): who the
 * real peer is. First bytes in, addresses and the bytes after the header out.
 *
 *   v1  PROXY TCP4 192.0.2.1 192.0.2.2 56324 9999 CRLF                       at most 107 bytes
 *   v2  0 signature, 12 bytes     13 u8 family and transport     16 addresses: 12, 36 or 216 bytes, or none
 *      12 u8 version and command  14 u16 length of what follows     then TLVs: u8 type, u16 length, value
 *
 * Invariants: never more than PROXY_HEADER_BYTES_MAX bytes are waited for; a header that is not valid to its last
 * byte is refused, because whoever may send it decides what address we believe; the result does not depend on cuts.
 *
 * Not for who may send one: the port's policy decides that before a header is looked for.
 */
import { isIPv4, isIPv6 } from 'node:net'
import { assert } from '../base/base.ts'
import { crc32c } from './crc32c.ts'

const V1_BYTES_MAX = 107
const V2_FIXED_BYTES = 16
/** What a header of version 2 may be long. Its addresses and usual TLVs need some hundred bytes. */
export const PROXY_HEADER_BYTES_MAX = 4096

export interface ProxyAddress {
  readonly address: string
  readonly port: number
}

export type ProxyHeader =
  | {
      readonly kind: 'header'
      /** null where the header names none (LOCAL, UNKNOWN, Unix sockets): the connection's own address stands. */
      readonly source: ProxyAddress | null
      readonly destination: ProxyAddress | null
      /** The first bytes of what is inside. */
      readonly rest: Uint8Array
    }
  | { readonly kind: 'bad'; readonly reason: string }

type Addresses = { readonly source: ProxyAddress | null; readonly destination: ProxyAddress | null }

const NONE: Addresses = { source: null, destination: null }
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const RETURN = 0x0d
const NEWLINE = 0x0a

/** Reads the header of one stream. Not used any more after it answered. */
export class ProxyHeaderDecoder {
  #held: Buffer = Buffer.alloc(0)
  #isDone = false

  /** Takes the next chunk; null while the header has not arrived whole. */
  push(chunk: Uint8Array): ProxyHeader | null {
    assert(!this.#isDone, 'the header was read already')
    this.#held = Buffer.concat([this.#held, chunk])
    const header = this.#held.length === 0 ? null : decodeHeader(this.#held)
    this.#isDone = header !== null
    return header
  }
}

function decodeHeader(bytes: Buffer): ProxyHeader | null {
  return bytes[0] === RETURN ? decodeV2(bytes) : decodeV1(bytes)
}

function bad(reason: string): ProxyHeader {
  return { kind: 'bad', reason }
}

/** The result of a header of `headerBytes`; a string says what is wrong with it. */
function result(found: Addresses | string, bytes: Buffer, headerBytes: number): ProxyHeader {
  if (typeof found === 'string') return bad(found)
  return { kind: 'header', ...found, rest: bytes.subarray(headerBytes) }
}

// ---- version 1 ----------------------------------------------------------------------------------------------

const V1_START = 'PROXY '

function decodeV1(bytes: Buffer): ProxyHeader | null {
  const start = bytes.toString('latin1', 0, V1_START.length)
  if (!V1_START.startsWith(start)) return bad('no PROXY header')
  const newline = bytes.subarray(0, V1_BYTES_MAX).indexOf(NEWLINE)
  if (newline < 0) return bytes.length < V1_BYTES_MAX ? null : bad('a line longer than 107 bytes')
  if (bytes[newline - 1] !== RETURN) return bad('a line that does not end in CRLF')
  return result(parseLine(bytes.toString('latin1', V1_START.length, newline - 1)), bytes, newline + 1)
}

function parseLine(line: string): Addresses | string {
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) return NONE
  const [family, source, destination, sourcePort, destinationPort, ...more] = line.split(' ')
  if (destinationPort === undefined || more.length > 0) return 'a line that has not six words'
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIPv6 : null
  if (isAddress === null) return 'an unknown family'
  if (!isAddress(source) || !isAddress(destination)) return `an address that is none of ${family}`
  if (!isPort(sourcePort) || !isPort(destinationPort)) return 'a bad port'
  return {
    source: { address: source, port: Number(sourcePort) },
    destination: { address: destination, port: Number(destinationPort) },
  }
}

/** Without a zone. */
const isPlainIPv6 = (text: string): boolean => isIPv6(text) && !text.includes('%')
const isPort = (text: string): boolean => /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535

// ---- version 2 ----------------------------------------------------------------------------------------------

const LOCAL = 0
const PROXY = 1
const TRANSPORT_MAX = 2
const TLV_HEADER_BYTES = 3
const TLV_CHECKSUM = 3

interface Family {
  /** Bytes of both addresses and ports. */
  readonly bytes: number
  readonly read: (block: Buffer) => Addresses
}

/** By the upper half of the byte: unspecified, IPv4, IPv6, Unix sockets. */
const FAMILIES: readonly Family[] = [
  { bytes: 0, read: () => NONE },
  { bytes: 12, read: (block) => readAddresses(block, 4, printIPv4) },
  { bytes: 36, read: (block) => readAddresses(block, 16, printIPv6) },
  { bytes: 216, read: () => NONE },
]

function decodeV2(bytes: Buffer): ProxyHeader | null {
  const begun = bytes.subarray(0, SIGNATURE.length)
  if (!begun.equals(SIGNATURE.subarray(0, begun.length))) return bad('no PROXY header')
  if (bytes.length < V2_FIXED_BYTES) return null
  const length = V2_FIXED_BYTES + bytes.readUInt16BE(14)
  if (length > PROXY_HEADER_BYTES_MAX) {
    return bad(`a header of ${length} bytes, at most ${PROXY_HEADER_BYTES_MAX}`)
  }
  if (bytes.length < length) return null
  return result(parseBinary(bytes.subarray(0, length)), bytes, length)
}

function parseBinary(header: Buffer): Addresses | string {
  const version = header[12] >> 4
  const command = header[12] & 0x0f
  if (version !== 2) return `version ${version}`
  if (command === LOCAL) return NONE
  if (command !== PROXY) return `command ${command}`
  const family = FAMILIES[header[13] >> 4]
  if (family === undefined || (header[13] & 0x0f) > TRANSPORT_MAX) return 'an unknown family or transport'
  const block = header.subarray(V2_FIXED_BYTES)
  if (block.length < family.bytes) return 'addresses longer than the header'
  const problem = checkTlvs(header, V2_FIXED_BYTES + family.bytes)
  return problem ?? family.read(block)
}

/** TLVs are passed over, but their lengths and a checksum have to be right. */
function checkTlvs(header: Buffer, start: number): string | null {
  let at = start
  while (at < header.length) {
    if (at + TLV_HEADER_BYTES > header.length) return 'a TLV longer than the header'
    const valueAt = at + TLV_HEADER_BYTES
    const end = valueAt + header.readUInt16BE(at + 1)
    if (end > header.length) return 'a TLV longer than the header'
    if (header[at] === TLV_CHECKSUM && !isChecksumRight(header, valueAt, end)) return 'a wrong checksum'
    at = end
  }
  return null
}

/** The checksum is that of the whole header with zeros in place of the checksum. */
function isChecksumRight(header: Buffer, valueAt: number, end: number): boolean {
  if (end - valueAt !== 4) return false
  const cleared = Buffer.from(header).fill(0, valueAt, end)
  return crc32c(cleared) === header.readUInt32BE(valueAt)
}

function readAddresses(block: Buffer, bytes: number, print: (octets: Buffer) => string): Addresses {
  const ports = bytes * 2
  return {
    source: { address: print(block.subarray(0, bytes)), port: block.readUInt16BE(ports) },
    destination: { address: print(block.subarray(bytes, ports)), port: block.readUInt16BE(ports + 2) },
  }
}

function printIPv4(octets: Buffer): string {
  return octets.join('.')
}

/** In the shortest form, by the URL parser of Node. */
function printIPv6(octets: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => octets.readUInt16BE(at * 2).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
