/** What retention drops, as planning and on stores over a simulated clock and disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import { encodeSample, type SampleBatch, scanRows } from '../testing/sample-records.ts'
import type { ManifestPart, PartSummary } from './manifest.ts'
import { newestMs, planExpired, planOldest } from './retention.ts'
import { RetentionClock } from './retention-clock.ts'
import type { Store } from './store.ts'
import { TestDirectory } from './test-directory.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const NOW_MS = Date.UTC(2027, 0, 15)

function partOf(number: number, summary: Partial<PartSummary>): ManifestPart {
  const whole: PartSummary = {
    bytes: 100,
    sha256: '',
    records: 10,
    firstId: 1,
    endId: 11,
    timeMsMin: 0,
    timeMsMax: 0,
    receivedMsMin: 0,
    receivedMsMax: 0,
    day: null,
    level: 0,
    compression: 1,
    ...summary,
  }
  return { number, summary: whole, deletes: null }
}

test('a part is as young as the end of its day or its last arrival, whichever is later', () => {
  assert.equal(newestMs(partOf(1, { day: 10, receivedMsMax: 5 }).summary), 11 * DAY_MS)
  assert.equal(newestMs(partOf(1, { day: 10, receivedMsMax: 20 * DAY_MS }).summary), 20 * DAY_MS)
})

test('a mixed part is no younger than a day after its last arrival, whatever times it has', () => {
  const far = partOf(1, { timeMsMax: 1e14, receivedMsMax: 10 * DAY_MS })
  assert.equal(newestMs(far.summary), 11 * DAY_MS)
  assert.equal(newestMs(partOf(1, { timeMsMax: -1e14, receivedMsMax: 7 }).summary), 7)
})

test('a part expires when it is older than the age, not when it is as old', () => {
  const parts = [partOf(1, { day: 9 }), partOf(2, { day: 10 }), partOf(3, { day: 11 })]
  assert.deepEqual(planExpired(parts, 12 * DAY_MS, DAY_MS), [1])
  assert.deepEqual(planExpired(parts, 12 * DAY_MS + 1, DAY_MS), [1, 2])
  assert.deepEqual(planExpired(parts, 1e15, 0), [])
})

test('the oldest parts go first, and no more of them than must', () => {
  const parts = [partOf(1, { day: 12 }), partOf(2, { day: 9 }), partOf(3, { day: 10 })]
  assert.deepEqual(planOldest(parts, 0), [])
  assert.deepEqual(planOldest(parts, 1), [2])
  assert.deepEqual(planOldest(parts, 100), [2])
  assert.deepEqual(planOldest(parts, 101), [2, 3])
  assert.deepEqual(planOldest(parts, 1e9), [2, 3, 1])
})

// ---- the clock --------------------------------------------------------------------------------------------------

test('the clock of retention goes with the wall clock', () => {
  const clock = new SimulatedClock({ wallMs: NOW_MS })
  const retention = new RetentionClock(clock, Number.NEGATIVE_INFINITY)
  clock.advance(40 * DAY_MS)
  assert.equal(retention.nowMs(), NOW_MS + 40 * DAY_MS)
})

test('a step of ten years only counts when the clock has gone on evenly for a day', () => {
  const clock = new SimulatedClock({ wallMs: NOW_MS })
  const retention = new RetentionClock(clock, NOW_MS)
  const decade = 3650 * DAY_MS
  clock.setWall(NOW_MS + decade)
  assert.equal(retention.nowMs(), NOW_MS)
  clock.advance(23 * HOUR_MS)
  assert.equal(retention.nowMs(), NOW_MS + 23 * HOUR_MS)
  clock.advance(HOUR_MS)
  assert.equal(retention.nowMs(), NOW_MS + decade + DAY_MS)
})

test('steps that go on and on never count, and a step back counts at once', () => {
  const clock = new SimulatedClock({ wallMs: NOW_MS })
  const retention = new RetentionClock(clock, NOW_MS)
  for (let step = 1; step <= 300; step++) {
    clock.advance(HOUR_MS / 4)
    clock.setWall(NOW_MS + step * 2 * HOUR_MS)
    assert.ok(retention.nowMs() <= NOW_MS + step * (HOUR_MS / 4) + HOUR_MS)
  }
  clock.setWall(NOW_MS - DAY_MS)
  assert.equal(retention.nowMs(), NOW_MS - DAY_MS)
})

test('a start long after the newest record waits for a day', () => {
  const clock = new SimulatedClock({ wallMs: NOW_MS })
  const retention = new RetentionClock(clock, NOW_MS - 90 * DAY_MS)
  assert.equal(retention.nowMs(), NOW_MS - 90 * DAY_MS)
  clock.advance(DAY_MS)
  assert.equal(retention.nowMs(), NOW_MS + DAY_MS)
})

// ---- on stores --------------------------------------------------------------------------------------------------

/** Batches of one record, each received when it says, and sealed alone. */
async function fill(directory: TestDirectory, store: Store, batches: readonly SampleBatch[]): Promise<void> {
  for (const batch of batches) {
    await store.append(encodeSample(batch))
    await store.flush()
  }
  assert.equal(
    directory.disk.files().some((path) => path.includes('part-')),
    true,
  )
}

