import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CodedError, SimulatedClock } from '../base/base.ts'
import {
  batchReceivedMs,
  batchRecordsStart,
  batchSharedCount,
  batchSharedStart,
  fieldLength,
  fieldNameLength,
  recordSeverity,
  recordTimeMs,
} from '../record/record.ts'
import { FakeStore } from './fake-hub.ts'
import { StoreGate } from './store-gate.ts'
import { turns, until } from './test-peer.ts'
import { UdpDrops } from './udp-drops.ts'
import { UdpLines, type UdpLinesOptions } from './udp-lines.ts'

const GATHER_MS = 5

function build(changes: Partial<UdpLinesOptions> = {}, unstoredBytesMax = 64 << 20) {
  const clock = new SimulatedClock({ wallMs: 1_750_000_000_000 })
  const store = new FakeStore()
  const drops = new UdpDrops(clock, () => {})
  const problems: string[] = []
  const options: UdpLinesOptions = {
    text: { recordBytesMax: 1000, batchBytesMax: 1 << 20, plainLinesReply: 'ack', timeZone: null },
    clientFields: false,
    queueBytesMax: 1 << 20,
    gatherMs: GATHER_MS,
    problem: (message) => problems.push(message),
    ...changes,
  }
  const gate = new StoreGate(store, unstoredBytesMax)
  const lines = new UdpLines(gate, clock, options, drops)
  const push = (text: string, port = 1): boolean => lines.push(Buffer.from(text, 'latin1'), '192.0.2.1', port)
  return { clock, store, drops, problems, gate, lines, push }
}

/** The fields that all records of a batch share, as `name=value`. */
function sharedFields(batch: Uint8Array): string[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  const fields: string[] = []
  let at = batchSharedStart(view, 0)
  for (let index = 0; index < batchSharedCount(view, 0); index++) {
    const nameEnd = at + 6 + fieldNameLength(view, at)
    const name = Buffer.from(batch.subarray(at + 6, nameEnd)).toString()
    at += fieldLength(view, at)
    fields.push(`${name}=${Buffer.from(batch.subarray(nameEnd, at)).toString()}`)
  }
  return fields
}

