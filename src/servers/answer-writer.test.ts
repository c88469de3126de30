/** Answers go no faster than their peer takes them, and in few pieces. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnswerSink, AnswerWriter } from './answer-writer.ts'

class Sink implements AnswerSink {
  readonly pieces: string[] = []
  hasRoom = true
  #wake: (() => void) | null = null

  write(bytes: Uint8Array): void {
    this.pieces.push(Buffer.from(bytes).toString())
    this.#wake?.()
  }

  room(): Promise<void> {
    return Promise.resolve()
  }

  async written(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }
}

test('a writer is full where its peer has not taken enough, however little waits here', () => {
  const sink = new Sink()
  const out = new AnswerWriter(sink, 'main')
  out.line('one')
  assert.equal(out.isFull, false)
  sink.hasRoom = false
  assert.equal(out.isFull, true)
})

test('what is put in one turn goes as one piece, and what is put close behind it as another', async () => {
  const sink = new Sink()
  const out = new AnswerWriter(sink, 'main')
  const put = (text: string): void => {
    out.line(text)
    out.flushSoon()
  }
  put('1')
  put('2')
  assert.deepEqual(sink.pieces, [])
  await sink.written()
  const second = sink.written()
  put('3')
  await new Promise((resolve) => setImmediate(resolve))
  put('4')
  await second
  assert.deepEqual(sink.pieces, ['1\n2\n', '3\n4\n'])
})

test('the end of an answer waits for nothing', () => {
  const sink = new Sink()
  const out = new AnswerWriter(sink, 'main')
  out.line('1')
  out.flushSoon()
  out.end()
  assert.deepEqual(sink.pieces, ['1\nEND\n'])
})
