import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { within } from '../../../test/deadline.ts'
import { ChunkGatherer, GatherPool } from './chunk-gatherer.ts'

const next = (chunks: ChunkGatherer) => within(chunks.next(), 'the next chunk')

describe('ChunkGatherer', () => {
  it('hands over what comes in one turn of the event loop as one chunk, and null behind the last', async () => {
    const stream = new PassThrough()
    const pool = new GatherPool(1)
    const chunks = new ChunkGatherer(stream, pool)
    stream.write('one ')
    stream.write('two ')
    assert.equal(String(await next(chunks)), 'one two ')
    stream.end('three')
    assert.equal(String(await next(chunks)), 'three')
    assert.equal(await next(chunks), null)
    assert.equal(await next(chunks), null)
    assert.equal(pool.used, 0)
  })

  it('waits for what has not come yet', async () => {
    const stream = new PassThrough()
    const chunks = new ChunkGatherer(stream, new GatherPool(1))
    const chunk = next(chunks)
    await turn()
    stream.write('late')
    assert.equal(String(await chunk), 'late')
  })

  it('loses, adds and reorders nothing, however the bytes come', async () => {
    const pieces = Array.from({ length: 2000 }, (_, index) =>
      Buffer.alloc((index * 37) % 9000, String(index)),
    )
    const chunks = new ChunkGatherer(Readable.from(pieces, { objectMode: false }), new GatherPool(1))
    const read: Buffer[] = []
    for (let chunk = await next(chunks); chunk !== null; chunk = await next(chunks))
      read.push(Buffer.from(chunk))
    assert.ok(Buffer.concat(read).equals(Buffer.concat(pieces)))
  })

  it('takes no more at once than some chunks, and lets the stream rest while nobody asks', async () => {
    let made = 0
    const endless = new Readable({
      highWaterMark: 64 * 1024,
      read() {
        made++
        this.push(Buffer.alloc(64 * 1024))
      },
    })
    const chunks = new ChunkGatherer(endless, new GatherPool(1))
    assert.equal((await next(chunks))?.length, 256 * 1024)
    for (let turns = 0; turns < 20; turns++) await turn()
    assert.ok(made <= 6, `${made} pieces`)
    chunks.stop()
  })

  it('hands over each piece as it comes where all buffers are in use', async () => {
    const pool = new GatherPool(1)
    pool.take()
    const stream = new PassThrough()
    const chunks = new ChunkGatherer(stream, pool)
    stream.write(Buffer.alloc(50, 'a'))
    stream.write(Buffer.alloc(50, 'b'))
    assert.equal(String(await next(chunks)), 'a'.repeat(50))
    assert.equal(String(await next(chunks)), 'b'.repeat(50))
    assert.equal(pool.used, 1)
  })

  it('hands over a chunk that has no room as it is, in its place, and borrows nothing for it', async () => {
    const pool = new GatherPool(1)
    const stream = new PassThrough({ highWaterMark: 1 << 20 })
    const chunks = new ChunkGatherer(stream, pool)
    const large = Buffer.alloc(256 * 1024 + 1, 'a')
    stream.write(large)
    assert.equal((await next(chunks))?.length, large.length)
    assert.equal(pool.used, 0)
    stream.write('before')
    const chunk = next(chunks)
    // A stream need not rest at once.
    stream.once('data', () =>
      ['data', 'data'].map((name, at) => stream.emit(name, [large, Buffer.from('z')][at])),
    )
    assert.equal(String(await chunk), 'before')
    assert.equal((await next(chunks))?.length, large.length)
    assert.equal(String(await next(chunks)), 'z')
  })

  it('gives back the memory of chunks that it copied, where they are its own', async () => {
    for (const isOwner of [true, false]) {
      const whole = Buffer.from(new ArrayBuffer(10)).fill('w')
      const piece = Buffer.from(new ArrayBuffer(10)).fill('p').subarray(1)
      const stream = new PassThrough()
      const chunks = new ChunkGatherer(stream, new GatherPool(1), isOwner)
      stream.write(whole)
      stream.write(piece)
      assert.equal(String(await next(chunks)), 'wwwwwwwwwwppppppppp')
      assert.deepEqual([whole.length, piece.length], [isOwner ? 0 : 10, 9])
    }
  })

  it('tells a failure behind what came before it', async () => {
    const stream = new PassThrough()
    const chunks = new ChunkGatherer(stream, new GatherPool(1))
    stream.write('one')
    const chunk = next(chunks)
    stream.once('data', () => stream.destroy(new Error('broken')))
    assert.equal(String(await chunk), 'one')
    await assert.rejects(next(chunks), { message: 'broken' })
  })

  it('says when a stream was over before it came', async () => {
    const stream = new PassThrough()
    stream.destroy()
    await turn()
    await assert.rejects(next(new ChunkGatherer(stream, new GatherPool(1))), {
      code: 'ERR_STREAM_PREMATURE_CLOSE',
    })
  })

  it('gives back what nobody took, and leaves the stream as it is', async () => {
    const stream = new PassThrough()
    const pool = new GatherPool(1)
    const chunks = new ChunkGatherer(stream, pool)
    stream.write('one')
    void chunks.next()
    await new Promise((resolve) => stream.once('data', resolve))
    chunks.stop()
    assert.deepEqual([pool.used, stream.destroyed, stream.isPaused()], [0, false, true])
  })
})
