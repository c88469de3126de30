/** What the store does when its disk fails while it runs (rules R1, R3, R19, R20, R24): literal outcomes. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type DiskOperation, RealDisk, SeededRandom, SimulatedClock } from '../base/base.ts'
import { ID_MAX } from '../record/record.ts'
import {
  encodeSample,
  hasCode,
  messages,
  readMessages,
  readStore,
  scanRows,
} from '../testing/sample-records.ts'
import { countUp } from '../testing/test-length.ts'
import { openStore } from './open-store.ts'
import type { Store } from './store.ts'
import type { StoreOptions } from './store-options.ts'
import { SharedTasks, TestDirectory } from './test-directory.ts'

const SAMPLE_STEP = 3

const append = (store: Store, ...texts: string[]): Promise<number> =>
  store.append(encodeSample(messages(...texts)))

const appendMore = (store: Store, ...texts: string[]): Promise<number> =>
  store.append(encodeSample(messages(...texts)), { isMoreComing: true })

async function openWith(
  texts: readonly string[],
  options: Partial<StoreOptions> = {},
  directory = new TestDirectory(),
) {
  const store = await directory.open(options)
  for (const text of texts) await append(store, text)
  return { directory, store }
}

/** Opens what a kill, and what a power cut, leave of the directory, and reads it. */
async function readCrashes(directory: TestDirectory): Promise<string[][]> {
  const found: string[][] = []
  const cut = new TestDirectory(directory.disk.fork().powerCut(1))
  directory.kill()
  for (const crashed of [directory, cut]) {
    const store = await crashed.open()
    assert.equal(store.stats().reason, null)
    found.push(Object.values(await readMessages(store)))
    await store.close()
  }
  return found
}

// ---- group commit -------------------------------------------------------------------------------------------

test('batches that come while a sync is under way share the next one', async () => {
  const { store } = await openWith(['one'])
  await settled()
  const { syncs } = store.stats()
  await Promise.all(Array.from({ length: 100 }, (_, at) => append(store, `${at}`)))
  assert.equal(store.stats().syncs - syncs, 2)
})

test('a record is not visible before the sync of its frame returned', async () => {
  const { directory, store } = await openWith(['one'])
  const seen: number[] = []
  const look = (operation: string): void => {
    if (operation !== 'datasync') return
    using snapshot = store.snapshot()
    seen.push(snapshot.records)
  }
  directory.disk.onCall = look
  directory.disk.onReturn = look
  await append(store, 'two')
  assert.deepEqual(seen, [1, 1])
  assert.equal(store.stats().records, 2)
})

test('a group is cut at groupBytesMax, and a larger batch has one of its own', async () => {
  const { directory, store } = await openWith(['one'], { groupBytesMax: 1000 })
  await settled()
  const texts = ['first', 'x'.repeat(500), 'x'.repeat(500), 'y'.repeat(3000), 'z']
  await Promise.all(texts.map((text) => append(store, text)))
  const frames = directory.frames('segment-00000001')
  assert.deepEqual(
    frames.map(({ firstId, records }) => [firstId, records]),
    [
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 1],
      [6, 1],
    ],
  )
})

test('batches with more to come share the write and the sync of the one behind which nothing comes', async () => {
  const { directory, store } = await openWith(['one'])
  await settled()
  const ids = [appendMore(store, 'two'), appendMore(store, 'three')]
  await settled()
  assert.equal(directory.frames('segment-00000001').length, 1)
  assert.deepEqual(await Promise.all([...ids, append(store, 'four')]), [2, 3, 4])
  assert.deepEqual(
    directory.frames('segment-00000001').map(({ records }) => records),
    [1, 3],
  )
})

test('what waits for more is made durable when nothing more comes, when it took too long, or when it is much', async () => {
  const ends: Record<string, (directory: TestDirectory, store: Store) => unknown> = {
    hurry: (_directory, store) => store.hurry(),
    time: ({ clock }) => clock.advance(10),
    flush: (_directory, store) => store.flush(),
    close: (_directory, store) => store.close(),
    bytes: (_directory, store) => void appendMore(store, 'x'.repeat(1024 * 1024)),
  }
  for (const [how, end] of Object.entries(ends)) {
    const { directory, store } = await openWith(['one'], { batchBytesMax: 4 * 1024 * 1024 })
    await settled()
    let isStored = false
    const stored = appendMore(store, 'two').then((id) => {
      isStored = true
      return id
    })
    directory.clock.advance(9)
    await settled()
    assert.equal(isStored, false, how)
    await end(directory, store)
    assert.equal(await stored, 2, how)
  }
})