describe('UdpLines', () => {
  it('makes a record of every line, the last one too', async () => {
    const { clock, store, lines, push } = build()
    push('one')
    push('two\nthree\r\n\nfour')
    push('caf\xe9 \x00\x1b[31m')
    assert.equal(store.appends, 0)
    clock.advance(GATHER_MS)
    await turns(2)
    assert.deepEqual(store.messages, ['one', 'two', 'three', 'four', 'caf\xe9 \x00\x1b[31m'])
    const { stored, emptyLines, plainLines, pending, heldBytes } = lines.stats()
    assert.deepEqual({ stored, emptyLines, plainLines }, { stored: 5, emptyLines: 1, plainLines: 5 })
    assert.deepEqual({ pending, heldBytes }, { pending: 0, heldBytes: 0 })
    assert.equal(clock.timers, 0)
  })

  it('reads level and time of plain lines and of LOG commands', async () => {
    const { clock, store, push } = build()
    push('2025-06-01T00:00:00Z WARN low')
    push('LOG|ERROR|1700000000|bad')
    push('LOG:1700000001:INFO:short')
    clock.advance(GATHER_MS)
    await turns(2)
    assert.deepEqual(store.messages, ['2025-06-01T00:00:00Z WARN low', 'bad', 'short'])
    const [plain, commands] = store.batches.map((batch) => new DataView(batch.buffer, batch.byteOffset))
    const at = batchRecordsStart(plain, 0)
    assert.equal(recordTimeMs(plain, at), Date.UTC(2025, 5, 1))
    assert.equal(recordSeverity(plain, at), 13)
    assert.equal(recordTimeMs(commands, batchRecordsStart(commands, 0)), 1_700_000_000_000)
  })

  it('gives lines without a time that of the first datagram they were gathered with', async () => {
    const { clock, store, push } = build()
    push('one')
    clock.advance(3)
    push('two')
    clock.advance(2)
    await turns(2)
    assert.equal(store.batches.length, 1)
    const view = new DataView(store.batches[0].buffer, store.batches[0].byteOffset)
    assert.equal(batchReceivedMs(view, 0), 1_750_000_000_000)
    assert.equal(recordTimeMs(view, batchRecordsStart(view, 0)), 1_750_000_000_000)
  })

  it('keeps the sender with each record when it is asked to', async () => {
    const { clock, store, push } = build({ clientFields: true })
    push('a', 4711)
    push('b', 4712)
    push('c', 4711)
    clock.advance(GATHER_MS)
    await turns(2)
    assert.deepEqual(store.messages, ['a', 'c', 'b'])
    assert.deepEqual(store.batches.map(sharedFields), [
      ['client.address=192.0.2.1', 'client.port=4711'],
      ['client.address=192.0.2.1', 'client.port=4712'],
    ])
  })

  it('counts commands that it refuses, and those that mean nothing here', async () => {
    const { clock, store, lines, push } = build()
    push('LOG|LOUD|1|x')
    push('PING\nSTATS\nQUIT\nAUTH|secret')
    push('after')
    clock.advance(GATHER_MS)
    await turns(2)
    assert.deepEqual(store.messages, ['after'])
    const { refused, ignoredCommands, commands } = lines.stats()
    assert.deepEqual(
      { refused, ignoredCommands, commands },
      { refused: { badLevel: 1 }, ignoredCommands: 4, commands: 1 },
    )
  })

  it('cuts and marks a line that is too long', async () => {
    const { clock, store, lines, push } = build()
    push('x'.repeat(5000))
    push('y')
    clock.advance(GATHER_MS)
    await turns(2)
    assert.deepEqual(store.messages, ['x'.repeat(1000), 'y'])
    assert.equal(lines.stats().truncated, 1)
  })

  it('takes no more than the queue holds while the store is slow, and all again afterwards', async () => {
    const { clock, store, lines, push } = build({ queueBytesMax: 3500 })
    store.isHeld = true
    const taken: boolean[] = []
    for (let index = 0; index < 6; index++) {
      taken.push(push('x'.repeat(900)))
      clock.advance(GATHER_MS)
    }
    assert.deepEqual(taken, [true, true, true, false, false, false])
    assert.equal(lines.stats().pending, 3)
    store.isHeld = false
    store.release()
    await turns(2)
    assert.equal(push('again'), true)
    clock.advance(GATHER_MS)
    await turns(2)
    assert.equal(store.messages.length, 4)
    assert.equal(lines.stats().heldBytes, 0)
  })

  it('decodes nothing while the gate is closed, and goes on when it opens', async () => {
    const { clock, store, gate, push } = build({}, 100)
    gate.take(100)
    push('one')
    clock.advance(GATHER_MS)
    push('two')
    clock.advance(GATHER_MS)
    assert.equal(store.appends, 0)
    gate.give(100)
    await until(() => store.messages.length === 2, 'both records')
    assert.deepEqual(store.messages, ['one', 'two'])
  })

  it('keeps records for a full store until it has room, in their order', async () => {
    const { clock, store, lines, drops, push } = build()
    store.refusal = 'STORE_FULL'
    push('one')
    clock.advance(GATHER_MS)
    await turns(2)
    push('LOG|INFO||two')
    push('three')
    clock.advance(GATHER_MS)
    await turns(2)
    assert.equal(lines.stats().pending, 1)
    store.accept()
    await until(() => store.messages.length === 3, 'the records')
    assert.deepEqual(store.messages, ['one', 'two', 'three'])
    assert.equal(lines.stats().stored, 3)
    assert.equal(drops.counts.outOfTime + drops.counts.notStored, 0)
  })

  it('tries again later when the store promises room that it has not', async () => {
    const { clock, store, push } = build()
    store.refusal = 'STORE_FULL'
    store.isLying = true
    push('one')
    clock.advance(GATHER_MS)
    await until(() => store.appends === 2, 'a second attempt')
    await turns(2)
    assert.equal(store.appends, 2)
    store.refusal = null
    clock.advance(100)
    await until(() => store.messages.length === 1, 'the record')
  })

  it('counts records that a read-only store does not take', async () => {
    const { clock, store, lines, drops, push } = build()
    store.refusal = 'STORE_READ_ONLY'
    push('one\ntwo')
    clock.advance(GATHER_MS)
    await turns(2)
    assert.equal(drops.counts.storageReadOnly, 2)
    const { stored, pending, heldBytes } = lines.stats()
    assert.deepEqual({ stored, pending, heldBytes }, { stored: 0, pending: 0, heldBytes: 0 })
  })

  it('counts records that the store fails to take, and tells why', async () => {
    const { clock, store, drops, problems, push } = build()
    store.isHeld = true
    push('one')
    clock.advance(GATHER_MS)
    store.fail(new CodedError('BATCH_CORRUPT', 'from the test'))
    await turns(2)
    assert.equal(drops.counts.notStored, 1)
    assert.deepEqual(problems, ['A batch that came over UDP could not be stored'])
  })

  it('settles when all that was taken is stored', async () => {
    const { store, lines, push } = build()
    store.isHeld = true
    push('one')
    let isSettled = false
    const settled = lines.settle().then(() => {
      isSettled = true
    })
    await turns(5)
    assert.equal(isSettled, false)
    assert.equal(store.waiting, 1)
    store.release()
    await settled
    assert.deepEqual(store.messages, ['one'])
  })

  it('settles at once when there is nothing', async () => {
    await build().lines.settle()
  })

  it('counts what it could not store when it gives up', async () => {
    const { clock, store, lines, drops, push } = build()
    store.refusal = 'STORE_FULL'
    push('one\ntwo')
    clock.advance(GATHER_MS)
    await turns(2)
    push('three')
    assert.equal(lines.giveUp(), 3)
    assert.equal(drops.counts.outOfTime, 3)
    const { pending, heldBytes } = lines.stats()
    assert.deepEqual({ pending, heldBytes }, { pending: 0, heldBytes: 0 })
    store.accept()
    await turns(5)
    assert.deepEqual(store.messages, [])
  })
})
