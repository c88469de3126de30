/** Live tails: one evaluation for all who ask the same, and gaps that add up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom, SimulatedClock, SimulatedDisk } from '../base/base.ts'
import { parseQuery, type Query, type RecordRow, type Row, rowJson } from '../query/query.ts'
import type { Block } from '../record/record.ts'
import { openStore, type Store, type TailOptions } from '../storage/storage.ts'
import { encodeSample, messages, SAMPLE_WALL_MS, type SampleRecord } from '../testing/sample-records.ts'
import type { TailItem } from './hub-api.ts'
import { LiveTails } from './live-tail.ts'
import type { RowTaker, TailCounters } from './live-tail-subscriber.ts'

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const parse = (text: string): Query => parseQuery(text, { nowMs: SAMPLE_WALL_MS })

/** Live tails over a store that counts how often it is tailed, and by whom it still is. Without `nowMs` no turn is ever over. */
async function openTails(nowMs: () => number = () => 0) {
  const store = await openStore({
    disk: new SimulatedDisk(),
    clock: new SimulatedClock({ wallMs: SAMPLE_WALL_MS }),
    random: new SeededRandom(1),
    directory: '/data/stores/logs',
    options: { freeBytesMin: 0 },
  })
  const readers = { started: 0, running: 0 }
  const counted: Store = {
    append: (batch) => store.append(batch),
    hurry: () => store.hurry(),
    writable: () => store.writable(),
    snapshot: () => store.snapshot(),
    stats: () => store.stats(),
    flush: () => store.flush(),
    maintenance: store.maintenance,
    close: () => store.close(),
    tail: (options) => countReader(store, readers, options),
  }
  const counters: TailCounters = { tails: 0, tailRows: 0, tailGapRows: 0, tailBytes: 0 }
  const append = (...texts: string[]): Promise<number> => store.append(encodeSample(messages(...texts)))
  return { store, readers, counters, append, tails: new LiveTails(counted, counters, nowMs) }
}

async function* countReader(
  store: Store,
  readers: { started: number; running: number },
  options?: TailOptions,
): AsyncGenerator<Block> {
  readers.started++
  readers.running++
  try {
    yield* store.tail(options)
  } finally {
    readers.running--
  }
}

async function take(items: AsyncIterator<TailItem>, count: number): Promise<TailItem[]> {
  const taken: TailItem[] = []
  while (taken.length < count) {
    const { done, value } = await items.next()
    assert.ok(done !== true, `the tail ended after ${taken.length} items`)
    taken.push(value)
  }
  return taken
}

const iterator = (items: AsyncIterable<TailItem>): AsyncIterator<TailItem> => items[Symbol.asyncIterator]()
const ids = (items: readonly TailItem[]): (number | string)[] =>
  items.map((item) => (item.kind === 'row' ? item.id : `${item.fromId}-${item.toId}: ${item.count}`))

test('subscribers of one query share its evaluation, however they spell it', async () => {
  const { tails, readers, append, counters } = await openTails()
  const spellings = ['error', '  error  ', '(error)', '"error"'].map((text) =>
    iterator(tails.subscribe(parse(text), {})),
  )
  const other = iterator(tails.subscribe(parse('fine'), {}))
  await append('an error', 'fine', 'error again')
  for (const tail of spellings) assert.deepEqual(ids(await take(tail, 2)), [1, 3])
  assert.deepEqual(ids(await take(other, 1)), [2])
  assert.deepEqual({ ...readers, queries: tails.queries }, { started: 1, running: 1, queries: 2 })
  assert.equal(counters.tails, 5)
})

test('the feed ends with its last subscriber, and the next subscriber starts another', async () => {
  const { tails, readers, append, counters } = await openTails()
  const [one, two] = [new AbortController(), new AbortController()]
  tails.subscribe(parse('*'), { signal: one.signal })
  const second = iterator(tails.subscribe(parse('*'), { signal: two.signal }))
  one.abort()
  await append('m')
  assert.deepEqual(ids(await take(second, 1)), [1])
  assert.deepEqual({ ...readers, tails: counters.tails }, { started: 1, running: 1, tails: 1 })
  two.abort()
  await settled()
  assert.deepEqual({ ...readers, tails: counters.tails }, { started: 1, running: 0, tails: 0 })
  const third = iterator(tails.subscribe(parse('*'), {}))
  await append('n')
  assert.deepEqual(ids(await take(third, 1)), [2])
  assert.equal(readers.started, 2)
})

