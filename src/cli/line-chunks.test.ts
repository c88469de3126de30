import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import { CHUNK_BYTES, cutChunks, LINE_BYTES_MAX, type LineChunk, START } from './line-chunks.ts'

const MIB = 1024 * 1024

async function chunksOf(text: string | Buffer, pieceBytes = 65_536, from = START): Promise<LineChunk[]> {
  const bytes = Buffer.from(text).subarray(from.offset)
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }
  const chunks: LineChunk[] = []
  for await (const chunk of cutChunks(pieces(), from)) chunks.push(chunk)
  return chunks
}

const shapeOf = ({ offset, end, line, lines, isTooLong }: LineChunk) => [offset, end, line, lines, isTooLong]

describe('cutChunks', () => {
  it('makes one chunk of a short stream, with its last half line', async () => {
    const [chunk, ...more] = await chunksOf('one\n\nthree')
    assert.deepEqual(shapeOf(chunk), [0, 10, 1, 3, false])
    assert.equal(Buffer.from(chunk.bytes).toString(), 'one\n\nthree')
    assert.deepEqual(more, [])
  })

  it('makes none of an empty stream', async () => {
    assert.deepEqual(await chunksOf(''), [])
  })

  it('ends a chunk after the last line end within a MiB', async () => {
    const line = `${'x'.repeat(299_999)}\n`
    const chunks = await chunksOf(line.repeat(5))
    assert.deepEqual(chunks.map(shapeOf), [
      [0, 900_000, 1, 3, false],
      [900_000, 1_500_000, 4, 2, false],
    ])
  })

  it('lets a line that ends exactly at the MiB into the chunk, and one byte more into the next', async () => {
    const exact = `${'x'.repeat(CHUNK_BYTES - 1)}\n`
    assert.deepEqual(
      (await chunksOf(`${exact}y\n`)).map(({ end }) => end),
      [CHUNK_BYTES, CHUNK_BYTES + 2],
    )
    assert.deepEqual(
      (await chunksOf(`a\n${exact}y\n`)).map(({ end }) => end),
      [2, CHUNK_BYTES + 2, CHUNK_BYTES + 4],
    )
  })

  it('makes a longer line a chunk of its own, and passes over one that is too long', async () => {
    const long = `${'x'.repeat(2 * MIB)}\n`
    const tooLong = `${'y'.repeat(LINE_BYTES_MAX)}\n`
    const chunks = await chunksOf(`a\n${long}${tooLong}b\n`)
    assert.deepEqual(chunks.map(shapeOf), [
      [0, 2, 1, 1, false],
      [2, 2 + long.length, 2, 1, false],
      [2 + long.length, 2 + long.length + tooLong.length, 3, 1, true],
      [2 + long.length + tooLong.length, 4 + long.length + tooLong.length, 4, 1, false],
    ])
    assert.equal(chunks[2].bytes.length, 0)
  })

  it('tells of a line that is too long also where the stream ends in it', async () => {
    const chunks = await chunksOf('z'.repeat(10 * MIB))
    assert.deepEqual(chunks.map(shapeOf), [[0, 10 * MIB, 1, 1, true]])
  })

  it('gives the whole lines that came before a failure, and leaves the half one', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('one\ntwo\nha')
      throw new Error('damaged')
    }
    const ends: number[] = []
    await assert.rejects(async () => {
      for await (const { end } of cutChunks(broken())) ends.push(end)
    }, /damaged/)
    assert.deepEqual(ends, [8])
  })

  it('cuts the same however the bytes arrive, and from the end of every chunk on', async () => {
    const seed = 4
    const random = new SeededRandom(seed)
    const line = (): string =>
      `${'l'.repeat(random.chance(0.02) ? random.below(4 * MIB) : random.below(4000))}\n`
    const text = Buffer.from(Array.from({ length: 400 }, line).join(''))
    const whole = await chunksOf(text, text.length)
    assert.ok(whole.length > 5)
    for (const pieceBytes of [10_007, MIB]) {
      assert.deepEqual((await chunksOf(text, pieceBytes)).map(shapeOf), whole.map(shapeOf), `seed ${seed}`)
    }
    for (const [n, { end, line, lines }] of whole.entries()) {
      const rest = await chunksOf(text, MIB, { offset: end, lines: line + lines - 1 })
      assert.deepEqual(rest.map(shapeOf), whole.slice(n + 1).map(shapeOf), `seed ${seed}, after chunk ${n}`)
    }
  })
})
