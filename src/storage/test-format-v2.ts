/**
 * What went into test/data/format-v2-store, which was written once and never again: the directory of a store with a
 * manifest of version 2, parts as they were sealed and merged ones, deleted rows, keys of sealed segments, a task, and
 * a segment, as kill -9 leaves them. Made from the repository's root with
 *
 *   node -e "import('./src/storage/test-format-v2.ts').then((m) => m.writeExampleStore('test/data/format-v2-store'))"
 */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Bitset } from '../base/base.ts'
import { FIELD_JSON, FIELD_NUMBER } from '../record/record.ts'
import { encodeSample, messages, SAMPLE_WALL_MS, type SampleBatch } from '../testing/sample-records.ts'
import type { Store } from './store.ts'
import { TestDirectory } from './test-directory.ts'

const DAY_MS = 86_400_000

export interface StoredBatch {
  /** Which records of it can be read, by their place; the others were deleted or dropped. */
  readonly visible: readonly number[]
  readonly batch: SampleBatch
}

const all = (batch: SampleBatch): StoredBatch => ({ visible: batch.records.map((_, index) => index), batch })

const requests = (from: number, count: number): SampleBatch => ({
  shared: [{ name: 'service', value: 'shop', isStream: true }],
  records: Array.from({ length: count }, (_, n) => ({
    message: `request ${from + n} answered in ${(from + n) * 7}ms`,
    severity: n % 5 === 0 ? 17 : 9,
    timeMs: SAMPLE_WALL_MS + n,
    fields: [{ name: 'bytes', value: String((from + n) * 1000), kind: FIELD_NUMBER }],
  })),
})

/** Two days in one batch, so two parts; merged with those of the next. */
const FIRST: readonly StoredBatch[] = [
  {
    visible: [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15],
    batch: { ...requests(1, 16), key: 'sealed:1' },
  },
  all({
    records: [
      { message: 'of the day before', timeMs: SAMPLE_WALL_MS - 1 },
      { message: 'of this day', levelWord: 'Notice', severity: 10 },
      { message: Uint8Array.from([0, 0xff, 0xfe, 0x0a]), flags: 2 },
    ],
  }),
]
const SECOND: readonly StoredBatch[] = [
  all(requests(100, 20)),
  all({ key: 'sealed:2', records: [{ message: '한국어 ünïcödé 💥', timeMs: SAMPLE_WALL_MS - DAY_MS }] }),
]
/** Of a day that is dropped. */
const DROPPED: readonly StoredBatch[] = [
  { visible: [], batch: { records: [{ message: 'long ago', timeMs: SAMPLE_WALL_MS - 400 * DAY_MS }] } },
]
const THIRD: readonly StoredBatch[] = [all(requests(200, 8)), all(messages('', 'sealed, not merged'))]
const UNSEALED: readonly StoredBatch[] = [
  all({ ...messages('in a segment'), key: 'segment:1' }),
  all({ records: [{ message: 'kinds', fields: [{ name: 'json', value: '{"a":[1]}', kind: FIELD_JSON }] }] }),
]

/** In the order in which they were appended: ids follow each other from 1. */
export const STORED_BATCHES: readonly StoredBatch[] = [...FIRST, ...SECOND, ...DROPPED, ...THIRD, ...UNSEALED]
/** Records that lie in parts, the deleted ones included. */
export const SEALED_RECORDS = [...FIRST, ...SECOND, ...THIRD].reduce(
  (sum, { batch }) => sum + batch.records.length,
  0,
)
export const TASK = { kind: 'example', text: '{"filter":"x"}', endId: 20, progress: 'half done' }

async function append(store: Store, batches: readonly StoredBatch[]): Promise<void> {
  for (const { batch } of batches) await store.append(encodeSample(batch))
}

/** The directory, on a simulated disk, as kill -9 leaves it. */
export async function exampleStore(): Promise<TestDirectory> {
  const directory = new TestDirectory()
  const store = await directory.open({ sealing: false })
  const { maintenance } = store
  await append(store, FIRST)
  await store.flush()
  await append(store, SECOND)
  await maintenance.merge()
  const merged = maintenance.parts().find(({ summary }) => summary.level > 0 && summary.records > 20)
  assert.ok(merged !== undefined, 'nothing was merged')
  // The rows of ids 3 and 13, once each: the second file of deleted rows replaces the first.
  for (const row of [2, 12]) {
    const rows = new Bitset(merged.summary.records)
    rows.set(row)
    assert.deepEqual(await maintenance.deleteRows(new Map([[merged.number, new Map([[0, rows]])]])), [])
  }
  const known = new Set(maintenance.parts().map(({ number }) => number))
  await append(store, DROPPED)
  await store.flush()
  const old = maintenance.parts().filter(({ number }) => !known.has(number))
  assert.equal(await maintenance.dropParts(old.map(({ number }) => number)), 1)
  await append(store, THIRD)
  await store.flush()
  await maintenance.putTask(TASK)
  await append(store, UNSEALED)
  directory.kill()
  return directory
}

/** Makes the directory, which must not be there. */
export async function writeExampleStore(path: string): Promise<void> {
  const directory = await exampleStore()
  const target = join(path, 'stores/logs')
  await mkdir(target, { recursive: true })
  for (const name of directory.names())
    await writeFile(join(target, name), directory.bytes(name), { flag: 'wx' })
}
