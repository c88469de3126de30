import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom, SimulatedClock, SimulatedDisk } from '../base/base.ts'
import { encodeMessages, StillClock } from '../testing/crash-run.ts'
import { Chunk } from './buffer.ts'
import { Group, readBatchFacts } from './group.ts'
import { openStore } from './open-store.ts'

const batch = (...messages: string[]): Uint8Array => encodeMessages(messages, new StillClock())

test('a batch whose records do not fill it, or whose length lies, is refused with what is wrong', () => {
  const good = batch('one', 'two')
  assert.equal(typeof readBatchFacts(good), 'object')
  assert.equal(readBatchFacts(good.subarray(0, 30)), 'shorter than a batch header')
  assert.equal(
    readBatchFacts(good.subarray(0, good.length - 1)),
    `its length says ${good.length}, it has ${good.length - 1} bytes`,
  )
  const counted = good.slice()
  new DataView(counted.buffer).setUint32(8, 3, true)
  assert.equal(readBatchFacts(counted), 'record 2 reaches beyond the batch')
  new DataView(counted.buffer).setUint32(8, 1, true)
  assert.equal(readBatchFacts(counted), 'its records do not fill it')
  new DataView(counted.buffer).setUint32(8, 0, true)
  assert.equal(readBatchFacts(counted), '0 records')
})

test('the store refuses such a batch as BATCH_CORRUPT and goes on', async () => {
  const store = await openStore({
    disk: new SimulatedDisk(),
    directory: '/data',
    clock: new SimulatedClock(),
    random: new SeededRandom(1),
  })
  await assert.rejects(store.append(batch('cut').subarray(0, 50)), { code: 'BATCH_CORRUPT' })
  assert.equal(await store.append(batch('whole')), 1)
  await store.close()
})

test('a group lays batches end to end behind room for a frame header, and gives them their ids', () => {
  const chunk = new Chunk(4096)
  const group = new Group(chunk, 7)
  for (const bytes of [batch('a', 'b'), batch('c')]) {
    const facts = readBatchFacts(bytes)
    assert.ok(typeof facts === 'object')
    assert.ok(group.hasRoom(bytes.length, 4096))
    group.add(bytes, facts, facts.receivedMs, facts.receivedNs)
  }
  assert.equal(group.records, 3)
  assert.equal(group.endId, 10)
  assert.equal(group.bytes, 96 + batch('a', 'b').length + batch('c').length)
  assert.equal(chunk.view.getUint32(96 + 16, true), 7)
  assert.equal(chunk.view.getUint32(96 + batch('a', 'b').length + 16, true), 9)
})