test('who joins later sees nothing from before', async () => {
  const { tails, append } = await openTails()
  const early = iterator(tails.subscribe(parse('*'), {}))
  await append('one')
  const late = iterator(tails.subscribe(parse('*'), {}))
  await append('two')
  assert.deepEqual(ids(await take(early, 2)), [1, 2])
  assert.deepEqual(ids(await take(late, 1)), [2])
})

test('who resumes reads alone, from the id that it names', async () => {
  const { tails, readers, append } = await openTails()
  await append('one', 'two', 'three')
  const live = iterator(tails.subscribe(parse('*'), {}))
  const resumed = iterator(tails.subscribe(parse('*'), { afterId: 1 }))
  const all = iterator(tails.subscribe(parse('*'), { afterId: -1 }))
  await append('four')
  assert.deepEqual(ids(await take(live, 1)), [4])
  assert.deepEqual(ids(await take(resumed, 3)), [2, 3, 4])
  assert.deepEqual(ids(await take(all, 4)), [1, 2, 3, 4])
  assert.equal(readers.started, 3)
})

test('who resumes is not hurried: it gets every row without a gap, and holds no more than its queue', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed)
    const { tails, append, store, counters } = await openTails()
    const texts = Array.from({ length: 60 }, () => (random.chance(0.7) ? 'match' : 'other'))
    for (let at = 0; at < 40; at += 10) await append(...texts.slice(at, at + 10))
    const tail = iterator(tails.subscribe(parse('match'), { afterId: 5, queueRowsMax: 1 + random.below(5) }))
    await settled()
    assert.ok(counters.tailRows <= 5, `seed ${seed}: ${counters.tailRows} rows were made for nobody`)
    for (let at = 40; at < 60; at += 10) await append(...texts.slice(at, at + 10))
    const expected = texts.flatMap((text, at) => (text === 'match' && at + 1 > 5 ? [at + 1] : []))
    assert.deepEqual(ids(await take(tail, expected.length)), expected, `seed ${seed}`)
    assert.equal(counters.tailGapRows, 0)
    await tail.return?.()
    await store.close()
  }
})

test('rows and gaps of a slow subscriber add up exactly, whenever it reads', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed)
    const { tails, append, store, counters } = await openTails()
    const tail = iterator(tails.subscribe(parse('match'), { queueRowsMax: 1 + random.below(5) }))
    const expected: number[] = []
    const received: TailItem[] = []
    const waiting = () =>
      expected.length - received.reduce((sum, item) => sum + (item.kind === 'row' ? 1 : item.count), 0)
    for (let round = 0; round < 40; round++) {
      const texts = Array.from({ length: 1 + random.below(4) }, () =>
        random.chance(0.7) ? 'match' : 'other',
      )
      const firstId = await append(...texts)
      expected.push(...texts.flatMap((text, at) => (text === 'match' ? firstId + at : [])))
      await settled()
      for (let reads = random.below(3); reads > 0 && waiting() > 0; reads--)
        received.push(...(await take(tail, 1)))
    }
    await store.close()
    for (let next = await tail.next(); next.done !== true; next = await tail.next()) received.push(next.value)
    assert.deepEqual(spread(received, expected), expected, `seed ${seed}`)
    assert.equal(counters.tailRows + counters.tailGapRows, expected.length)
  }
})

/** The ids of the rows, and for each gap those of `expected` that lie in it: as many as it says, at its very ends. */
function spread(received: readonly TailItem[], expected: readonly number[]): number[] {
  return received.flatMap((item) => {
    if (item.kind === 'row') return [item.id]
    const missed = expected.filter((id) => id >= item.fromId && id <= item.toId)
    assert.deepEqual(
      { fromId: missed[0], toId: missed.at(-1), count: missed.length },
      { fromId: item.fromId, toId: item.toId, count: item.count },
    )
    return missed
  })
}

