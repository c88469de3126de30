/**
 * One bit of one stored file is wrong: whoever opens and reads the store gets the same records as before, or a coded
 * error, or is told which ids are missing. Never a wrong record, and never fewer of them without a word. The short form turns fewer
 * bits over, in every region of files of every kind.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bitset, isCodedError, messageOf, SeededRandom } from '../base/base.ts'
import type { ValueTest } from '../record/record.ts'
import {
  appendSample,
  cell,
  type FoundRecord,
  readBlock,
  readStore,
  SAMPLE_WALL_MS,
  type SampleBatch,
} from '../testing/sample-records.ts'
import { shortOrLong } from '../testing/test-length.ts'
import type { HeldPart } from './held-part.ts'
import { PartCache } from './part-cache.ts'
import type { ScannedBlock, ScanRequest, Snapshot, Store } from './store.ts'
import type { StoreOptions } from './store-options.ts'
import { SharedTasks, TestDirectory } from './test-directory.ts'

const OPTIONS: Partial<StoreOptions> = {
  sealing: false,
  segmentBytesMax: 8192,
  blockRowsMax: 32,
  blockBytesMax: 65_536,
  mergeFanIn: 2,
}
const DAY_MS = 86_400_000

function batchOf(number: number): SampleBatch {
  return {
    key: number % 3 === 0 ? `key ${number}` : undefined,
    records: Array.from({ length: 5 }, (_, at) => ({
      message: `unique${number}x${at} request ${number * at} from 10.0.0.${at} took ${at * 7} ms`,
      timeMs: SAMPLE_WALL_MS - (number % 2) * DAY_MS + at,
      severity: at,
      fields: [{ name: 'user', value: `u${(number * 7 + at) % 13}` }],
    })),
  }
}

/** Parts as sealed and as merged, with deleted rows, keys, closed segments, one that is written to, and manifests. */
async function makeDirectory(): Promise<TestDirectory> {
  const directory = new TestDirectory(undefined, new SharedTasks())
  const store = await directory.open(OPTIONS)
  let number = 0
  const append = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await appendSample(store, batchOf(number++))
  }
  await append(12)
  await store.flush()
  await append(8)
  await store.maintenance.merge()
  await append(8)
  await store.flush()
  const [merged, , sealed] = heldParts(store)
  const rows = new Map([merged, sealed].map((part) => [part.number, someRows(directory, part)]))
  assert.deepEqual(await store.maintenance.deleteRows(rows), [])
  await append(40)
  await store.close()
  return directory
}

function heldParts(store: Store): readonly HeldPart[] {
  using snapshot = store.snapshot()
  return snapshot.parts
}

function someRows({ disk }: TestDirectory, held: HeldPart): Map<number, Bitset> {
  const cache = new PartCache(disk)
  const set = cache.using(held, (part) => new Bitset(part.block(0).rowCount))
  cache.close()
  set.set(1)
  set.set(3)
  return new Map([[0, set]])
}

interface Answer {
  readonly found: readonly FoundRecord[]
  readonly isMissing: (id: number) => boolean
}

