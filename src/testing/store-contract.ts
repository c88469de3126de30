/**
 * The contract of `Store` as tests: every implementation runs the same ones, whatever lies behind it. Beside single
 * sentences there are runs against a model (store-model.ts).
 *
 * Not here: what a crash, a damaged file or a full disk does; each implementation has files of its own to damage.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import {
  BATCH_BYTES_MAX,
  type Block,
  FIELD_FALSE,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
  IDEMPOTENCY_KEY_BYTES_MAX,
  LEVEL_WORD_BYTES_MAX,
  RECORD_ENCODED_BYTES_MAX,
  RECORD_FIELDS_MAX,
  RECORD_FLAG_FILED_BY_RECEIVED,
  RECORD_FLAG_LEVEL_UPPER,
  RECORD_FLAG_SENDER_TIME,
  RECORD_FLAG_TRUNCATED,
  TIME_MS_MAX,
  TIME_MS_MIN,
} from '../record/record.ts'
import type { ScanRequest, Snapshot, Store, StoreOptions } from '../storage/storage.ts'
import {
  appendSample,
  cell,
  encodeSample,
  expectedTexts,
  Follower,
  type FoundRecord,
  hasCode,
  latin1,
  messages,
  readBlock,
  readMessages,
  readStore,
  SAMPLE_WALL_MS,
  type SampleBatch,
  scanRows,
} from './sample-records.ts'
import { assertCovers, checkAgainstModel, randomStep } from './store-model.ts'
import { type OpenStoreUnderTest, SMALL_STORE, type StoreUnderTest } from './store-under-test.ts'

const MODEL_SEEDS = [1, 2, 3]
const MODEL_STEPS = 40

interface Check {
  readonly sentence: string
  readonly options?: Partial<StoreOptions>
  run(made: StoreUnderTest): Promise<void>
}

/** A hang is a failure too. */
const CHECK_MS_MAX = 20_000

/** Registers the contract's tests under `name`. */
export function storeContract(name: string, open: OpenStoreUnderTest): void {
  for (const { sentence, options, run } of CHECKS) {
    test(`${name}: ${sentence}`, { timeout: CHECK_MS_MAX }, async () => {
      const made = await open({ ...SMALL_STORE, ...options })
      try {
        await run(made)
      } finally {
        await made.dispose()
      }
    })
  }
  for (const seed of MODEL_SEEDS) {
    test(`${name}: agrees with a plain array, seed ${seed}`, { timeout: CHECK_MS_MAX }, async () => {
      const random = new SeededRandom(seed)
      await checkAgainstModel(
        open,
        Array.from({ length: MODEL_STEPS }, () => randomStep(random)),
      )
    })
  }
}

const BIG_STORE: Partial<StoreOptions> = {
  segmentBytesMax: 64 * 1024 * 1024,
  bufferBytesMax: 16 * 1024 * 1024,
  groupBytesMax: 1024 * 1024,
  gatherBytesMax: 8 * 1024 * 1024,
}

