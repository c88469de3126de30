/** What a query of one stream reads of the others: nothing. Counted at the disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom, SimulatedClock, SimulatedDisk } from '../../base/base.ts'
import { openStore, PartCache, PartSource, type Snapshot } from '../../storage/storage.ts'
import { encodeSample, SAMPLE_WALL_MS, type SampleBatch } from '../../testing/sample-records.ts'
import { parseQuery } from '../syntax/parser.ts'
import { valuesIn } from './field-values.ts'
import { countIn, keysIn } from './search.ts'
import type { ValuesWanted } from './values-wanted.ts'

const PARTS = 4
const BLOCKS_OF_PART = 4
const ROWS = 200
/** What its part tells of all blocks, where its strings lie, its layouts, the columns of the query; without a cache. */
const READS_OF_BLOCK = 6
const MIB = 1024 * 1024
const parse = (text: string) => parseQuery(text, { nowMs: SAMPLE_WALL_MS }).filter

class ReadCountingDisk extends SimulatedDisk {
  reads = 0

  override openSync(path: string) {
    const file = super.openSync(path)
    return {
      bytes: file.bytes,
      readSync: (target: Uint8Array, position: number): number => {
        this.reads++
        return file.readSync(target, position)
      },
      closeSync: () => file.closeSync(),
    }
  }
}

/** The block of a part, which its own host and service send; every tenth record comes from `everywhere`. */
function batchOf(random: SeededRandom, part: number, block: number): SampleBatch {
  return {
    records: Array.from({ length: ROWS }, (_, at) => ({
      message: `request ${random.below(1e6)} from ${random.below(1e6)}`,
      timeMs: SAMPLE_WALL_MS + at,
      fields: [
        { name: 'host', value: at % 10 === 0 ? 'everywhere' : `web-${part}-${block}`, isStream: true },
        { name: 'service', value: `service-${part}`, isStream: true },
        { name: 'user', value: `user ${random.below(1e6)}` },
      ],
    })),
  }
}

/** Parts of blocks with one service each and two hosts a block. */
async function open(): Promise<{ disk: ReadCountingDisk; snapshot: Snapshot; close: () => Promise<void> }> {
  const disk = new ReadCountingDisk({ seed: 1 })
  const store = await openStore({
    disk,
    clock: new SimulatedClock({ wallMs: SAMPLE_WALL_MS }),
    random: new SeededRandom(1),
    directory: '/store',
    options: { freeBytesMin: 0, blockRowsMax: ROWS },
  })
  const random = new SeededRandom(2)
  for (let part = 0; part < PARTS; part++) {
    for (let block = 0; block < BLOCKS_OF_PART; block++)
      await store.append(encodeSample(batchOf(random, part, block)))
    await store.flush()
  }
  const snapshot = store.snapshot()
  assert.equal(snapshot.parts.length, PARTS)
  return {
    disk,
    snapshot,
    close: async () => {
      snapshot.release()
      await store.close()
    },
  }
}

/** Reads beside those that open parts: what a search reads when all parts are open, and no frame is in memory. */
async function readsOf<T>(
  { disk, snapshot }: { disk: ReadCountingDisk; snapshot: Snapshot },
  search: (source: PartSource) => Promise<T>,
): Promise<{ found: T; reads: number }> {
  const cache = new PartCache(disk, { bytesMax: 0, filesMax: 100 })
  const source = new PartSource(snapshot.parts, cache)
  // Opens every part, reads the facts of its blocks and the names of its fields, and nothing of a block.
  assert.equal(await countIn(source, parse('nobody:="x"'), Infinity), 0)
  const before = disk.reads
  const found = await search(source)
  const reads = disk.reads - before
  cache.close()
  return { found, reads }
}

test('a filter on a stream or on its fields reads blocks that have it, and no others', async () => {
  const bench = await open()
  const count = (text: string) =>
    readsOf(bench, (source) => countIn(source, parse(text), Number.POSITIVE_INFINITY))
  for (const text of ['host:="nobody-1"', '{host="nobody-1"}', '{service="service-1",host="web-2-0"}']) {
    const { found, reads } = await count(text)
    assert.deepEqual([found, reads], [0, 0], text)
    const keys = await readsOf(bench, (source) => keysIn(source, parse(text), 10, MIB))
    assert.deepEqual([keys.found.ids.length, keys.reads], [0, 0], `newest of ${text}`)
  }
  const { found, reads: all } = await count('{host="everywhere"}')
  assert.equal(found, (PARTS * BLOCKS_OF_PART * ROWS) / 10)
  assert.ok(all >= 2 * PARTS * BLOCKS_OF_PART)
  for (const text of ['host:="web-2-1"', '{host="web-2-1"}', '{host="web-2-1",service="service-2"}']) {
    const { found, reads } = await count(text)
    assert.equal(found, (ROWS * 9) / 10, text)
    assert.ok(reads > 0 && reads <= READS_OF_BLOCK, `${text}: ${reads} of ${all} reads`)
  }
  for (const text of ['{service="service-3"}', '_stream:{service=~"service-[3-9]"}']) {
    const { found, reads } = await count(text)
    assert.equal(found, BLOCKS_OF_PART * ROWS)
    assert.ok(reads <= BLOCKS_OF_PART * READS_OF_BLOCK, `${text}: ${reads} of ${all} reads`)
  }
  await bench.close()
})

test('values that the facts of blocks tell are not read, and others cost their own column', async () => {
  const bench = await open()
  const values = (wanted: ValuesWanted, text = '*') =>
    readsOf(bench, (source) => valuesIn(source, parse(text), wanted, MIB))
  const blocks = PARTS * BLOCKS_OF_PART

  const services = await values({ kind: 'fieldValues', field: 'service' })
  assert.deepEqual([services.found.keys.length, services.reads], [PARTS, 0])
  assert.deepEqual([...services.found.hits], Array(PARTS).fill(BLOCKS_OF_PART * ROWS))
  const none = await values({ kind: 'fieldValues', field: 'nobody' })
  assert.deepEqual([none.found.keys.length, none.reads], [0, 0])
  const inside = await values({ kind: 'fieldValues', field: 'service' }, '_time:<2100-01-01Z')
  assert.equal(inside.reads, 0, 'all rows of every block lie within the time')
  const some = await values({ kind: 'fieldValues', field: 'service' }, 'service:="service-1"')
  assert.deepEqual([some.found.keys, some.reads], [['service-1'], 0])

  const hosts = await values({ kind: 'fieldValues', field: 'host' })
  assert.equal(hosts.found.keys.length, blocks + 1)
  await bench.close()
})