test('a gap can be fetched by resuming before it', async () => {
  const { tails, append } = await openTails()
  const slow = iterator(tails.subscribe(parse('*'), { queueRowsMax: 1 }))
  await append('one', 'two', 'three')
  const [, gap] = await take(slow, 2)
  assert.deepEqual(gap, { kind: 'gap', fromId: 2, toId: 3, count: 2 })
  const again = iterator(tails.subscribe(parse('*'), { afterId: 1 }))
  assert.deepEqual(ids(await take(again, 2)), [2, 3])
})

test('a queue is bounded in bytes too', async () => {
  const { tails, append, counters } = await openTails()
  const slow = iterator(tails.subscribe(parse('*'), {}))
  for (let at = 0; at < 40; at++) await append('x'.repeat(1_000_000))
  await settled()
  assert.ok(counters.tailRows < 20, `${counters.tailRows} rows wait`)
  const items = await take(slow, counters.tailRows + 1)
  assert.deepEqual(items.at(-1), {
    kind: 'gap',
    fromId: counters.tailRows + 1,
    toId: 40,
    count: 40 - counters.tailRows,
  })
})

test('a queue for no rows at all holds one', async () => {
  const { tails, append } = await openTails()
  const tail = iterator(tails.subscribe(parse('*'), { queueRowsMax: 0 }))
  await append('one', 'two')
  assert.deepEqual(ids(await take(tail, 2)), [1, '2-2: 1'])
})

test('an aborted tail ends at once, with rows waiting or none', async () => {
  const { tails, append, counters } = await openTails()
  const [full, empty] = [new AbortController(), new AbortController()]
  const withRows = iterator(tails.subscribe(parse('*'), { signal: full.signal }))
  await append('one', 'two')
  await settled()
  const waiting = iterator(tails.subscribe(parse('*'), { signal: empty.signal })).next()
  full.abort()
  empty.abort()
  assert.equal((await withRows.next()).done, true)
  assert.equal((await waiting).done, true)
  assert.equal(counters.tails, 0)
  const late = iterator(tails.subscribe(parse('*'), { signal: AbortSignal.abort() }))
  assert.equal((await late.next()).done, true)
  assert.equal(counters.tails, 0)
})

test('when the store closes, what waits is still handed out, then the tail ends', async () => {
  const { tails, append, store } = await openTails()
  const tail = tails.subscribe(parse('*'), { queueRowsMax: 2 })
  await append('one', 'two', 'three')
  await settled()
  await store.close()
  assert.deepEqual(ids(await Array.fromAsync(tail)), [1, 2, '3-3: 1'])
})

test('leaving a loop leaves the tail', async () => {
  const { tails, append, readers, counters } = await openTails()
  const tail = tails.subscribe(parse('*'), {})
  await append('one', 'two')
  for await (const _ of tail) break
  await settled()
  assert.deepEqual({ running: readers.running, tails: counters.tails }, { running: 0, tails: 0 })
})

test('an error of the reader reaches every subscriber, after what it had read', async () => {
  const { store, append } = await openTails()
  const failing: Store = {
    append: (batch) => store.append(batch),
    hurry: () => store.hurry(),
    writable: () => store.writable(),
    snapshot: () => store.snapshot(),
    stats: () => store.stats(),
    flush: () => store.flush(),
    maintenance: store.maintenance,
    close: () => store.close(),
    async *tail(options) {
      for await (const block of store.tail(options)) {
        yield block
        throw new Error('the disk went away')
      }
    },
  }
  const counters: TailCounters = { tails: 0, tailRows: 0, tailGapRows: 0, tailBytes: 0 }
  const tails = new LiveTails(failing, counters)
  const subscribers = [tails.subscribe(parse('*'), {}), tails.subscribe(parse('*'), {})].map(iterator)
  await append('one')
  for (const subscriber of subscribers) {
    assert.deepEqual(ids(await take(subscriber, 1)), [1])
    await assert.rejects(subscriber.next(), { message: 'the disk went away' })
  }
  assert.equal(counters.tails, 0)
})

// ---- pipes that drop rows, and make several of one --------------------------------------------------------------

const BASKETS = '* | filter items:* | unroll items | extract "basket <n>" | fields n, items'

/** Baskets with some items, or none at all. */
function basketsOf(random: SeededRandom, first: number, count: number): SampleRecord[] {
  return Array.from({ length: count }, (_, at) => {
    const items = Array.from({ length: random.below(4) }, (__, item) => `i${item}`)
    const fields = items.length === 0 ? [] : [{ name: 'items', value: JSON.stringify(items) }]
    return { message: `basket ${first + at}`, fields }
  })
}