test('a group that was gathered during a sync waits for more as well', async () => {
  const { directory, store } = await openWith(['one'])
  await settled()
  const first = append(store, 'two')
  const more = appendMore(store, 'three')
  await first
  await settled()
  assert.equal(directory.frames('segment-00000001').length, 2)
  store.hurry()
  assert.equal(await more, 3)
})

// ---- failing syncs ------------------------------------------------------------------------------------------

test('a segment whose sync failed is never synced again, and its waiters succeed through a fresh one', async () => {
  for (const reach of ['nothing', 'some', 'everything'] as const) {
    const { directory, store } = await openWith(['one'])
    let syncs = 0
    directory.disk.onCall = (operation, path) => {
      if (operation === 'datasync' && path.endsWith('segment-00000001')) syncs++
    }
    directory.disk.failCall(1, { operation: 'datasync', code: 'EIO', reach })
    const ids = await Promise.all([append(store, 'two'), append(store, 'three')])
    await append(store, 'four')
    assert.deepEqual(ids, [2, 3])
    assert.equal(syncs, 1)
    assert.equal(store.stats().failedSyncs, 1)
    assert.deepEqual(directory.names('segment'), ['segment-00000001', 'segment-00000002'])
    assert.deepEqual(directory.frames('segment-00000001').length, 1)
    assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two', 3: 'three', 4: 'four' })
    assert.deepEqual(await readCrashes(directory), [
      ['one', 'two', 'three', 'four'],
      ['one', 'two', 'three', 'four'],
    ])
  }
})

test('when syncs go on failing the store is read-only: nothing is acknowledged, and queries still work', async () => {
  const { directory, store } = await openWith(['one', 'two'])
  directory.disk.failCall(1, { operation: 'datasync', code: 'EIO', persistent: true })
  const outcomes = await Promise.allSettled([append(store, 'a'), append(store, 'b'), append(store, 'c')])
  for (const outcome of outcomes) {
    assert.ok(outcome.status === 'rejected' && hasCode('STORE_READ_ONLY')(outcome.reason))
  }
  const { state, reason, syncs } = store.stats()
  assert.equal(state, 'readOnly')
  assert.match(reason ?? '', /^The disk failed: EIO/)
  assert.deepEqual(directory.states, ['readOnly'])
  await assert.rejects(append(store, 'later'), hasCode('STORE_READ_ONLY'))
  await assert.rejects(store.writable(), hasCode('STORE_READ_ONLY'))
  assert.equal(store.stats().syncs, syncs)
  assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two' })
  await store.close()
  directory.disk.heal()
  assert.deepEqual(await readMessages(await directory.open()), { 1: 'one', 2: 'two' })
})

test('who waits for room when the disk dies is told', async () => {
  const { directory, store } = await openWith([], { gatherBytesMax: 100 })
  directory.disk.failCall(1, { operation: 'datasync', code: 'EIO', persistent: true })
  const appended = append(store, 'x'.repeat(200))
  await assert.rejects(Promise.all([store.writable(), appended]), hasCode('STORE_READ_ONLY'))
  await assert.rejects(appended, hasCode('STORE_READ_ONLY'))
})

test('a write that fails once is done again, in the same segment when that can be cut back', async () => {
  const { directory, store } = await openWith(['one'])
  directory.disk.failCall(1, { operation: 'write', code: 'EIO', partialBytes: 50, partialOutcome: 'thrown' })
  assert.equal(await append(store, 'two'), 2)
  assert.deepEqual(directory.names('segment'), ['segment-00000001'])
  assert.equal(directory.frames('segment-00000001').length, 2)
  directory.disk.failCall(1, { operation: 'write', code: 'EIO', partialBytes: 50, partialOutcome: 'thrown' })
  directory.disk.failCall(1, { operation: 'truncate', code: 'EIO' })
  assert.equal(await append(store, 'three'), 3)
  assert.deepEqual(directory.names('segment'), ['segment-00000001', 'segment-00000002'])
  assert.deepEqual(await readCrashes(directory), [
    ['one', 'two', 'three'],
    ['one', 'two', 'three'],
  ])
})

// ---- full disks ---------------------------------------------------------------------------------------------

