import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BatchEncoder, batchRecordsStart, recordFlags, recordLength } from './batch.ts'
import { fileByReceived } from './filing.ts'

const NOW_MS = Date.UTC(2027, 0, 15)
const DAY_MS = 86_400_000

function batchOf(times: readonly number[], flags = 0): Uint8Array {
  const encoder = new BatchEncoder()
  encoder.reset(NOW_MS, 0)
  for (const timeMs of times) {
    encoder.beginRecord()
    encoder.putMessage(new Uint8Array([120]), 0, 1)
    encoder.endRecord(0, flags, timeMs, 0)
  }
  return encoder.finish().slice()
}

function flagsOf(batch: Uint8Array, count: number): number[] {
  const view = new DataView(batch.buffer)
  const flags: number[] = []
  for (let at = batchRecordsStart(view, 0); flags.length < count; at += recordLength(view, at))
    flags.push(recordFlags(view, at))
  return flags
}

test('records more than a day ahead, or older than what is kept, are flagged and counted', () => {
  const times = [NOW_MS, NOW_MS + DAY_MS, NOW_MS + DAY_MS + 1, NOW_MS - 7 * DAY_MS, NOW_MS - 7 * DAY_MS - 1]
  const batch = batchOf(times, 4)
  assert.equal(fileByReceived(batch, 7 * DAY_MS), 2)
  assert.deepEqual(flagsOf(batch, 5), [4, 4, 12, 4, 12])
})

test('without a retention no record is too old', () => {
  const batch = batchOf([-8_000_000_000_000_000 / 1000, NOW_MS])
  assert.equal(fileByReceived(batch, 0), 0)
  assert.deepEqual(flagsOf(batch, 2), [0, 0])
})

test('bytes that are no batch are left alone', () => {
  assert.equal(fileByReceived(new Uint8Array(3), 1), 0)
  const cut = batchOf([NOW_MS + 3 * DAY_MS]).subarray(0, 50)
  const before = cut.slice()
  assert.equal(fileByReceived(cut, 1), 0)
  assert.deepEqual(cut, before)
  const endless = batchOf([NOW_MS, NOW_MS])
  new DataView(endless.buffer).setUint32(40, 0, true)
  assert.equal(fileByReceived(endless, 0), 0)
})