/** What the pipes leave, record by record: `7 {"n":"7","items":"i0"}`. */
const rowsOf = (records: readonly SampleRecord[]): string[] =>
  records.flatMap(({ fields = [] }, at) =>
    fields.flatMap(({ value }) =>
      (JSON.parse(String(value)) as string[]).map(
        (items) => `${at + 1} ${JSON.stringify({ n: String(at + 1), items })}`,
      ),
    ),
  )

const shown = (item: TailItem): string => (item.kind === 'row' ? `${item.id} ${rowJson(item.row)}` : 'gap')

test('who resumes with pipes gets every row once, from whatever id, also where records go on being stored', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed)
    const { tails, store, counters } = await openTails()
    const all = basketsOf(random, 1, 40)
    const appendSome = async (from: number, to: number): Promise<void> => {
      for (let at = from; at < to; at += 8)
        await store.append(encodeSample({ records: all.slice(at, at + 8) }))
    }
    await appendSome(0, 24)
    const afterId = random.below(24)
    const queueRowsMax = 1 + random.below(5)
    const tail = iterator(tails.subscribe(parse(BASKETS), { afterId, queueRowsMax }))
    await settled()
    await appendSome(24, 40)
    const expected = rowsOf(all).filter((row) => Number.parseInt(row, 10) > afterId)
    assert.deepEqual((await take(tail, expected.length)).map(shown), expected, `seed ${seed}`)
    assert.equal(counters.tailGapRows, 0, `seed ${seed}`)
    await tail.return?.()
    await store.close()
  }
})

test('the rows of a record are delivered together or missed together, so that a gap can be fetched', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed)
    const { tails, store } = await openTails()
    const all = basketsOf(random, 1, 40)
    const queueRowsMax = 1 + random.below(4)
    const tail = iterator(tails.subscribe(parse(BASKETS), { queueRowsMax }))
    const expected = rowsOf(all)
    const received: string[] = []
    let waiting = 0
    const read = async (count: number): Promise<void> => {
      for (const item of await take(tail, count)) {
        if (item.kind === 'row') received.push(shown(item))
        else received.push(...(await fetched(tails, item)))
      }
    }
    for (let at = 0; at < 40; at += 4) {
      await store.append(encodeSample({ records: all.slice(at, at + 4) }))
      await settled()
      waiting = rowsOf(all.slice(0, at + 4)).length - received.length
      if (waiting > 0 && random.chance(0.5)) await read(1)
    }
    while (received.length < expected.length) await read(1)
    assert.deepEqual(received, expected, `seed ${seed}`)
    await store.close()
  }
})

/** The rows of a gap, by resuming before it: as many as it says. */
async function fetched(tails: LiveTails, gap: TailItem & { kind: 'gap' }): Promise<string[]> {
  const again = iterator(tails.subscribe(parse(BASKETS), { afterId: gap.fromId - 1 }))
  const items = await take(again, gap.count)
  assert.deepEqual([ids(items)[0], ids(items).at(-1)], [gap.fromId, gap.toId])
  await again.return?.()
  return items.map(shown)
}

// ---- many of them -----------------------------------------------------------------------------------------------