test('a disk that fills up in the middle of a write refuses the batch whole, is read on, and recovers by itself', async () => {
  const { directory, store } = await openWith(['one', 'two'])
  const used = directory.names().reduce((sum, name) => sum + directory.bytes(name).length, 0)
  directory.disk.setCapacity(used + 50)
  const refused = await Promise.allSettled([append(store, 'a'), append(store, 'b'), append(store, 'c')])
  for (const outcome of refused) {
    assert.ok(outcome.status === 'rejected' && hasCode('STORE_FULL')(outcome.reason))
    assert.match(String(outcome.reason.message), /^Log storage full: ENOSPC/)
  }
  assert.equal(store.stats().state, 'full')
  assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two' })
  await assert.rejects(append(store, 'd'), hasCode('STORE_FULL'))
  assert.equal(directory.frames('segment-00000001').length, 2)

  const roomy = store.writable()
  directory.clock.advance(1000)
  await settled()
  assert.equal(store.stats().state, 'full')
  directory.disk.setCapacity(10_000_000)
  directory.clock.advance(1000)
  await roomy
  assert.deepEqual(directory.states, ['full', 'writable'])
  const id = await append(store, 'three')
  assert.deepEqual(await readMessages(store), { 1: 'one', 2: 'two', [id]: 'three' })
  assert.deepEqual(await readCrashes(directory), [
    ['one', 'two', 'three'],
    ['one', 'two', 'three'],
  ])
})

/** Whatever is under way on the simulated disk is over afterwards. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('nothing of a refused batch is there after a kill while the disk is full', async () => {
  for (const operation of ['write', 'datasync'] as const) {
    const { directory, store } = await openWith(['one'])
    directory.disk.failCall(1, { operation, code: 'ENOSPC', partialBytes: 120 })
    await assert.rejects(append(store, 'refused'), hasCode('STORE_FULL'))
    directory.kill()
    assert.deepEqual(await readMessages(await directory.open()), { 1: 'one' }, operation)
  }
})

test('a batch with a key that was refused is stored when it comes again', async () => {
  const { directory, store } = await openWith(['one'])
  const batch = encodeSample({ ...messages('keyed'), key: 'k' })
  directory.disk.failCall(1, { operation: 'write', code: 'ENOSPC' })
  await assert.rejects(store.append(batch), hasCode('STORE_FULL'))
  directory.clock.advance(1000)
  await store.writable()
  const id = await store.append(batch)
  assert.deepEqual(await readMessages(store), { 1: 'one', [id]: 'keyed' })
  assert.equal(await store.append(batch), id)
})

test('records are refused while less than freeBytesMin is free', async () => {
  const directory = new TestDirectory()
  directory.disk.setCapacity(2_000_000)
  const options = { freeBytesMin: 1_000_000 }
  const store = await directory.open(options)
  await append(store, 'one')
  directory.disk.setCapacity(1_000_000)
  await append(store, 'two')
  directory.clock.advance(1000)
  await settled()
  assert.match(
    store.stats().reason ?? '',
    /^Log storage full: \d+ bytes are free, storage.freeBytesMin is 1000000$/,
  )
  await assert.rejects(append(store, 'three'), hasCode('STORE_FULL'))
  await store.close()

  const reopened = await directory.open(options)
  assert.equal(reopened.stats().state, 'full')
  assert.deepEqual(await readMessages(reopened), { 1: 'one', 2: 'two' })
  directory.disk.setCapacity(4_000_000)
  directory.clock.advance(1000)
  await reopened.writable()
  await append(reopened, 'three')
})

// A writer that fills the disk within the second between two measurements met ENOSPC before it met the border.
test('what was written since the room was measured counts as taken', async () => {
  const directory = new TestDirectory()
  const capacity = 3_000_000
  directory.disk.setCapacity(capacity)
  const freeBytesMin = 1_000_000
  const store = await directory.open({ freeBytesMin, sealing: false })
  await assert.rejects(
    async () => {
      for (let at = 0; at < 100; at++) await append(store, 'x'.repeat(50_000))
    },
    { code: 'STORE_FULL', message: /storage.freeBytesMin is 1000000/ },
  )
  const { freeBytes } = await directory.disk.space('/')
  assert.ok(freeBytes < freeBytesMin && freeBytes > freeBytesMin - 60_000, `${freeBytes} bytes are free`)
  assert.ok(directory.disk.callsOf('space') < 30, `measured ${directory.disk.callsOf('space')} times`)
  await store.close()
})

test('a disk that does not tell its room is written to all the same', async () => {
  const { directory, store } = await openWith(['one'], { freeBytesMin: 1000 })
  directory.disk.failCall(1, { operation: 'space', code: 'EIO', persistent: true })
  directory.clock.advance(5000)
  await settled()
  await append(store, 'two')
})

test('when a new segment finds no room, the old one may be closed on disk already: it gets no more frames', async () => {
  const { directory, store } = await openWith(['one'], { segmentBytesMax: 1000 })
  const fault = { operation: 'datasync', code: 'ENOSPC', pathIncludes: 'manifest', persistent: true } as const
  directory.disk.failCall(1, { ...fault, reach: 'everything' })
  directory.disk.failCall(1, { operation: 'unlink', code: 'EIO', persistent: true })
  await assert.rejects(append(store, 'x'.repeat(2000)), hasCode('STORE_FULL'))
  directory.disk.heal()
  directory.clock.advance(1000)
  await store.writable()
  const id = await append(store, 'small')
  assert.deepEqual(await readMessages(store), { 1: 'one', [id]: 'small' })
  assert.deepEqual(await readCrashes(directory), [
    ['one', 'small'],
    ['one', 'small'],
  ])
})

/** In the short form a third of the numbers of each kind of error, others for each; together they have every call. */
test('when the n-th call of one kind fails, for every n, what was acknowledged stays and what was refused is gone', async () => {
  const tasks = new SharedTasks()
  for (const operation of ['write', 'datasync', 'syncDirectory', 'open', 'list', 'unlink'] as const) {
    const faults = ['EIO', 'ENOSPC'].flatMap((code) =>
      [false, true].map((persistent) => ({ operation, code, persistent })),
    )
    for (const [turn, fault] of faults.entries())
      await countUp((n) => failAndGoOn(fault, n, tasks), { step: SAMPLE_STEP, turn })
  }
})

