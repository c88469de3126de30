import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import { crc32c } from './crc32c.ts'
import { PROXY_HEADER_BYTES_MAX, type ProxyHeader, ProxyHeaderDecoder } from './proxy-header.ts'

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n'
const IPV4 = '\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\x27\x0f'
const IPV6 = `\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01${'\0'.repeat(15)}\x01\xdc\x04\x27\x0f`
const FROM_TO_IPV4 = '192.0.2.1 56324 > 192.0.2.2 9999'

/** A header of version 2, Latin-1: `0x21` is PROXY, `0x11` TCP over IPv4. */
function v2(command: number, family: number, block: string, length = block.length): string {
  const fixed = String.fromCharCode(command, family, length >> 8, length & 0xff)
  return SIGNATURE + fixed + block
}

function tlv(type: number, value: string, length = value.length): string {
  return String.fromCharCode(type, length >> 8, length & 0xff) + value
}

/** The header with a right checksum in a last TLV. */
function withChecksum(block: string): string {
  const cleared = v2(0x21, 0x11, block + tlv(3, '\0\0\0\0'))
  const bytes = Buffer.from(cleared, 'latin1')
  bytes.writeUInt32BE(crc32c(bytes), bytes.length - 4)
  return bytes.toString('latin1')
}

function decode(chunks: readonly Uint8Array[]): string {
  const decoder = new ProxyHeaderDecoder()
  for (const [index, chunk] of chunks.entries()) {
    const header = decoder.push(chunk)
    if (header !== null) return print(header, chunks.slice(index + 1))
  }
  return 'more'
}

function print(header: ProxyHeader, later: readonly Uint8Array[]): string {
  if (header.kind === 'bad') return `bad: ${header.reason}`
  const end = (at: { address: string; port: number } | null) => (at ? `${at.address} ${at.port}` : 'none')
  const rest = Buffer.concat([header.rest, ...later]).toString('latin1')
  return `${end(header.source)} > ${end(header.destination)} <${rest}>`
}

