import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { copyPrintable } from './printable-copy.ts'

/** Copies `bytes` from an odd place to another; what arrived, or null. */
function copied(bytes: Uint8Array): Uint8Array | null {
  const source = Buffer.concat([Buffer.from('\0\0\0'), bytes, Buffer.from('\0\0')])
  const target = new Uint8Array(bytes.length + 7)
  const isPrintable = copyPrintable(viewOf(source), 3, 3 + bytes.length, viewOf(target), 5)
  return isPrintable ? target.subarray(5, 5 + bytes.length) : null
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

describe('copyPrintable', () => {
  it('tells control characters from all other bytes, at every place of every short length', () => {
    for (let length = 1; length <= 20; length++) {
      for (let at = 0; at < length; at++) {
        for (let byte = 0; byte < 256; byte++) {
          const bytes = Buffer.alloc(length, 'x')
          bytes[at] = byte
          const isControl = (byte < 0x20 && byte !== 0x09) || byte === 0x7f
          const result = copied(bytes)
          assert.equal(result === null, isControl, `byte ${byte} at ${at} of ${length}`)
          if (result !== null) assert.deepEqual(Buffer.from(result), bytes)
        }
      }
    }
  })

  it('finds a control character beside a tab', () => {
    assert.equal(copied(Buffer.from('a\tb\0cdefgh')), null)
    assert.notEqual(copied(Buffer.from('a\tb\tc\td\te')), null)
  })
})