const CHECKS: readonly Check[] = [
  { sentence: 'a new store is empty, writable and has no times', run: startsEmpty },
  { sentence: 'records get ids that follow each other, in the order of the appends', run: givesIds },
  { sentence: 'appends made at once are stored in the order they were made', run: keepsOrderOfAppends },
  { sentence: 'an id is never given again, also after a reopen', run: neverRepeatsIds },
  { sentence: 'everything is there again after a reopen', run: keepsEverything },
  {
    sentence: 'a record is visible when its append resolves, and not while it is on its way',
    run: showsInTime,
  },
  { sentence: 'no moment shows a record with an id at or above the fence', run: keepsFence },
  { sentence: 'the bytes of a batch are copied before append returns', run: copiesBatch },
  { sentence: 'a scan in id order hands out every row once, ascending', run: scansById },
  { sentence: 'a scan from the newest hands out every row once, within its bound', run: scansNewest },
  { sentence: 'a time range leaves out no row that lies in it', run: scansTimes },
  { sentence: 'an id range leaves out no row that lies in it', run: scansIds },
  { sentence: 'a request for ids leaves none of them out', run: scansChosenIds },
  { sentence: 'a snapshot stays as it was while appends go on', run: keepsSnapshot },
  { sentence: 'several scans of one snapshot run at once', run: scansTogether },
  { sentence: 'a scan that is aborted ends with QUERY_CANCELLED', run: abortsScan },
  { sentence: 'a scan that is left early leaves nothing behind', run: leavesScan },
  { sentence: 'a tail from now hands out what comes later', run: tailsFromNow },
  { sentence: 'a tail starts when it is asked for, not when it is first read', run: tailsFromTheCall },
  { sentence: 'a tail from an id hands out what is stored, then what comes', run: tailsFromId },
  { sentence: 'a tail that races with appends loses nothing and doubles nothing', run: tailRaces },
  { sentence: 'a tail that is read late gets everything all the same', run: tailIsLate },
  { sentence: 'a tail that falls behind while it catches up gets everything', run: tailFallsBehind },
  { sentence: 'a tail goes on after a reopen where it stopped', run: tailResumes },
  { sentence: 'an aborted tail ends, whatever it is doing', run: abortsTail },
  { sentence: 'a tail ends when the store closes', run: tailEndsWithStore },
  { sentence: 'a batch that comes again with its key is stored once', run: knowsKey },
  { sentence: 'a key is known after a reopen', run: knowsKeyAfterReopen },
  { sentence: 'two batches with one key at once are stored once', run: knowsKeyOnItsWay },
  { sentence: 'keys are bytes, and different keys are different batches', run: comparesKeys },
  { sentence: 'a key is forgotten when its window is over', options: { keyWindowMs: 1000 }, run: forgetsKey },
  { sentence: 'fields, levels, flags and times come back as they went in', run: keepsShapes },
  { sentence: '100,000 tiny records in one batch', options: BIG_STORE, run: keepsTinyRecords },
  { sentence: 'messages of 256 KiB', options: BIG_STORE, run: keepsLongMessages },
  { sentence: '1,000 fields in a record', options: BIG_STORE, run: keepsManyFields },
  { sentence: 'a batch of the largest size', options: BIG_STORE, run: keepsLargestBatch },
  { sentence: 'a batch that is too large is refused, and nothing of it is stored', run: refusesTooLarge },
  { sentence: 'bytes that are not a batch are refused, and nothing of them is stored', run: refusesCorrupt },
  {
    sentence: 'receivedTime never steps back in the order of ids, also after a reopen',
    run: ordersReceivedTime,
  },
  { sentence: 'the statistics add up', run: addsUp },
  { sentence: 'writable resolves while there is room', run: isWritable },
  { sentence: 'writable resolves again when what was gathered is stored', run: becomesWritable },
  { sentence: 'close waits for what is under way', run: closesInOrder },
  { sentence: 'a closed store refuses with STORE_CLOSED', run: refusesWhenClosed },
  { sentence: 'close may be called twice, also at once', run: closesTwice },
]

const count = (length: number): number[] => Array.from({ length }, (_, index) => index)

/** Batches of different sizes and times, some 40 KB in all: several segments of a small store. */
function mixedBatches(seed: number, batches = 40): SampleBatch[] {
  const random = new SeededRandom(seed)
  return count(batches).map((at) => ({
    receivedMs: SAMPLE_WALL_MS + at * 1000,
    records: count(1 + random.below(5)).map((index) => ({
      message: `${seed}-${at}-${index} ${'x'.repeat(random.below(300))}`,
      timeMs: SAMPLE_WALL_MS + random.below(40) * 3_600_000,
      timeNs: random.below(1_000_000),
      severity: random.below(25),
    })),
  }))
}

async function fill(store: Store, seed = 1, batches = 40): Promise<FoundRecord[]> {
  const stored: FoundRecord[] = []
  for (const batch of mixedBatches(seed, batches)) stored.push(...(await appendSample(store, batch)))
  return stored
}

/** The store as it is, then reopened. */
async function* beforeAndAfter({
  store,
  reopen,
}: Pick<StoreUnderTest, 'store' | 'reopen'>): AsyncGenerator<Store> {
  yield store
  yield await reopen()
}

async function startsEmpty({ store }: StoreUnderTest): Promise<void> {
  const { state, reason, records, timeMsMin, timeMsMax, damaged, lost } = store.stats()
  assert.deepEqual(
    { state, reason, records, timeMsMin, timeMsMax, damaged, lost },
    { state: 'writable', reason: null, records: 0, timeMsMin: null, timeMsMax: null, damaged: [], lost: [] },
  )
  assert.deepEqual(await readStore(store), [])
}

async function givesIds({ store }: StoreUnderTest): Promise<void> {
  const first = await store.append(encodeSample(messages('a', 'b', 'c')))
  const second = await store.append(encodeSample(messages('d')))
  assert.ok(first > 0 && Number.isSafeInteger(first))
  assert.ok(second > first + 2)
  assert.deepEqual(await readMessages(store), {
    [first]: 'a',
    [first + 1]: 'b',
    [first + 2]: 'c',
    [second]: 'd',
  })
}

async function keepsOrderOfAppends({ store }: StoreUnderTest): Promise<void> {
  const batches = mixedBatches(2, 60)
  const firstIds = await Promise.all(batches.map((batch) => store.append(encodeSample(batch))))
  for (const [at, firstId] of firstIds.entries()) {
    assert.ok(at === 0 || firstId >= firstIds[at - 1] + batches[at - 1].records.length, `batch ${at}`)
  }
  const texts = (await readStore(store)).map(({ text }) => text)
  assert.deepEqual(texts, batches.flatMap(expectedTexts))
}