function missingBy(store: Store, snapshot: Snapshot): (id: number) => boolean {
  const ranges = [...snapshot.damage, ...store.stats().lost].map(({ fromId, toId }) => [fromId, toId])
  // A store that opened without what it acknowledged says so in the reason for taking nothing.
  for (const [, from, to] of (store.stats().reason ?? '').matchAll(/(\d+)-(\d+) \(/g))
    ranges.push([+from, +to])
  return (id) => ranges.some(([from, to]) => from <= id && id <= to)
}

async function ask(
  store: Store,
  request: ScanRequest,
  read: (scanned: ScannedBlock) => FoundRecord[],
): Promise<Answer> {
  using snapshot = store.snapshot()
  const found: FoundRecord[] = []
  for await (const scanned of snapshot.scan(request)) {
    try {
      found.push(...read(scanned))
    } catch (error) {
      if (scanned.damaged === undefined) throw error
      scanned.damaged(error)
    }
  }
  return { found, isMissing: missingBy(store, snapshot) }
}

function checkAnswer({ found, isMissing }: Answer, expected: readonly FoundRecord[]): number {
  const known = new Map(expected.map((record) => [record.id, record]))
  const seen = new Set<number>()
  for (const record of found) {
    assert.deepEqual(record, known.get(record.id))
    assert.ok(!seen.has(record.id), `id ${record.id} twice`)
    seen.add(record.id)
  }
  const missing = expected.filter(({ id }) => !seen.has(id))
  for (const { id } of missing) assert.ok(isMissing(id), `id ${id} is missing without a word`)
  return missing.length
}

function messageTest(text: string): ValueTest {
  const bytes = Buffer.from(text)
  return {
    cost: 5,
    test: (data, start, end) => Buffer.from(data.subarray(start, end)).includes(bytes),
    needles: [{ bytes, startsWord: true, endsWord: true, isWhole: false, decides: true }],
  }
}

/** The records whose message has the word, by way of skip tests and narrowing. */
function search(store: Store, word: string): Promise<Answer> {
  const wanted = messageTest(word)
  const request: ScanRequest = { order: 'any', skip: { kind: 'value', field: null, test: wanted } }
  return ask(store, request, ({ block }) => {
    const rows = Bitset.full(block.rowCount)
    block.narrow?.(null, wanted, rows)
    return readBlock(block).filter((_, row) => {
      const message = cell(block.message, row)
      return rows.has(row) && wanted.test(message, 0, message.length)
    })
  })
}

interface Region {
  readonly name: string
  readonly start: number
  readonly end: number
}

/** What a file consists of: each region is hit as often as the others, however small it is. */
function regionsOf(name: string, bytes: Uint8Array): Region[] {
  const kind = name.split('-')[0]
  const cuts: [string, number][] = [['header', HEADER_BYTES[kind] ?? 0]]
  if (kind === 'part') {
    const footer = Number(Buffer.from(bytes).readBigUInt64LE(bytes.length - PART_TRAILER_BYTES))
    cuts.push(['frames', footer], ['footer', bytes.length - PART_TRAILER_BYTES], ['trailer', bytes.length])
  } else if (kind === 'manifest') {
    const edits = Buffer.from(bytes).indexOf('\n') + 1
    cuts.push(['first line', edits], ['edits', bytes.length])
  } else cuts.push(['content', bytes.length - END_BYTES], ['end', bytes.length])
  let start = 0
  return cuts.flatMap(([region, end]) => {
    const found = { name: `${kind}: ${region}`, start, end }
    start = Math.max(start, end)
    return found.end > found.start ? [found] : []
  })
}

const HEADER_BYTES: Readonly<Record<string, number>> = { part: 16, segment: 64, deletes: 32, keys: 32 }
const PART_TRAILER_BYTES = 32
const END_BYTES = 8

interface Flip {
  readonly name: string
  readonly region: string
  readonly at: number
  readonly bit: number
}

/** Turns one bit of one file over; which one comes from the seed. */
function flipOne(directory: TestDirectory, names: readonly string[], seed: number): Flip {
  const random = new SeededRandom(seed)
  const name = names[seed % names.length]
  const bytes = directory.bytes(name)
  const regions = regionsOf(name, bytes)
  const region = regions[random.below(regions.length)]
  const at = region.start + random.below(region.end - region.start)
  const bit = random.below(8)
  directory.disk.damage(`${directory.path}/${name}`, Uint8Array.of(bytes[at] ^ (1 << bit)), at)
  return { name, region: region.name, at, bit }
}

interface Flipped {
  readonly directory: TestDirectory
  readonly names: readonly string[]
  readonly expected: readonly FoundRecord[]
}

async function makeFlipped(): Promise<Flipped> {
  const directory = await makeDirectory()
  const store = await directory.copy().open(OPTIONS)
  const expected = await readStore(store)
  await store.close()
  const names = directory.names().filter((name) => name !== 'lock')
  for (const start of ['part', 'deletes', 'keys', 'segment', 'manifest'])
    assert.ok(
      names.some((name) => name.startsWith(start)),
      `no file is a ${start}`,
    )
  return { directory, names, expected }
}

/** Flips bit after bit, each in a directory of its own. */
async function flipEach(
  { directory, names }: Flipped,
  flips: number,
  check: (copy: TestDirectory, flip: Flip, random: SeededRandom) => Promise<void>,
): Promise<Set<string>> {
  const regions = new Set<string>()
  for (let seed = 0; seed < flips; seed++) {
    const copy = directory.copy()
    const flip = flipOne(copy, names, seed)
    regions.add(flip.region)
    try {
      await check(copy, flip, new SeededRandom(seed))
    } catch (error) {
      const story = error instanceof Error ? error.stack : error
      assert.fail(
        `flip ${seed}, bit ${flip.bit} of byte ${flip.at} of ${flip.name}, ${flip.region}: ${story}`,
      )
    }
  }
  return regions
}

test('a single wrong bit in any stored file gives the same answer, a coded error, or missing ids that are told', async (t) => {
  const flips = Number(process.env['LOGCASTER_FLIPS'] ?? shortOrLong(200, 1000))
  const flipped = await makeFlipped()
  const counts = { same: 0, partial: 0, readOnly: 0, refused: 0 }
  const regions = await flipEach(flipped, flips, async (copy, { name }, random) => {
    const outcome = await readDamaged(copy, flipped.expected, random)
    // Without a manifest nothing is known; all else must not keep the rest from being served.
    assert.ok(outcome !== 'refused' || name.startsWith('manifest'), `${name} prevents the start`)
    counts[outcome]++
  })
  t.diagnostic(`${flipped.names.length} files, ${JSON.stringify(counts)}`)
  assert.ok(counts.same > 0 && counts.partial > 0)
  assert.deepEqual([...regions].sort(), [
    'deletes: end',
    'deletes: header',
    'keys: content',
    'keys: end',
    'keys: header',
    'manifest: edits',
    'manifest: first line',
    'part: footer',
    'part: frames',
    'part: header',
    'part: trailer',
    'segment: content',
    'segment: end',
    'segment: header',
  ])
})

test('sealing, merging and deleting carry no wrong bit on, and make no record disappear', async (t) => {
  const flips = Number(process.env['LOGCASTER_FLIPS'] ?? shortOrLong(40, 240))
  const flipped = await makeFlipped()
  const { expected } = flipped
  const counts = { merged: 0, refused: 0 }
  await flipEach(flipped, flips, async (copy, _, random) => {
    let store: Store
    try {
      store = await copy.open({ ...OPTIONS, acceptLoss: true })
    } catch (error) {
      assert.ok(isCodedError(error), messageOf(error))
      return
    }
    const untouched = await deleteOne(store, copy, expected, random)
    try {
      await store.maintenance.merge()
      counts.merged++
    } catch (error) {
      assert.ok(isCodedError(error), messageOf(error))
      counts.refused++
    }
    checkAnswer(await ask(store, {}, ({ block }) => readBlock(block)), untouched)
    await store.close()
    const again = await copy.open(OPTIONS)
    checkAnswer(await ask(again, {}, ({ block }) => readBlock(block)), untouched)
    await again.close()
  })
  t.diagnostic(JSON.stringify(counts))
  assert.ok(counts.merged > 0 && counts.refused > 0)
})

/** Deletes the second row of a part, if it can be read; what is there without it. */
async function deleteOne(
  store: Store,
  { disk }: TestDirectory,
  expected: readonly FoundRecord[],
  random: SeededRandom,
): Promise<readonly FoundRecord[]> {
  const parts = heldParts(store)
  const part = parts[random.below(parts.length)]
  const cache = new PartCache(disk)
  try {
    const ids = cache.using(part, (file) => file.block(0).ids.slice())
    const set = new Bitset(ids.length)
    set.set(2)
    await store.maintenance.deleteRows(new Map([[part.number, new Map([[0, set]])]]))
    return expected.filter(({ id }) => id !== ids[2])
  } catch (error) {
    assert.ok(isCodedError(error), messageOf(error))
    return expected
  } finally {
    cache.close()
  }
}

async function readDamaged(
  directory: TestDirectory,
  expected: readonly FoundRecord[],
  random: SeededRandom,
): Promise<'same' | 'partial' | 'readOnly' | 'refused'> {
  let store: Store
  try {
    store = await directory.open(OPTIONS)
  } catch (error) {
    assert.ok(isCodedError(error), messageOf(error))
    return 'refused'
  }
  const orders = ['id', 'newest', 'any'] as const
  const order = orders[random.below(3)]
  const missing = checkAnswer(await ask(store, { order }, ({ block }) => readBlock(block)), expected)
  const record = expected[random.below(expected.length)]
  const word = /unique\d+x\d/.exec(record.text)?.[0] ?? ''
  checkAnswer(await search(store, word), [record])
  const isWritable = store.stats().state === 'writable'
  await store.close()
  if (!isWritable) return 'readOnly'
  return missing === 0 ? 'same' : 'partial'
}