/**
 * Rolls at nearly every batch, meets the fault on the way, and goes on when the disk is well again. Answers whether there
 * were fewer calls.
 */
async function failAndGoOn(
  fault: Parameters<TestDirectory['disk']['failCall']>[1] & { readonly operation: DiskOperation },
  n: number,
  tasks: SharedTasks,
): Promise<boolean> {
  const options = { segmentBytesMax: 400, groupBytesMax: 300 }
  const { directory, store } = await openWith(['one', 'two'], options, new TestDirectory(undefined, tasks))
  const acknowledged: Record<number, string> = { 1: 'one', 2: 'two' }
  const send = async (text: string): Promise<void> => {
    const id = await append(store, text).catch(() => null)
    if (id !== null) acknowledged[id] = text
  }
  const before = directory.disk.callsOf(fault.operation)
  directory.disk.failCall(n, fault)
  await Promise.all(['a', 'b'.repeat(300), 'c', 'd'.repeat(300)].map(send))
  const isOver = directory.disk.callsOf(fault.operation) - before < n
  directory.disk.heal()
  directory.clock.advance(1000)
  await settled()
  for (const text of ['e', 'f'.repeat(300), 'g']) await send(text)
  const label = `${fault.code} at ${fault.operation} ${n}${fault.persistent ? ' and after' : ''}`
  assert.deepEqual(await readMessages(store), acknowledged, label)
  const cut = directory.on(directory.disk.fork().powerCut(n))
  directory.kill()
  const reopened = await directory.open(options)
  assert.equal(reopened.stats().reason, null, label)
  assert.deepEqual(await readMessages(reopened), acknowledged, label)
  const afterCut = await cut.open(options)
  assert.equal(afterCut.stats().reason, null, label)
  assert.deepEqual(
    { ...(await readMessages(afterCut)), ...acknowledged },
    await readMessages(afterCut),
    label,
  )
  return isOver
}

// ---- closing ------------------------------------------------------------------------------------------------

test('a store that closes while its disk fails says what was not stored, and closes', async () => {
  for (const [code, answer] of [
    ['EIO', 'STORE_READ_ONLY'],
    ['ENOSPC', 'STORE_FULL'],
  ] as const) {
    const { directory, store } = await openWith(['one'])
    directory.disk.failCall(1, { code, persistent: true })
    const appended = append(store, 'two')
    const closed = store.close()
    await assert.rejects(appended, hasCode(answer))
    await closed
    assert.equal(store.stats().state, 'closed')
    await assert.rejects(append(store, 'three'), hasCode('STORE_CLOSED'))
    directory.disk.heal()
    directory.kill()
    const found = Object.values(await readMessages(await directory.open()))
    assert.equal(found[0], 'one')
  }
})

// ---- bounds -------------------------------------------------------------------------------------------------