test('a hundred subscribers of different queries: fast ones miss nothing, slow ones are told exactly what', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = new SeededRandom(seed)
    const { tails, append, store, readers, counters } = await openTails()
    const subscribers = Array.from({ length: 100 }, (_, at) => {
      const isSlow = at % 10 === 0
      const pipes = at % 3 === 0 ? ' | extract "number <n> of" | fields n' : ''
      const items = tails.subscribe(parse(`"kind${at % 50}"${pipes}`), isSlow ? { queueRowsMax: 3 } : {})
      return { kind: `kind${at % 50}`, isSlow, items: iterator(items), received: [] as TailItem[] }
    })
    assert.deepEqual([readers.started, counters.tails], [1, 100])
    const texts = Array.from({ length: 2000 }, (_, at) => `number ${at} of kind${random.below(50)} came in`)
    for (let at = 0; at < texts.length; at += 100) {
      await append(...texts.slice(at, at + 100))
      await settled()
      const stored = texts.slice(0, at + 100)
      for (const { kind, isSlow, items, received } of subscribers) {
        const heard = received.reduce((sum, item) => sum + (item.kind === 'row' ? 1 : item.count), 0)
        const isWaiting = stored.filter((text) => text.includes(`${kind} `)).length > heard
        if (isSlow && isWaiting && random.chance(0.2)) received.push(...(await take(items, 1)))
      }
    }
    await store.close()
    for (const { kind, isSlow, items, received } of subscribers) {
      for (let next = await items.next(); next.done !== true; next = await items.next())
        received.push(next.value)
      const expected = texts.flatMap((text, at) => (text.includes(`${kind} `) ? [at + 1] : []))
      assert.deepEqual(spread(received, expected), expected, `seed ${seed}: ${kind}`)
      if (!isSlow)
        assert.ok(
          received.every((item) => item.kind === 'row'),
          `seed ${seed}: ${kind} is fast`,
        )
    }
    assert.equal(counters.tailRows + counters.tailGapRows, 2 * texts.length)
  }
})

test('what goes wrong with one query ends its own subscribers only', async () => {
  const { tails, append } = await openTails()
  const well = iterator(tails.subscribe(parse('*'), {}))
  // The hub refuses it; here it fails when the first record comes.
  const bad = iterator(tails.subscribe(parse('m | stats count()'), {}))
  await append('m')
  await assert.rejects(bad.next(), { message: /does not work batch by batch/ })
  await append('n')
  assert.deepEqual(ids(await take(well, 2)), [1, 2])
})

test('the work of tails is done in turns, between which others have theirs', async () => {
  const { store } = await openTails()
  let nowMs = 0
  let turns = 0
  const counters: TailCounters = { tails: 0, tailRows: 0, tailGapRows: 0, tailBytes: 0 }
  // Every look at the clock finds that four milliseconds went by: two queries are a turn.
  const tails = new LiveTails(store, counters, () => (nowMs += 4))
  const last = Array.from({ length: 20 }, (_, at) =>
    iterator(tails.subscribe(parse(`!"query ${at}"`), {})),
  ).at(-1)!
  let isOver = false
  const count = (): void => {
    if (isOver) return
    turns++
    setImmediate(count)
  }
  await store.append(encodeSample(messages('one')))
  setImmediate(count)
  await take(last, 1)
  isOver = true
  assert.ok(turns >= 5, `${turns} turns of others`)
})

test('who leaves before it takes anything, and while it waits, has left', async () => {
  const { tails, readers, append, counters } = await openTails()
  const early = iterator(tails.subscribe(parse('*'), {}))
  const waiting = iterator(tails.subscribe(parse('*'), {}))
  await append('one')
  await early.return?.()
  assert.equal((await early.next()).done, true)
  await take(waiting, 1)
  const coming = waiting.next()
  await waiting.return?.()
  assert.equal((await coming).done, true)
  await settled()
  assert.deepEqual({ ...counters, tailRows: 0 }, { tails: 0, tailRows: 0, tailGapRows: 0, tailBytes: 0 })
  assert.equal(readers.running, 0)
})

test('rows come in the order of their ids where a block takes many turns', async () => {
  let nowMs = 0
  const everyTurnIsOver = (): number => {
    nowMs += 100
    return nowMs
  }
  const { tails, append } = await openTails(everyTurnIsOver)
  const tail = iterator(tails.subscribe(parse('row'), {}))
  const other = iterator(tails.subscribe(parse('row or other'), {}))
  const groups = Array.from({ length: 4 }, () => Array.from({ length: 2000 }, () => 'a row'))
  await Promise.all(groups.map((group) => append(...group)))
  const expected = groups.flat().map((_, at) => at + 1)
  assert.deepEqual(ids(await take(tail, expected.length)), expected)
  assert.deepEqual(ids(await take(other, expected.length)), expected)
})

/** Takes rows by the texts of their messages, as long as it has room. */
class Shown implements RowTaker {
  readonly texts: string[] = []
  room = Number.POSITIVE_INFINITY

  get hasRoom(): boolean {
    return this.room > 0
  }

  row(row: Row): void {
    assert.ok(row.kind === 'record')
    this.texts.push(Buffer.from(row.message).toString())
    this.room--
  }
}

