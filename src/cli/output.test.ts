import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { describe, it } from 'node:test'
import { CollectingStream, run } from './fake-io.ts'
import { Output, OutputClosed } from './output.ts'

describe('Output', () => {
  it('writes text and bytes in order', async () => {
    const stream = new CollectingStream(false)
    const out = new Output(stream)
    await out.write('a')
    await out.write(Uint8Array.of(0xff))
    await out.flush()
    assert.deepEqual([...stream.bytes], [0x61, 0xff])
  })

  it('waits while the reader is slow', async () => {
    const waiting: (() => void)[] = []
    const stream = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => void waiting.push(done),
    })
    const out = new Output(stream)
    let isDone = false
    const writing = out.write('abc').then(() => {
      isDone = true
    })
    await new Promise(setImmediate)
    assert.equal(isDone, false)
    waiting.shift()?.()
    await writing
    assert.equal(isDone, true)
  })

  it('says when the reader is gone, and lets nobody wait for it', async () => {
    const out = new Output(new CollectingStream(false, 1))
    await out.write('first')
    await out.write('second').catch(() => {})
    await assert.rejects(out.flush(), OutputClosed)
    assert.equal(out.closed.aborted, true)
    await assert.rejects(out.write('third'), OutputClosed)
  })

  it('hands on an error of the disk behind it', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
    const out = new Output(new Writable({ write: (_chunk, _encoding, done) => done(full) }))
    await out.write('x').catch(() => {})
    await assert.rejects(out.flush(), full)
  })

  it('ends a command quietly with 0 when nobody reads', async () => {
    assert.deepEqual(await run(['--help'], { closesAfterWrites: 0 }), { code: 0, out: '', err: '' })
  })
})