test('a batch that could not be read back is refused before it is written', async () => {
  const { directory, store } = await openWith(['one'])
  const bytes = directory.bytes('segment-00000001')
  const batch = encodeSample(messages('two'))
  batch[8] = 2
  await assert.rejects(store.append(batch), hasCode('BATCH_CORRUPT'))
  assert.deepEqual(directory.bytes('segment-00000001'), bytes)
})

test('no option lets in a batch that its frame could not hold', async () => {
  const { store } = await openWith([], { batchBytesMax: 64 * 1024 * 1024 })
  await assert.rejects(append(store, 'x'.repeat(5 * 1024 * 1024)), hasCode('BATCH_TOO_LARGE'))
})

test('when ids run out, records are refused', async () => {
  const { directory, store } = await openWith(['one'])
  await store.close()
  const name = directory.newest('manifest')
  const lines = directory.text(name).split('\n')
  const edit = JSON.stringify([{ kind: 'ids', nextId: ID_MAX - 2 }])
  const { crc32 } = await import('node:zlib')
  lines.splice(-2, 0, `${crc32(edit).toString(16).padStart(8, '0')} ${edit}`)
  await directory.write(name, lines.join('\n'))
  const reopened = await directory.open()
  assert.equal(await append(reopened, 'last'), ID_MAX - 2)
  await assert.rejects(append(reopened, 'one', 'too many'), hasCode('STORE_READ_ONLY'))
  assert.deepEqual(await readMessages(reopened), { 1: 'one', [ID_MAX - 2]: 'last' })
})

test('buffer memory stays within its budget, whatever the size of batches, and no row is lost by that', async () => {
  const root = await mkdtemp(join(tmpdir(), 'logcaster-memory-'))
  const open = (): Promise<Store> =>
    openStore({
      disk: new RealDisk(),
      clock: new SimulatedClock(),
      random: new SeededRandom(1),
      directory: `${root}/logs`,
      options: { bufferBytesMax: 4 * 1024 * 1024, freeBytesMin: 0 },
    })
  try {
    const store = await open()
    let sent = 0
    for (const size of [1_000_000, 10_000, 1_900_000, 500_000, 200]) {
      const [batch, pair] = [messages('x'.repeat(size)), messages('x'.repeat(size), 'y'.repeat(size))].map(
        (each) => encodeSample(each),
      )
      for (let bytes = 0; bytes < 13_000_000; bytes += Math.max(3 * size, 200_000), sent += 3) {
        await Promise.all([store.append(batch), store.append(pair)])
        const { bufferBytes, bufferBytesMax } = store.stats()
        assert.ok(bufferBytes <= bufferBytesMax, `${bufferBytes} bytes after batches of ${size}`)
      }
    }
    assert.ok(store.stats().bytes > 40_000_000)
    assert.equal((await readStore(store, { idMin: sent - 10 })).length >= 10, true)
    await store.close()
    const reopened = await open()
    assert.equal(reopened.stats().bufferBytes, 0)
    assert.equal(reopened.stats().records, sent)
    await reopened.close()
  } finally {
    await rm(root, { recursive: true })
  }
})

test('memory that is used again never shows through to those who read the old', async () => {
  const { store } = await openWith([], { bufferBytesMax: 8192, segmentBytesMax: 1_000_000 })
  const texts: string[] = []
  const held = []
  for (let at = 0; at < 200; at++) {
    texts.push(`${at} ${'x'.repeat(at * 7)}`)
    await append(store, texts[at])
    if (at % 20 === 0) held.push({ snapshot: store.snapshot(), rows: at + 1, iterator: iterate(store) })
  }
  for (const { snapshot, rows, iterator } of held) {
    const found = await scanRows(snapshot)
    assert.deepEqual(
      found.map(({ text }) => JSON.parse(text)[5]),
      texts.slice(0, rows),
    )
    await iterator
  }
})

/** Reads slowly: one block at a time, while the memory is used again. */
async function iterate(store: Store): Promise<void> {
  using snapshot = store.snapshot()
  let expected = 0
  for await (const { block } of snapshot.scan()) {
    await settled()
    for (let row = 0; row < block.rowCount; row++, expected++) {
      const { data, starts, lengths } = block.message
      const text = Buffer.from(data.subarray(starts[row], starts[row] + lengths[row])).toString()
      assert.equal(text, `${expected} ${'x'.repeat(expected * 7)}`)
    }
  }
  assert.equal(expected, snapshot.records)
}
