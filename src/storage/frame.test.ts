/** The bytes of segments, literally: docs/formats/segment.md is written after them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkFrame,
  decodeFrameHeader,
  decodeSegmentHeader,
  encodeSegmentHeader,
  FRAME_HEADER_BYTES,
  FRAME_PAYLOAD_BYTES_MAX,
  parseSalt,
  saltText,
  sealFrame,
} from './frame.ts'

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/(.{16})/g, '$1 ')
    .trim()
const SALT = { low: 0x04030201, high: 0x08070605 }

const SEGMENT = { number: 7, salt: SALT, firstId: 2 ** 32 + 5, createdMs: 1_800_000_000_000, copyOf: 6 }

test('a segment header is these 64 bytes', () => {
  assert.equal(
    hex(encodeSegmentHeader(SEGMENT)),
    [
      '4c435345474d4e54', // "LCSEGMNT"
      '0100400007000000', // version 1, 64 bytes, number 7
      '0102030405060708', // salt
      '0500000001000000', // first id 2^32 + 5
      '00505c18a3010000', // created
      '0600000000000000', // copy of segment 6
      '0000000000000000',
      '00000000b0522405', // CRC-32
    ].join(' '),
  )
})

test('a segment header is read as it was written', () => {
  const header = decodeSegmentHeader(encodeSegmentHeader(SEGMENT))
  assert.ok(typeof header !== 'string')
  assert.deepEqual({ ...header, crc: 0 }, { ...SEGMENT, version: 1, crc: 0 })
})

test('a segment header with any bit changed is refused', () => {
  const good = encodeSegmentHeader(SEGMENT)
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bytes = good.slice()
    bytes[bit >> 3] ^= 1 << (bit & 7)
    assert.equal(typeof decodeSegmentHeader(bytes), 'string', `bit ${bit}`)
  }
  for (let length = 0; length < good.length; length++) {
    assert.equal(decodeSegmentHeader(good.subarray(0, length)), 'shorter than a segment header')
  }
})

const FRAME = {
  records: 2,
  firstId: 2 ** 33 + 1,
  durableBelow: 2 ** 33,
  salt: SALT,
  previousCrc: 0xdeadbeef,
  keys: 1,
  timeMsMin: -1,
  timeMsMax: 1_800_000_000_000,
  receivedMsMax: 1_800_000_000_001,
}

function frame(): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + 5).fill(0xaa)
  bytes.set([1, 2, 3, 4, 5], FRAME_HEADER_BYTES)
  sealFrame(bytes, FRAME)
  return bytes
}

test('a frame is these bytes, whatever was in its memory before', () => {
  assert.equal(
    hex(frame()),
    [
      '4c43465260000000', // "LCFR", 96 bytes, no flags
      '0500000002000000', // payload of 5 bytes, 2 records
      '0100000002000000', // first id 2^33 + 1
      '0000000002000000', // durable below 2^33
      '0102030405060708', // salt
      'efbeadde01000000', // CRC of the frame before, 1 key
      'ffffffffffffffff', // smallest time -1 ms
      '00505c18a3010000', // largest time
      '01505c18a3010000', // largest receivedTime
      '0000000000000000',
      '0000000000000000',
      '00000000f3bcef21', // CRC-32
      '0102030405', // payload
    ].join(' '),
  )
})

test('a frame is read as it was written', () => {
  const bytes = frame()
  const header = decodeFrameHeader(bytes, SALT)
  const { salt: _, ...fields } = FRAME
  assert.ok(header !== null)
  assert.deepEqual(header, { ...fields, payloadLength: 5, crc: header.crc })
  assert.equal(sealFrame(bytes, FRAME), header.crc)
  assert.equal(checkFrame(bytes), true)
})

test('a frame with any bit changed is refused', () => {
  const good = frame()
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bytes = good.slice()
    bytes[bit >> 3] ^= 1 << (bit & 7)
    const header = decodeFrameHeader(bytes, SALT)
    const isGood = header !== null && header.payloadLength === 5 && checkFrame(bytes)
    assert.equal(isGood, false, `bit ${bit}`)
  }
})

test('lengths that cannot be are refused before anybody allocates by them', () => {
  const change = (offset: number, value: number): Uint8Array => {
    const bytes = frame()
    new DataView(bytes.buffer).setUint32(offset, value, true)
    return bytes
  }
  for (const bytes of [
    change(8, 0),
    change(8, FRAME_PAYLOAD_BYTES_MAX + 1),
    change(8, 0xffffffff),
    change(12, 0),
    frame().subarray(0, FRAME_HEADER_BYTES - 1),
    new Uint8Array(FRAME_HEADER_BYTES),
  ]) {
    assert.equal(decodeFrameHeader(bytes, SALT), null)
  }
})

test('a salt is printed with 16 hexadecimal digits, the high half first', () => {
  assert.equal(saltText(SALT), '0807060504030201')
  assert.deepEqual(parseSalt('0807060504030201'), SALT)
  assert.deepEqual(parseSalt('ffffffff00000000'), { high: 0xffffffff, low: 0 })
  for (const text of ['', '080706050403020', '08070605040302011', '080706050403020g', '0807060504030201\n']) {
    assert.equal(parseSalt(text), null)
  }
})
