import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32c } from './crc32c.ts'

describe('crc32c', () => {
  it('has the check value of CRC-32C', () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0xe306_9283)
  })

  it('is what RFC 3720 gives for 32 bytes of zeros, of ones and counting up', () => {
    assert.equal(crc32c(Buffer.alloc(32)), 0x8a91_36aa)
    assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8_ab43)
    assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd_794e)
  })

  it('is 0 for nothing', () => {
    assert.equal(crc32c(new Uint8Array(0)), 0)
  })
})
