import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import { CollectingStream } from './fake-io.ts'
import { Progress, type ProgressForm, printDuration } from './progress.ts'

const HALF = { bytesDone: 1_536_000, bytesTotal: 3_072_000, bytesBefore: 512_000, records: 12_000 }

function shown(form: ProgressForm, afterMs: number, columns = 80): string {
  const stream = Object.assign(new CollectingStream(form === 'bar'), { columns })
  const clock = new SimulatedClock()
  const progress = new Progress(stream, clock, form)
  clock.advance(afterMs)
  progress.show(HALF)
  progress.show(HALF)
  progress.clear()
  return stream.text
}

describe('Progress', () => {
  it('draws one line over itself on a terminal, and takes it away', () => {
    const line = '[######       ]   50%  1.46 MiB of 2.93 MiB  12,000 records  1,200/s  0:15 left'
    assert.equal(shown('bar', 10_000), `\r\x1b[K${line}\r\x1b[K`)
    assert.equal(line.length, 80 - 1)
  })

  it('leaves the bar out, and then the end, where the terminal is narrow', () => {
    assert.equal(
      shown('bar', 10_000, 64),
      '\r\x1b[K 50%  1.46 MiB of 2.93 MiB  12,000 records  1,200/s  0:15 left\r\x1b[K',
    )
    assert.equal(shown('bar', 10_000, 20), '\r\x1b[K 50%  1.46 MiB of 2\r\x1b[K')
  })

  it('writes a plain line every few seconds elsewhere', () => {
    assert.equal(shown('lines', 4999), '')
    assert.equal(shown('lines', 5000), ' 50%  1.46 MiB of 2.93 MiB  12,000 records  2,400/s  0:08 left\n')
  })

  it('writes JSON for programs, and nothing when it should be quiet', () => {
    const [line, rest] = shown('json', 1000).split('\n')
    assert.deepEqual(JSON.parse(line), { progress: { ...HALF, recordsPerSecond: 12_000, secondsLeft: 2 } })
    assert.equal(rest, '')
    assert.equal(shown('none', 10_000), '')
  })

  it('does not guess the time left before anything has happened', () => {
    const stream = new CollectingStream(false)
    const clock = new SimulatedClock()
    const progress = new Progress(stream, clock, 'lines')
    clock.advance(6000)
    progress.show({ bytesDone: 0, bytesTotal: 10, bytesBefore: 0, records: 0 })
    assert.equal(stream.text, '  0%  0 B of 10 B  0 records  0/s\n')
  })

  it('prints times as people read them', () => {
    assert.deepEqual([0, 59, 60, 3599, 3723].map(printDuration), ['0:00', '0:59', '1:00', '59:59', '1:02:03'])
  })
})