async function neverRepeatsIds({ store, reopen }: StoreUnderTest): Promise<void> {
  const given = new Set<number>()
  let largest = 0
  for (let opened = store, round = 0; round < 4; round++, opened = await reopen()) {
    for (const { id } of await fill(opened, round, 5)) {
      assert.ok(id > largest && !given.has(id), `id ${id} after ${largest}`)
      given.add(id)
      largest = id
    }
  }
}

async function keepsEverything({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored = await fill(store)
  const reopened = await reopen()
  assert.deepEqual(await readStore(reopened), stored)
  stored.push(...(await fill(reopened, 2)))
  assert.deepEqual(await readStore(await reopen()), stored)
}

async function showsInTime({ store }: StoreUnderTest): Promise<void> {
  for (let round = 0; round < 5; round++) {
    const appended = appendSample(store, messages(`round ${round}`))
    assert.equal((await readStore(store)).length <= round + 1, true)
    using before = store.snapshot()
    const stored = await appended
    assert.deepEqual(
      (await readStore(store)).filter(({ id }) => id === stored[0].id),
      stored,
    )
    assert.ok(before.records <= round + 1)
  }
  const under = store.append(encodeSample(messages('on its way')))
  using snapshot = store.snapshot()
  assert.equal(snapshot.records, 5)
  await under
  assert.equal((await scanRows(snapshot)).length, 5)
}

/** Looks at the store in every turn of the event loop's innermost queue while batches are on their way. */
async function keepsFence({ store }: StoreUnderTest): Promise<void> {
  let isDone = false
  const appending = fill(store, 3, 10).finally(() => {
    isDone = true
  })
  const held: Snapshot[] = []
  for (let turn = 0; !isDone; turn++) {
    const last = held.at(-1)
    const snapshot = store.snapshot()
    if (last?.records === snapshot.records && last.fenceId === snapshot.fenceId) snapshot.release()
    else held.push(snapshot)
    await (turn % 100 === 99 ? new Promise(setImmediate) : null)
  }
  const stored = await appending
  for (const snapshot of held) {
    const found = await scanRows(snapshot)
    assert.deepEqual(
      found,
      stored.filter(({ id }) => id < snapshot.fenceId),
    )
    snapshot.release()
  }
}

async function copiesBatch({ store }: StoreUnderTest): Promise<void> {
  const bytes = encodeSample(messages('as it was'))
  const appended = store.append(bytes)
  bytes.fill(0xff)
  assert.deepEqual(await readMessages(store), {})
  assert.deepEqual({ [await appended]: 'as it was' }, await readMessages(store))
}

async function scansById({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored = await fill(store)
  for await (const opened of beforeAndAfter({ store, reopen })) {
    using snapshot = opened.snapshot()
    assert.equal(snapshot.records, stored.length)
    assert.deepEqual(await scanRows(snapshot), stored)
    assert.deepEqual(await scanRows(snapshot, { order: 'id' }), stored)
  }
}

async function scansNewest({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored = await fill(store)
  for await (const opened of beforeAndAfter({ store, reopen })) {
    using snapshot = opened.snapshot()
    const found = await scanRows(snapshot, { order: 'newest' })
    assert.deepEqual(
      found.sort((a, b) => a.id - b.id),
      stored,
    )
    assert.equal(await lastBound(snapshot, { order: 'newest' }), Number.NEGATIVE_INFINITY)
    assert.equal(await lastBound(snapshot, { order: 'id' }), Number.NEGATIVE_INFINITY)
  }
}

async function lastBound(snapshot: Snapshot, request: ScanRequest): Promise<number> {
  let bound = Number.NaN
  for await (const { restTimeMsMax } of snapshot.scan(request)) bound = restTimeMsMax
  return bound
}

async function scansTimes({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored = await fill(store)
  const times = [...new Set(stored.map(({ timeMs }) => timeMs))].sort((a, b) => a - b)
  const reopened = await reopen()
  for (const order of ['id', 'newest'] as const) {
    for (const [from, to] of [
      [times[0], times[0]],
      [times[5], times[9]],
      [times.at(-1) ?? 0, Number.MAX_SAFE_INTEGER],
    ]) {
      const request = { order, timeMsMin: from, timeMsMax: to }
      await assertCovers(reopened, request, stored, ({ timeMs }) => timeMs >= from && timeMs <= to)
      await assertCovers(reopened, { order, timeMsMin: from }, stored, ({ timeMs }) => timeMs >= from)
      await assertCovers(reopened, { order, timeMsMax: to }, stored, ({ timeMs }) => timeMs <= to)
    }
  }
}

async function scansIds({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored = await fill(store)
  const reopened = await reopen()
  for (const order of ['id', 'newest'] as const) {
    for (const [low, high] of [
      [0, 0],
      [3, 17],
      [stored.length - 1, stored.length - 1],
      [0, stored.length - 1],
    ]) {
      const [idMin, idMax] = [stored[low].id, stored[high].id]
      await assertCovers(reopened, { order, idMin, idMax }, stored, ({ id }) => id >= idMin && id <= idMax)
    }
  }
  assert.deepEqual(await readStore(reopened, { idMin: (stored.at(-1)?.id ?? 0) + 1 }), [])
}

async function scansChosenIds({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored = await fill(store)
  const reopened = await reopen()
  for (const order of ['id', 'newest'] as const) {
    const chosen = [stored[0].id, stored[20].id, stored[21].id, stored.at(-1)?.id ?? 0]
    const request = { order, ids: Float64Array.from([...chosen, Number.MAX_SAFE_INTEGER]) }
    await assertCovers(reopened, request, stored, ({ id }) => chosen.includes(id))
    assert.deepEqual(await readStore(reopened, { order, ids: new Float64Array(0) }), [])
  }
}

async function keepsSnapshot({ store }: StoreUnderTest): Promise<void> {
  const before = await fill(store, 1, 12)
  using snapshot = store.snapshot()
  const scan = scanRows(snapshot)
  await fill(store, 2, 60)
  assert.deepEqual(await scan, before)
  assert.deepEqual(await scanRows(snapshot), before)
  assert.equal(snapshot.records, before.length)
  assert.deepEqual(snapshot.damage, [])
}

async function scansTogether({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored = await fill(store)
  using snapshot = (await reopen()).snapshot()
  const scans = count(5).map(() => scanRows(snapshot))
  for (const found of await Promise.all(scans)) assert.deepEqual(found, stored)
}

async function abortsScan({ store, reopen }: StoreUnderTest): Promise<void> {
  await fill(store)
  using snapshot = (await reopen()).snapshot()
  const stop = new AbortController()
  const scan = async (): Promise<void> => {
    for await (const _ of snapshot.scan({ signal: stop.signal })) stop.abort()
  }
  await assert.rejects(scan(), hasCode('QUERY_CANCELLED'))
}

async function leavesScan({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored = await fill(store)
  using snapshot = (await reopen()).snapshot()
  for await (const _ of snapshot.scan()) break
  assert.deepEqual(await scanRows(snapshot), stored)
}

async function tailsFromNow({ store }: StoreUnderTest): Promise<void> {
  await fill(store, 1, 5)
  const follower = new Follower(store)
  const later = await fill(store, 2, 5)
  assert.deepEqual(await follower.until(later.length), later)
  await follower.stop()
}

async function tailsFromTheCall({ store }: StoreUnderTest): Promise<void> {
  await fill(store, 1, 2)
  const stop = new AbortController()
  const tail = store.tail({ signal: stop.signal })
  const later = await fill(store, 2, 3)
  const seen: FoundRecord[] = []
  for await (const block of tail) {
    seen.push(...readBlock(block))
    if (seen.length >= later.length) break
  }
  assert.deepEqual(seen, later)
}

async function tailsFromId({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored = await fill(store)
  const reopened = await reopen()
  const all = new Follower(reopened, -1)
  const some = new Follower(reopened, stored[9].id)
  stored.push(...(await fill(reopened, 2, 5)))
  assert.deepEqual(await all.until(stored.length), stored)
  assert.deepEqual(await some.until(stored.length - 10), stored.slice(10))
  await Promise.all([all.stop(), some.stop()])
}

async function tailRaces({ store }: StoreUnderTest): Promise<void> {
  const stored = await fill(store, 1, 30)
  const followers: Follower[] = []
  const appends = mixedBatches(2, 40).map(async (batch) => appendSample(store, batch))
  for (const [at, append] of appends.entries()) {
    if (at % 8 === 0) followers.push(new Follower(store, at % 16 === 0 ? -1 : stored[at].id))
    stored.push(...(await append))
  }
  for (const [at, follower] of followers.entries()) {
    const expected = at % 2 === 0 ? stored : stored.slice(at * 8 + 1)
    assert.deepEqual(await follower.until(expected.length), expected)
    await follower.stop()
    assert.equal(follower.seen.length, expected.length)
  }
}

/** Much more arrives between two reads than any queue holds. */
async function tailIsLate({ store }: StoreUnderTest): Promise<void> {
  const stop = new AbortController()
  const tail = store.tail({ signal: stop.signal })[Symbol.asyncIterator]()
  await readsLate(store, tail, await fill(store, 1, 1), { batches: 60, records: 1 })
  stop.abort()
}

async function tailFallsBehind({ store }: StoreUnderTest): Promise<void> {
  const stored = await fill(store, 1, 1)
  const stop = new AbortController()
  const tail = store.tail({ afterId: 0, signal: stop.signal })[Symbol.asyncIterator]()
  // The last batch is what is too much, so that nothing waits in memory when the tail is read.
  await readsLate(store, tail, stored, { batches: 3, records: 19 })
  stop.abort()
}

/** Reads one block, and the rest only after more was stored than waits for a tail in memory. */
async function readsLate(
  store: Store,
  tail: AsyncIterator<Block>,
  before: readonly FoundRecord[],
  { batches, records }: { readonly batches: number; readonly records: number },
): Promise<void> {
  const stored = [...before]
  const seen = readNext(await tail.next())
  const long = 'y'.repeat(200_000)
  for (let batch = 0; batch < batches; batch++) {
    const messages = Array.from({ length: records }, (_, at) => ({ message: `${batch} ${at} ${long}` }))
    stored.push(...(await appendSample(store, { records: messages })))
  }
  while (seen.length < stored.length) seen.push(...readNext(await tail.next()))
  assert.deepEqual(
    seen.map(({ id }) => id),
    stored.map(({ id }) => id),
  )
}

function readNext(result: IteratorResult<Block, unknown>): FoundRecord[] {
  assert.ok(result.done !== true, 'the tail ended')
  return readBlock(result.value)
}

async function tailResumes({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored = await fill(store, 1, 10)
  const first = new Follower(store, -1)
  const seen = [...(await first.until(1))]
  stored.push(...(await fill(store, 2, 10)))
  const reopened = await reopen()
  await first.ended()
  const second = new Follower(reopened, seen.at(-1)?.id)
  stored.push(...(await fill(reopened, 3, 10)))
  await second.until(stored.length - seen.length)
  await second.stop()
  assert.deepEqual([...seen, ...second.seen], stored)
}

async function abortsTail({ store }: StoreUnderTest): Promise<void> {
  await assertEnds(store, undefined, () => {})
  await fill(store, 1, 5)
  // While it waits for more.
  await assertEnds(store, undefined, () => {})
  // While it hands out what is stored, at each block, the last one too.
  const blocks = await countBlocks(store)
  for (let nth = 1; nth <= blocks; nth++) {
    await assertEnds(store, -1, (stop, seen) => {
      if (seen === nth) stop.abort()
    })
  }
  const stopped = new AbortController()
  stopped.abort()
  for await (const _ of store.tail({ afterId: -1, signal: stopped.signal }))
    assert.fail('it was aborted before')
}

async function countBlocks(store: Store): Promise<number> {
  using snapshot = store.snapshot()
  let blocks = 0
  for await (const _ of snapshot.scan()) blocks++
  return blocks
}

/** Aborts at a block, or, when there is none to come, once the tail waits. */
async function assertEnds(
  store: Store,
  afterId: number | undefined,
  atBlock: (stop: AbortController, seen: number) => void,
): Promise<void> {
  const stop = new AbortController()
  const follow = async (): Promise<void> => {
    let seen = 0
    for await (const _ of store.tail({ afterId, signal: stop.signal })) atBlock(stop, ++seen)
  }
  const ended = follow()
  if (afterId === undefined) {
    await new Promise(setImmediate)
    stop.abort()
  }
  await ended
}

async function tailEndsWithStore({ store }: StoreUnderTest): Promise<void> {
  await fill(store, 1, 2)
  const followers = [new Follower(store), new Follower(store, -1)]
  await followers[1].until(1)
  await store.close()
  for (const follower of followers) await follower.ended()
  for await (const _ of store.tail({ afterId: -1 })) assert.fail('the store is closed')
}

async function knowsKey({ store }: StoreUnderTest): Promise<void> {
  const batch = { ...messages('once', 'twice'), key: 'sender:1' }
  const firstId = await store.append(encodeSample(batch))
  await fill(store, 1, 3)
  const { records } = store.stats()
  assert.equal(await store.append(encodeSample(batch)), firstId)
  assert.equal(await store.append(encodeSample({ ...messages('other'), key: 'sender:1' })), firstId)
  assert.equal(store.stats().records, records)
  assert.equal(store.stats().repeatedBatches, 2)
}

async function knowsKeyAfterReopen({ store, reopen }: StoreUnderTest): Promise<void> {
  const firstIds = new Map<string, number>()
  for (const [at, batch] of mixedBatches(1).entries()) {
    firstIds.set(`key ${at}`, await store.append(encodeSample({ ...batch, key: `key ${at}` })))
  }
  let opened = await reopen()
  const { records } = opened.stats()
  for (let round = 0; round < 2; round++, opened = await reopen()) {
    for (const [key, firstId] of firstIds) {
      assert.equal(await opened.append(encodeSample({ ...messages('again'), key })), firstId, key)
    }
    assert.equal(opened.stats().records, records)
  }
}

async function knowsKeyOnItsWay({ store }: StoreUnderTest): Promise<void> {
  const bytes = encodeSample({ ...messages('once'), key: 'k' })
  const [first, second] = await Promise.all([store.append(bytes), store.append(bytes)])
  assert.equal(first, second)
  assert.deepEqual(await readMessages(store), { [first]: 'once' })
}

async function comparesKeys({ store, reopen }: StoreUnderTest): Promise<void> {
  const keys = [
    Uint8Array.of(0),
    Uint8Array.of(0, 0),
    Uint8Array.of(0xff),
    Uint8Array.of(0xc3, 0xbf),
    Uint8Array.of(0xef, 0xbf, 0xbd),
    new Uint8Array(IDEMPOTENCY_KEY_BYTES_MAX).fill(0xfe),
    new Uint8Array(IDEMPOTENCY_KEY_BYTES_MAX - 1).fill(0xfe),
  ]
  const append = (opened: Store): Promise<number[]> =>
    Promise.all(keys.map((key) => opened.append(encodeSample({ ...messages('m'), key }))))
  const firstIds = await append(store)
  assert.equal(new Set(firstIds).size, keys.length)
  assert.deepEqual(await append(store), firstIds)
  assert.deepEqual(await append(await reopen()), firstIds)
}

async function forgetsKey({ store }: StoreUnderTest): Promise<void> {
  const append = (receivedMs: number): Promise<number> =>
    store.append(encodeSample({ ...messages('m'), key: 'k', receivedMs }))
  const first = await append(SAMPLE_WALL_MS)
  assert.equal(await append(SAMPLE_WALL_MS + 1000), first)
  const second = await append(SAMPLE_WALL_MS + 1001)
  assert.ok(second > first)
  assert.equal(await append(SAMPLE_WALL_MS + 1500), second)
}

/** One of everything that a record can be. */
function shapes(): SampleBatch[] {
  const kinds = [FIELD_STRING, FIELD_NUMBER, FIELD_TRUE, FIELD_FALSE, FIELD_NULL, FIELD_JSON]
  const values = ['5', '5', 'true', 'false', '', '{"a":[1,null]}']
  const rubbish = Uint8Array.from(count(256))
  return [
    messages(''),
    messages('one', '', 'ünïcödé 💥', 'a\nb\r\nc\0d\x1b[31m'),
    { records: [{ message: rubbish }, { message: rubbish.toReversed() }] },
    {
      records: kinds.map((kind, at) => ({
        message: 'kind',
        fields: [{ name: 'f', value: values[at], kind }],
      })),
    },
    { records: count(25).map((severity) => ({ message: `severity ${severity}`, severity })) },
    {
      records: [
        { message: 'm', severity: 9, levelWord: 'Notice' },
        { message: '', severity: 17, levelWord: 'é'.repeat(LEVEL_WORD_BYTES_MAX / 2) },
      ],
    },
    {
      records: [
        RECORD_FLAG_LEVEL_UPPER,
        RECORD_FLAG_TRUNCATED,
        RECORD_FLAG_SENDER_TIME,
        RECORD_FLAG_FILED_BY_RECEIVED,
        15,
      ].map((flags) => ({ message: `flags ${flags}`, flags, severity: 9 })),
    },
    {
      records: [TIME_MS_MIN, -1, 0, 1, Date.UTC(1969, 11, 31), Date.UTC(2201, 0, 1), TIME_MS_MAX].map(
        (timeMs) => ({
          message: `time ${timeMs}`,
          timeMs,
          timeNs: 999_999,
        }),
      ),
    },
    {
      shared: [
        { name: 'service', value: 'shop', isStream: true },
        { name: 'client.address', value: '::1' },
        { name: 'both', value: 'shared' },
      ],
      records: [
        { message: 'only shared' },
        { message: 'own wins', fields: [{ name: 'both', value: 'own' }] },
        { message: 'stream wins', fields: [{ name: 'service', value: 'till', isStream: true }] },
        {
          message: 'first of two wins',
          fields: [
            { name: 'x', value: '1' },
            { name: 'x', value: '2' },
          ],
        },
        { message: 'empty value', fields: [{ name: 'both', value: '' }] },
      ],
    },
    {
      records: [
        { message: 'names', fields: [{ name: 'a.b-c d"\n', value: rubbish }, { name: 'n'.repeat(128) }] },
      ],
    },
    { ...messages('with a key and shared fields'), key: rubbish, shared: [{ name: 's', value: 'v' }] },
  ]
}

async function keepsShapes({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored: FoundRecord[] = []
  for (const batch of shapes()) stored.push(...(await appendSample(store, batch)))
  assert.deepEqual(await readStore(store), stored)
  const reopened = await reopen()
  assert.deepEqual(await readStore(reopened), stored)
  const { timeMsMin, timeMsMax } = reopened.stats()
  assert.deepEqual({ timeMsMin, timeMsMax }, { timeMsMin: TIME_MS_MIN, timeMsMax: TIME_MS_MAX })
}

async function keepsTinyRecords({ store, reopen }: StoreUnderTest): Promise<void> {
  const batch = messages(...count(100_000).map((at) => `${at}`))
  const firstId = await store.append(encodeSample(batch))
  for await (const opened of beforeAndAfter({ store, reopen })) {
    let next = 0
    using snapshot = opened.snapshot()
    for await (const { block } of snapshot.scan()) {
      for (let row = 0; row < block.rowCount; row++, next++) {
        assert.equal(block.ids[row], firstId + next)
        assert.equal(latin1(cell(block.message, row)), `${next}`)
      }
    }
    assert.equal(next, 100_000)
  }
}

async function keepsLongMessages({ store, reopen }: StoreUnderTest): Promise<void> {
  const random = new SeededRandom(1)
  const records = count(10).map(() => ({
    message: Uint8Array.from({ length: 256 * 1024 }, () => random.below(256)),
  }))
  const stored = await appendSample(store, { records })
  assert.deepEqual(await readStore(store), stored)
  assert.deepEqual(await readStore(await reopen()), stored)
}

async function keepsManyFields({ store, reopen }: StoreUnderTest): Promise<void> {
  const fields = count(RECORD_FIELDS_MAX).map((at) => ({
    name: `field ${at}`,
    value: `${at}`,
    isStream: at < 3,
  }))
  const stored = await appendSample(store, {
    records: [{ message: 'm', fields }, { message: 'n' }],
    shared: fields,
  })
  assert.deepEqual(await readStore(store), stored)
  assert.deepEqual(await readStore(await reopen()), stored)
}

async function keepsLargestBatch({ store, reopen }: StoreUnderTest): Promise<void> {
  const overhead = encodeSample(messages('', '', '', '')).length
  const quarter = 'q'.repeat((BATCH_BYTES_MAX - overhead) / 4)
  const bytes = encodeSample(messages(quarter, quarter, quarter, quarter))
  assert.equal(bytes.length, BATCH_BYTES_MAX)
  const firstId = await store.append(bytes)
  const second = await store.append(bytes)
  for await (const opened of beforeAndAfter({ store, reopen })) {
    const found = await readMessages(opened)
    assert.deepEqual(Object.keys(found).map(Number), [
      ...count(4).map((at) => firstId + at),
      ...count(4).map((at) => second + at),
    ])
    assert.ok(Object.values(found).every((message) => message === quarter))
  }
}

async function refusesTooLarge({ store, reopen }: StoreUnderTest): Promise<void> {
  const bytes = encodeSample(messages('z'.repeat(BATCH_BYTES_MAX)))
  await assert.rejects(store.append(bytes), hasCode('BATCH_TOO_LARGE'))
  const stored = await appendSample(store, messages('small'))
  assert.deepEqual(await readStore(await reopen()), stored)
}

async function refusesCorrupt({ store, reopen }: StoreUnderTest): Promise<void> {
  const good = encodeSample({ ...messages('first', 'second'), key: 'k', shared: [{ name: 'a', value: 'b' }] })
  const changed = (at: number, ...values: number[]): Uint8Array => {
    const bytes = good.slice()
    bytes.set(values, at)
    return bytes
  }
  const recordAt = 40 + 1 + 6 + 2
  const bad: Record<string, Uint8Array> = {
    nothing: new Uint8Array(0),
    'one byte': good.subarray(0, 1),
    'a byte too few': good.subarray(0, good.length - 1),
    'a byte too many': Uint8Array.from([...good, 0]),
    'another version': changed(4, 2),
    'unknown flags': changed(5, 1),
    'a longer key than may be': changed(6, 0xff, 0xff),
    'no records': changed(8, 0, 0, 0, 0),
    'more records than there are': changed(8, 3),
    'more records than may be': changed(8, 0xff, 0xff, 0xff, 0xff),
    'shared fields beyond the end': changed(12, 0xff, 0xff, 0xff, 0xff),
    'a receivedTime out of range': changed(28, 0xff, 0xff, 0xff, 0x7f),
    'a record without length': changed(recordAt, 0, 0, 0, 0),
    'a record beyond the end': changed(recordAt, 0xff, 0xff, 0xff, 0x7f),
    'a record that is too long': encodeSample(messages('x'.repeat(RECORD_ENCODED_BYTES_MAX))),
    'a level that is none': changed(recordAt + 4, 25),
    'unknown flags of a record': changed(recordAt + 5, 16),
    'more fields than may be': changed(recordAt + 6, 0xff, 0xff),
    'more stream fields than fields': changed(recordAt + 8, 1),
    'a level word that is too long': changed(recordAt + 10, LEVEL_WORD_BYTES_MAX + 1),
    'a message that is longer than its record': changed(recordAt + 24, 6),
    'nanoseconds that are milliseconds': changed(recordAt + 20, 0x40, 0x42, 0x0f, 0),
    'a time out of range': changed(recordAt + 16, 0xff, 0xff, 0xff, 0x7f),
    zeros: new Uint8Array(good.length),
  }
  for (const [what, bytes] of Object.entries(bad)) {
    await assert.rejects(store.append(bytes), hasCode('BATCH_CORRUPT'), what)
  }
  const stored = await appendSample(store, messages('good'))
  assert.deepEqual(await readStore(await reopen()), stored)
}

/** Rule R23: the wall clock may step back, what is stored does not. */
async function ordersReceivedTime({ store, reopen }: StoreUnderTest): Promise<void> {
  const at = (receivedMs: number, receivedNs: number): Uint8Array =>
    encodeSample({ ...messages('m'), receivedMs: SAMPLE_WALL_MS + receivedMs, receivedNs })
  for (const [ms, ns] of [
    [0, 0],
    [10, 500],
    [10, 400],
    [5, 900],
    [11, 0],
  ]) {
    await store.append(at(ms, ns))
  }
  assert.deepEqual(await receivedTimes(store), [
    [0, 0],
    [10, 500],
    [10, 500],
    [10, 500],
    [11, 0],
  ])
  const reopened = await reopen()
  await reopened.append(at(-3_600_000, 7))
  await reopened.append(at(12, 3))
  const [early, late] = (await receivedTimes(reopened)).slice(5)
  assert.equal(early[0], 11)
  assert.deepEqual(late, [12, 3])
}

async function receivedTimes(store: Store): Promise<number[][]> {
  using snapshot = store.snapshot()
  const found: number[][] = []
  for await (const { block } of snapshot.scan()) {
    for (let row = 0; row < block.rowCount; row++) {
      found.push([block.receivedMs[row] - SAMPLE_WALL_MS, block.receivedNs[row]])
    }
  }
  return found
}

async function addsUp({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored = await fill(store)
  const times = stored.map(({ timeMs }) => timeMs)
  const { appends } = store.stats()
  assert.equal(appends, 40)
  for await (const opened of beforeAndAfter({ store, reopen })) {
    const stats = opened.stats()
    assert.equal(stats.records, stored.length)
    assert.equal(stats.timeMsMin, Math.min(...times))
    assert.equal(stats.timeMsMax, Math.max(...times))
    assert.ok(stats.bytes > 0, `${stats.bytes} bytes`)
    assert.ok(stats.nextId > (stored.at(-1)?.id ?? 0))
    assert.equal(stats.fenceId, stats.nextId)
    assert.ok(stats.bufferBytes <= stats.bufferBytesMax)
  }
}

async function isWritable({ store }: StoreUnderTest): Promise<void> {
  await store.writable()
  await fill(store, 1, 3)
  await store.writable()
}

async function becomesWritable({ store }: StoreUnderTest): Promise<void> {
  const bytes = encodeSample(messages('w'.repeat(1500)))
  const appends = count(60).map(() => store.append(bytes))
  let stored = 0
  for (const append of appends) append.then(() => stored++)
  await store.writable()
  assert.ok(stored > 0, 'more was gathered than gatherBytesMax')
  assert.equal(new Set(await Promise.all(appends)).size, 60)
}

async function closesInOrder({ store, reopen }: StoreUnderTest): Promise<void> {
  const appends = mixedBatches(1, 20).map((batch) => appendSample(store, batch))
  await store.close()
  const stored = (await Promise.all(appends)).flat()
  assert.deepEqual(await readStore(await reopen()), stored)
}

async function refusesWhenClosed({ store, reopen }: StoreUnderTest): Promise<void> {
  const stored = await fill(store, 1, 2)
  await store.close()
  assert.equal(store.stats().state, 'closed')
  await assert.rejects(store.append(encodeSample(messages('late'))), hasCode('STORE_CLOSED'))
  await assert.rejects(store.writable(), hasCode('STORE_CLOSED'))
  assert.throws(() => store.snapshot(), hasCode('STORE_CLOSED'))
  assert.deepEqual(await readStore(await reopen()), stored)
}

async function closesTwice({ store, reopen }: StoreUnderTest): Promise<void> {
  const append = appendSample(store, messages('m'))
  await Promise.all([store.close(), store.close()])
  await store.close()
  assert.deepEqual(await readStore(await reopen()), await append)
}
