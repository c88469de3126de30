/**
 * One bit of one stored file is wrong: whoever opens and reads the store gets the same records as before, or a coded
 * error, or is told which ids are missing. Never a wrong record, and never fewer of them without a word.
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
import type { HeldPart } from './held-part.ts'
import { PartCache } from './part-cache.ts'
import type { ScannedBlock, ScanRequest, Snapshot, Store } from './store.ts'
import type { StoreOptions } from './store-options.ts'
import { TestDirectory } from './test-directory.ts'

const OPTIONS: Partial<StoreOptions> = {
  sealing: false,
  segmentBytesMax: 8192,
  blockRowsMax: 32,
  mergeFanIn: 2,
}
const DAY_MS = 86_400_000
const EDGE_BYTES = 128

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
  const directory = new TestDirectory()
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

/** Both ends of a file, where headers and footers are, as often as all that lies between. */
function placeIn(bytes: number, random: SeededRandom): number {
  const roll = random.below(4)
  const edge = Math.min(EDGE_BYTES, bytes)
  if (roll === 0) return random.below(edge)
  return roll === 1 ? bytes - 1 - random.below(edge) : random.below(bytes)
}

test('a single wrong bit in any stored file gives the same answer, a coded error, or missing ids that are told', async (t) => {
  const flips = Number(process.env['LOGCASTER_FLIPS'] ?? 2000)
  const directory = await makeDirectory()
  const original = directory.copy()
  const store = await original.open(OPTIONS)
  const expected = await readStore(store)
  const names = directory.names().filter((name) => name !== 'lock')
  for (const start of ['part', 'deletes', 'keys', 'segment', 'manifest'])
    assert.ok(
      names.some((name) => name.startsWith(start)),
      `no file is a ${start}`,
    )
  const counts = { same: 0, partial: 0, readOnly: 0, refused: 0 }
  for (let flip = 0; flip < flips; flip++) {
    const random = new SeededRandom(flip)
    const name = names[flip % names.length]
    const copy = directory.copy()
    const bytes = copy.bytes(name)
    const at = placeIn(bytes.length, random)
    const bit = random.below(8)
    copy.disk.damage(`${copy.path}/${name}`, Uint8Array.of(bytes[at] ^ (1 << bit)), at)
    try {
      const outcome = await readDamaged(copy, expected, random)
      // Without a manifest nothing is known; all else must not keep the rest from being served.
      assert.ok(outcome !== 'refused' || name.startsWith('manifest'), `${name} prevents the start`)
      counts[outcome]++
    } catch (error) {
      const story = error instanceof Error ? error.stack : error
      assert.fail(`flip ${flip}, bit ${bit} of byte ${at} of ${bytes.length} of ${name}: ${story}`)
    }
  }
  t.diagnostic(`${names.length} files, ${JSON.stringify(counts)}`)
  assert.ok(counts.same > 0 && counts.partial > 0)
})

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
