/** Lines of a tail over HTTP: in few pieces, no faster than the peer takes them, and a sign of life where there are none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../../base/base.ts'
import { TailLines } from './tail-lines.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function open(heartbeatMs = 10_000) {
  const pieces: string[] = []
  const taken: (() => void)[] = []
  const peer = { isSlow: false }
  const writer = {
    write: (piece: string): Promise<void> => {
      pieces.push(piece)
      return peer.isSlow ? new Promise((resolve) => taken.push(resolve)) : Promise.resolve()
    },
    end: (piece: string): void => void pieces.push(`${piece}END`),
  }
  const clock = new SimulatedClock({ wallMs: 0 })
  return { pieces, taken, peer, clock, lines: new TailLines(writer, clock, { rows: 0 }, heartbeatMs) }
}

test('what is put in one turn goes as one piece, and what is put close behind it as another', async () => {
  const { pieces, lines, clock } = open()
  lines.line('1')
  lines.line('2')
  await turn()
  assert.deepEqual(pieces, ['1\n2\n'])
  lines.line('3')
  await turn()
  lines.line('4')
  await turn()
  assert.deepEqual(pieces, ['1\n2\n'])
  clock.advance(20)
  await turn()
  lines.end()
  assert.deepEqual(pieces, ['1\n2\n', '3\n4\n', 'END'])
})

test('there is no room while the peer has not taken what was written, nor behind a whole piece', async () => {
  const { pieces, taken, peer, lines } = open()
  peer.isSlow = true
  lines.line('1')
  assert.equal(lines.hasRoom, true)
  await turn()
  assert.equal(lines.hasRoom, false)
  lines.line('2')
  const ready = lines.ready()
  await turn()
  assert.deepEqual(pieces, ['1\n'])
  peer.isSlow = false
  taken[0]()
  await ready
  assert.deepEqual([pieces, lines.hasRoom], [['1\n', '2\n'], true])
  lines.line('3'.repeat(40_000))
  assert.equal(lines.hasRoom, false)
  lines.stop()
})

test('an empty line says that the connection lives, so long after the last row as is asked for, until the end', async () => {
  const { pieces, lines, clock } = open()
  clock.advance(4000)
  lines.line('1')
  await turn()
  clock.advance(9999)
  await turn()
  assert.deepEqual(pieces, ['1\n'])
  clock.advance(1)
  await turn()
  assert.deepEqual(pieces, ['1\n', '\n'])
  lines.end()
  clock.advance(60_000)
  await turn()
  assert.deepEqual(pieces, ['1\n', '\n', 'END'])
})

test('no empty line comes where none is asked for', async () => {
  const { pieces, lines, clock } = open(0)
  lines.line('1')
  await turn()
  clock.advance(3_600_000)
  await turn()
  lines.end()
  assert.deepEqual(pieces, ['1\n', 'END'])
})