/** Literal header, what it says, Latin-1. */
const VECTORS: readonly (readonly [name: string, input: string, result: string])[] = [
  ['v1 over IPv4', 'PROXY TCP4 192.0.2.1 192.0.2.2 56324 9999\r\nLOG', `${FROM_TO_IPV4} <LOG>`],
  ['v1 over IPv6', 'PROXY TCP6 2001:db8::1 ::1 0 65535\r\n', '2001:db8::1 0 > ::1 65535 <>'],
  ['v1 with an unknown peer', 'PROXY UNKNOWN\r\nPING\n', 'none > none <PING\n>'],
  ['v1 with an unknown peer and more', 'PROXY UNKNOWN ffff::1 what ever\r\nPING\n', 'none > none <PING\n>'],
  ['v1 of 107 bytes', `PROXY UNKNOWN ${'x'.repeat(91)}\r\nPING\n`, 'none > none <PING\n>'],
  ['v1 of 108 bytes', `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`, 'bad: a line longer than 107 bytes'],
  ['v1 without a carriage return', 'PROXY UNKNOWN\n', 'bad: a line that does not end in CRLF'],
  ['v1 of another family', 'PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n', 'bad: an unknown family'],
  ['v1 with too few words', 'PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n', 'bad: a line that has not six words'],
  [
    'v1 with too many words',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n',
    'bad: a line that has not six words',
  ],
  ['v1 with two spaces', 'PROXY TCP4  192.0.2.1 192.0.2.2 1\r\n', 'bad: an address that is none of TCP4'],
  ['v1 with the wrong family', 'PROXY TCP4 ::1 ::1 1 2\r\n', 'bad: an address that is none of TCP4'],
  ['v1 with a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n', 'bad: an address that is none of TCP6'],
  [
    'v1 with a number of three parts',
    'PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n',
    'bad: an address that is none of TCP4',
  ],
  ['v1 with a port too large', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n', 'bad: a bad port'],
  ['v1 with a leading zero', 'PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n', 'bad: a bad port'],
  ['v1 with a sign', 'PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n', 'bad: a bad port'],
  ['something else', 'PROXYTCP4\r\n', 'bad: no PROXY header'],
  ['small letters', 'proxy UNKNOWN\r\n', 'bad: no PROXY header'],

  ['v2 over IPv4', `${v2(0x21, 0x11, IPV4)}LOG`, `${FROM_TO_IPV4} <LOG>`],
  ['v2 of datagrams', v2(0x21, 0x12, IPV4), `${FROM_TO_IPV4} <>`],
  ['v2 of no transport', v2(0x21, 0x10, IPV4), `${FROM_TO_IPV4} <>`],
  ['v2 over IPv6', `${v2(0x21, 0x21, IPV6)}\r\n`, '2001:db8::1 56324 > ::1 9999 <\r\n>'],
  ['v2 over a Unix socket', `${v2(0x21, 0x31, '\0'.repeat(216))}x`, 'none > none <x>'],
  ['v2 of no family', `${v2(0x21, 0, '')}x`, 'none > none <x>'],
  ['v2 LOCAL', `${v2(0x20, 0, '')}x`, 'none > none <x>'],
  ['v2 LOCAL with addresses', `${v2(0x20, 0x11, IPV4)}x`, 'none > none <x>'],
  ['v2 LOCAL with whatever', `${v2(0x20, 0xff, 'what ever')}x`, 'none > none <x>'],
  ['v2 with TLVs', `${v2(0x21, 0x11, IPV4 + tlv(1, 'h2') + tlv(4, ''))}x`, `${FROM_TO_IPV4} <x>`],
  ['v2 with a checksum', `${withChecksum(IPV4 + tlv(4, '\0\0\0'))}x`, `${FROM_TO_IPV4} <x>`],
  ['v2 with a wrong checksum', v2(0x21, 0x11, IPV4 + tlv(3, 'sums')), 'bad: a wrong checksum'],
  ['v2 with a short checksum', v2(0x21, 0x11, IPV4 + tlv(3, '\0\0')), 'bad: a wrong checksum'],
  ['v2 with a TLV too long', v2(0x21, 0x11, IPV4 + tlv(1, 'h2', 3)), 'bad: a TLV longer than the header'],
  ['v2 with half a TLV', v2(0x21, 0x11, `${IPV4}\x01\0`), 'bad: a TLV longer than the header'],
  ['v2 shorter than its addresses', v2(0x21, 0x11, IPV4.slice(1)), 'bad: addresses longer than the header'],
  ['v2 of IPv6 with IPv4', v2(0x21, 0x21, IPV4), 'bad: addresses longer than the header'],
  ['v2 of an unknown family', v2(0x21, 0x41, IPV4), 'bad: an unknown family or transport'],
  ['v2 of an unknown transport', v2(0x21, 0x13, IPV4), 'bad: an unknown family or transport'],
  ['v2 of an unknown command', v2(0x22, 0x11, IPV4), 'bad: command 2'],
  ['version 1 in binary', v2(0x11, 0x11, IPV4), 'bad: version 1'],
  ['v2 that is too long', v2(0x21, 0x11, '', 4081), 'bad: a header of 4097 bytes, at most 4096'],
  ['v2 of 64 KiB', v2(0x21, 0x11, '', 65_535), 'bad: a header of 65551 bytes, at most 4096'],
  ['v2 of the most', v2(0x21, 0x11, IPV4 + tlv(4, '\0'.repeat(4065))), `${FROM_TO_IPV4} <>`],
  ['half a signature', '\r\n\r\n\0\r\nQUIX', 'bad: no PROXY header'],

  ['v1 that has not ended', 'PROXY TCP4 192.0.2.1', 'more'],
  ['v2 that has not ended', v2(0x21, 0x11, IPV4).slice(0, -1), 'more'],
]

describe('ProxyHeaderDecoder', () => {
  for (const [name, input, result] of VECTORS) {
    it(`reads ${name}, wherever the bytes are cut`, () => {
      const bytes = Buffer.from(input, 'latin1')
      assert.equal(decode([bytes]), result)
      assert.equal(decode(Array.from(bytes, (byte) => Uint8Array.of(byte))), result, 'cut at every byte')
      const step = Math.ceil(bytes.length / 300)
      for (let at = 0; at < bytes.length; at += step) {
        assert.equal(decode([bytes.subarray(0, at), bytes.subarray(at)]), result, `cut at ${at}`)
      }
    })
  }

  it('never throws, nor waits for more than its limit, whatever comes', () => {
    const seed = 4_096
    const random = new SeededRandom(seed)
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from(VECTORS[random.below(VECTORS.length)][1], 'latin1')
      for (let change = 1 + random.below(4); change > 0; change--) {
        bytes[random.below(Math.min(bytes.length, 60))] = random.below(256)
      }
      const filled = Buffer.concat([bytes, Buffer.alloc(PROXY_HEADER_BYTES_MAX)])
      assert.notEqual(decode([filled]), 'more', `seed ${seed}, round ${round}`)
    }
  })
})