const record = (message: string, receivedMs: number, timeMs = receivedMs): SampleBatch => ({
  receivedMs,
  records: [{ message, timeMs }],
})

async function messagesOf(store: Store): Promise<string[]> {
  using snapshot = store.snapshot()
  return (await scanRows(snapshot)).map(({ text }) => JSON.parse(text)[5] as string)
}

/** Lets everything happen that is due and under way: calls of the simulated disk take turns of the event loop. */
async function settle(directory: TestDirectory): Promise<void> {
  for (let calls = -1; calls !== directory.disk.calls; ) {
    calls = directory.disk.calls
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}

async function pass(directory: TestDirectory, ms: number): Promise<void> {
  const end = directory.clock.monotonicMs() + ms
  while (directory.clock.monotonicMs() < end) {
    directory.clock.advance(Math.min(HOUR_MS, end - directory.clock.monotonicMs()))
    await settle(directory)
  }
}

const RETENTION = { retentionMs: 7 * DAY_MS, sealing: false } as const

test('a store drops what is older than its retention, counts it, and never what is not', async () => {
  const directory = new TestDirectory()
  const store = await directory.open(RETENTION)
  await fill(directory, store, [
    record('a', NOW_MS),
    record('long ago', NOW_MS, NOW_MS - 1000 * DAY_MS),
    record('far ahead', NOW_MS, NOW_MS + 1000 * DAY_MS),
    record('later', NOW_MS + 2 * DAY_MS),
  ])
  await pass(directory, 7 * DAY_MS)
  assert.deepEqual(await messagesOf(store), ['a', 'long ago', 'far ahead', 'later'])
  await pass(directory, DAY_MS + HOUR_MS)
  assert.deepEqual(await messagesOf(store), ['later'])
  assert.equal(store.stats().housekeeping.droppedRecords, 3)
  assert.equal(directory.names('part').length, 1)
  await store.close()
})

test('a store that was closed for long drops what is too old a day after its start', async () => {
  const directory = new TestDirectory()
  const first = await directory.open(RETENTION)
  await fill(directory, first, [record('a', NOW_MS), record('b', NOW_MS + DAY_MS)])
  await first.close()
  directory.clock.advance(30 * DAY_MS)
  const second = await directory.open(RETENTION)
  await settle(directory)
  assert.equal(second.stats().records, 2)
  await pass(directory, DAY_MS + HOUR_MS)
  assert.equal(second.stats().records, 0)
  assert.equal(second.stats().parts, 0)
  await second.close()
})

test('a start drops at once what became too old since the stop', async () => {
  const directory = new TestDirectory()
  const first = await directory.open({ sealing: false })
  await fill(directory, first, [record('a', NOW_MS - 20 * DAY_MS), record('b', NOW_MS)])
  await first.close()
  const second = await directory.open(RETENTION)
  await settle(directory)
  assert.deepEqual(await messagesOf(second), ['b'])
  await second.close()
})

test('a clock that jumps ten years ahead drops nothing', async () => {
  const directory = new TestDirectory()
  const store = await directory.open(RETENTION)
  await fill(directory, store, [record('a', NOW_MS)])
  directory.clock.setWall(NOW_MS + 3650 * DAY_MS)
  await pass(directory, 12 * HOUR_MS)
  directory.clock.setWall(NOW_MS + 12 * HOUR_MS)
  await pass(directory, 2 * DAY_MS)
  assert.deepEqual(await messagesOf(store), ['a'])
  await store.close()
})

test('a store keeps to its bytes by dropping the oldest parts', async () => {
  const directory = new TestDirectory()
  const store = await directory.open({ sealing: false })
  await fill(directory, store, [
    record('new', NOW_MS, NOW_MS),
    record('older', NOW_MS, NOW_MS - 3 * DAY_MS),
    record('newest', NOW_MS + 2 * DAY_MS),
  ])
  const { bytes, partBytes } = store.stats()
  await store.close()
  const retentionBytes = bytes - Math.floor(partBytes / 2)
  const again = await directory.open({ sealing: false, retentionBytes })
  await settle(directory)
  const left = await messagesOf(again)
  assert.ok(again.stats().bytes <= retentionBytes)
  assert.deepEqual(left, ['newest'])
  await again.close()
})

test('a power cut at any call of retention leaves each part whole or gone, and no file behind', async () => {
  const directory = new TestDirectory()
  const first = await directory.open({ sealing: false })
  await fill(directory, first, [
    record('a', NOW_MS - 20 * DAY_MS),
    record('b', NOW_MS - 19 * DAY_MS),
    record('c', NOW_MS),
  ])
  await first.close()
  const cuts: TestDirectory[] = []
  directory.disk.onReturn = () => {
    cuts.push(new TestDirectory(directory.disk.fork()))
  }
  const second = await directory.open(RETENTION)
  await settle(directory)
  directory.disk.onReturn = undefined
  assert.equal(second.stats().parts, 1)
  await second.close()
  assert.ok(cuts.length > 10)
  for (const [seed, cut] of cuts.entries()) {
    cut.disk = cut.disk.powerCut(seed)
    const store = await cut.open({ sealing: false })
    const found = await messagesOf(store)
    assert.ok(found.join() === 'a,b,c' || found.join() === 'c', `cut ${seed}: ${found.join()}`)
    assert.equal(cut.names('part').length, store.stats().parts, `cut ${seed}: ${cut.names().join()}`)
    await store.close()
  }
})

// ---- room -------------------------------------------------------------------------------------------------------

const MIB = 1 << 20
const SMALL = {
  sealing: false,
  segmentBytesMax: MIB,
  freeBytesMin: 4 * MIB,
  shedFreeBytesMin: 6 * MIB,
  warnFreeBytesMin: 8 * MIB,
} as const

/** What the files take, roughly. */
const usedBytes = (directory: TestDirectory): number =>
  directory.disk.files().reduce((sum, path) => sum + (directory.disk.peek(path)?.length ?? 0), 0)

test('the levels of room follow the disk, and merging waits below the second', async () => {
  const directory = new TestDirectory()
  const store = await directory.open(SMALL)
  await fill(directory, store, [record('a', NOW_MS), record('b', NOW_MS)])
  const levelAt = async (freeBytes: number): Promise<string> => {
    directory.disk.setCapacity(usedBytes(directory) + freeBytes)
    directory.clock.advance(1000)
    await settle(directory)
    return store.stats().space.level
  }
  assert.equal(await levelAt(9 * MIB), 'roomy')
  assert.equal(await levelAt(7 * MIB), 'warn')
  assert.equal(await levelAt(5 * MIB), 'shed')
  await assert.rejects(store.maintenance.merge(), { code: 'STORE_FULL' })
  assert.equal(await levelAt(3 * MIB), 'refuse')
  assert.equal(store.stats().state, 'full')
  await assert.rejects(store.append(encodeSample(record('c', NOW_MS))), { code: 'STORE_FULL' })
  assert.equal(await levelAt(9 * MIB), 'roomy')
  await store.append(encodeSample(record('c', NOW_MS)))
  await store.close()
})

test('a merge waits for the room that its output needs', async () => {
  const directory = new TestDirectory()
  const store = await directory.open(SMALL)
  await fill(directory, store, [record('a', NOW_MS), record('b', NOW_MS)])
  directory.disk.setCapacity(usedBytes(directory) + 9 * MIB)
  directory.clock.advance(1000)
  await settle(directory)
  assert.equal(store.stats().space.level, 'roomy')
  await assert.rejects(store.maintenance.merge(), { code: 'STORE_FULL' })
  directory.disk.setCapacity(usedBytes(directory) + 40 * MIB)
  directory.clock.advance(1000)
  await settle(directory)
  await store.maintenance.merge()
  assert.equal(store.stats().parts, 1)
  await store.close()
})

test('with dropOldest the oldest parts make room, and no record is refused', async () => {
  const directory = new TestDirectory()
  const options = {
    ...SMALL,
    freeBytesMin: 40_000,
    shedFreeBytesMin: 42_000,
    warnFreeBytesMin: 0,
    dropOldest: true,
  }
  const store = await directory.open(options)
  const days = [5, 4, 3, 2, 1, 0]
  await fill(
    directory,
    store,
    days.map((day) => record(`day ${day}`, NOW_MS, NOW_MS - day * DAY_MS)),
  )
  directory.disk.setCapacity(usedBytes(directory) + 39_900)
  directory.clock.advance(1000)
  await settle(directory)
  const left = await messagesOf(store)
  assert.ok(left.length < days.length && left.length > 0, left.join())
  assert.equal(
    left.join(),
    days
      .slice(-left.length)
      .map((day) => `day ${day}`)
      .join(),
  )
  assert.equal(store.stats().state, 'writable')
  assert.equal(store.stats().housekeeping.droppedRecords, days.length - left.length)
  await store.close()
})

test('parts that a reader holds are not dropped for twice', async () => {
  const directory = new TestDirectory()
  const options = {
    ...SMALL,
    freeBytesMin: 40_000,
    shedFreeBytesMin: 40_000,
    warnFreeBytesMin: 0,
    dropOldest: true,
  }
  const store = await directory.open(options)
  await fill(
    directory,
    store,
    [3, 2, 1, 0].map((day) => record(`day ${day}`, NOW_MS, NOW_MS - day * DAY_MS)),
  )
  const snapshot = store.snapshot()
  directory.disk.setCapacity(usedBytes(directory) + 39_900)
  for (let second = 0; second < 5; second++) {
    directory.clock.advance(1000)
    await settle(directory)
  }
  assert.equal(store.stats().parts, 3)
  snapshot.release()
  await store.close()
})
