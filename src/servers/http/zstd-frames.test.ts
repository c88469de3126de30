import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { constants, zstdCompressSync } from 'node:zlib'
import { ZstdFrameCutter } from './zstd-frames.ts'

const SKIPPABLE = Buffer.from('552a4d1803000000616263', 'hex')

function frame(text: string, params: Record<number, number> = {}): Buffer {
  return zstdCompressSync(text, { params })
}

/** The lengths of what was between the borders that the cutter found; chunks of one frame count together. */
function cut(bytes: Buffer, chunkBytes: number, borders: readonly number[]): void {
  const cutter = new ZstdFrameCutter()
  let at = 0
  const ends: number[] = []
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    for (const piece of cutter.pieces(bytes.subarray(start, start + chunkBytes))) {
      assert.deepEqual(Buffer.from(piece), bytes.subarray(at, at + piece.length))
      at += piece.length
      ends.push(at)
    }
  }
  assert.equal(at, bytes.length)
  for (const border of borders) assert.ok(ends.includes(border), `${border} is no border`)
  const others = ends.filter((end) => !borders.includes(end) && end % chunkBytes !== 0)
  assert.deepEqual(others, [])
}

function cutEverySize(frames: readonly Buffer[]): void {
  const bytes = Buffer.concat(frames)
  let end = 0
  const borders = frames.map((each) => (end += each.length))
  for (const chunkBytes of [1, 2, 3, 5, 7, 11, 100, 1000, bytes.length]) cut(bytes, chunkBytes, borders)
}

describe('ZstdFrameCutter', () => {
  it('cuts where frames end, wherever chunks end', () => {
    cutEverySize([frame('one\n'), frame(''), frame('two\n'.repeat(5000)), SKIPPABLE, frame('three')])
  })

  it('knows frames with checksums, without sizes, and of many blocks', () => {
    const random = Array.from({ length: 60_000 }, (_, index) => (index * 7919) % 9973).join(' ')
    cutEverySize([
      frame(random, { [constants.ZSTD_c_checksumFlag]: 1 }),
      frame('x'.repeat(300_000), { [constants.ZSTD_c_checksumFlag]: 1 }),
      frame(random, { [constants.ZSTD_c_contentSizeFlag]: 0 }),
      frame(random, { [constants.ZSTD_c_windowLog]: 10 }),
    ])
  })

  it('leaves alone what is no zstd', () => {
    const first = frame('one')
    cut(Buffer.concat([first, Buffer.from('{"_msg":"plain"}\n'.repeat(9))]), 1000, [
      first.length,
      first.length + 153,
    ])
  })
})