test('rows are shown to who waits for them, and are no items', async () => {
  const { tails, append, store, counters } = await openTails()
  const tail = iterator(tails.subscribe(parse('match'), {}))
  const shown = new Shown()
  const coming = tail.next(shown)
  await append('match 1', 'other', 'match 2')
  await append('match 3')
  await settled()
  assert.deepEqual(shown.texts, ['match 1', 'match 2', 'match 3'])
  assert.deepEqual([counters.tailRows, counters.tailBytes], [3, 0])
  await store.close()
  assert.equal((await coming).done, true)
})

test('rows for which there is no room are items, in their order, and rows that wait are shown at once', async () => {
  const { tails, append } = await openTails()
  const tail = iterator(tails.subscribe(parse('*'), {}))
  const shown = new Shown()
  shown.room = 2
  const coming = tail.next(shown)
  await append('1', '2', '3', '4', '5')
  const item = await coming
  assert.deepEqual(shown.texts, ['1', '2'])
  assert.deepEqual(ids([item.value as TailItem]), [3])
  shown.room = 1
  assert.deepEqual(ids([(await tail.next(shown)).value as TailItem]), [5])
  assert.deepEqual(shown.texts, ['1', '2', '4'])
})

test('who keeps its rows beside one who is shown them gets rows that last', async () => {
  const { tails, append } = await openTails()
  const [showing, keeping] = [0, 1].map(() => iterator(tails.subscribe(parse('*'), {})))
  const shown = new Shown()
  void showing.next(shown)
  await append('1', '2')
  await settled()
  assert.deepEqual(shown.texts, ['1', '2'])
  const kept = await take(keeping, 2)
  assert.deepEqual(
    kept.map((item) => item.kind === 'row' && Buffer.from((item.row as RecordRow).message).toString()),
    ['1', '2'],
  )
})

test('nothing is shown to who has left', async () => {
  const { tails, append } = await openTails()
  const stop = new AbortController()
  const tail = iterator(tails.subscribe(parse('*'), { signal: stop.signal }))
  const other = iterator(tails.subscribe(parse('*'), {}))
  const shown = new Shown()
  const coming = tail.next(shown)
  stop.abort()
  await append('1')
  await take(other, 1)
  assert.deepEqual([shown.texts, (await coming).done], [[], true])
})

test('rows that are shown, items and gaps add up exactly, whatever room there is', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed)
    const { tails, append, store } = await openTails()
    const tail = iterator(tails.subscribe(parse('match'), { queueRowsMax: 1 + random.below(4) }))
    const received: number[] = []
    let [missed, sent, lastId] = [0, 0, 0]
    const shown: RowTaker & { room: number } = {
      room: 0,
      get hasRoom() {
        return this.room > 0
      },
      row(row) {
        assert.ok(row.kind === 'record')
        this.room--
        received.push(row.id)
      },
    }
    const look = (item: TailItem): void => {
      if (item.kind === 'row') received.push(item.id)
      else {
        assert.ok(item.fromId > (received.at(-1) ?? 0) && item.fromId > lastId, `seed ${seed}`)
        missed += item.count
        lastId = item.toId
      }
    }
    let [coming, isPending] = [tail.next(shown), true]
    const listen = (): void => {
      isPending = true
      coming.then(({ value, done }) => {
        isPending = false
        if (done !== true) look(value)
      })
    }
    listen()
    for (let round = 0; round < 60; round++) {
      shown.room = random.below(4)
      const texts = Array.from({ length: 1 + random.below(5) }, () => (random.chance(0.7) ? 'match' : 'no'))
      sent += texts.filter((text) => text === 'match').length
      await append(...texts)
      await settled()
      if (isPending || random.chance(0.3)) continue
      coming = tail.next(shown)
      listen()
    }
    await store.close()
    shown.room = Number.POSITIVE_INFINITY
    await settled()
    for (let next = await tail.next(shown); next.done !== true; next = await tail.next(shown))
      look(next.value)
    assert.equal(received.length + missed, sent, `seed ${seed}`)
    assert.deepEqual(
      received,
      received.toSorted((a, b) => a - b),
      `seed ${seed}`,
    )
    assert.ok(missed > 0 && new Set(received).size === received.length, `seed ${seed}`)
  }
})
