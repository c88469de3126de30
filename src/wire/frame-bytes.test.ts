import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FrameBytes } from './frame-bytes.ts'

describe('FrameBytes', () => {
  it('hands out bytes of one chunk without a copy', () => {
    const chunk = Uint8Array.of(1, 2, 3)
    const bytes = new FrameBytes()
    bytes.push(chunk)
    bytes.skip(1)
    assert.equal(bytes.take(2).buffer, chunk.buffer)
  })

  it('keeps what was left of a chunk that is used again', () => {
    const chunk = Uint8Array.of(1, 2, 3)
    const bytes = new FrameBytes()
    bytes.push(chunk)
    bytes.skip(1)
    bytes.settle()
    chunk.fill(9)
    bytes.push(Uint8Array.of(4, 5))
    assert.equal(bytes.uint32(0), 0x02030405)
    assert.deepEqual(Array.from(bytes.take(4)), [2, 3, 4, 5])
    bytes.settle()
    assert.equal(bytes.length, 0)
  })

  it('gives memory back when a long frame was taken and half a short one waits', () => {
    const bytes = new FrameBytes()
    bytes.push(new Uint8Array(60_000))
    bytes.settle()
    bytes.push(Uint8Array.of(1, 2, 3))
    assert.equal(bytes.capacity, 65_536)
    bytes.skip(60_001)
    bytes.settle()
    assert.equal(bytes.capacity, 256)
    assert.deepEqual(Array.from(bytes.take(2)), [2, 3])
    bytes.settle()
    assert.equal(bytes.capacity, 0)
  })

  it('reads numbers up to the largest', () => {
    const bytes = new FrameBytes()
    bytes.push(Uint8Array.of(255, 255, 255, 255))
    assert.equal(bytes.uint16(2), 65_535)
    assert.equal(bytes.uint32(0), 4_294_967_295)
  })

  it('crashes when a chunk comes before the one before was settled', () => {
    const bytes = new FrameBytes()
    bytes.push(Uint8Array.of(1))
    assert.throws(() => bytes.push(Uint8Array.of(2)), /BUG: the chunk before was not settled/)
    assert.throws(() => bytes.take(2), /BUG: more bytes taken than there are/)
  })
})
