/** Records that the text kernel takes out of batches are those that its twin takes, whatever the fields and lengths. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { batchCount } from '../../record/record.ts'
import type { SampleBatch, SampleField, SampleRecord } from '../../testing/sample-records.ts'
import { TextKernel } from '../template/text-kernel.ts'
import { BatchContent, ContentMemory } from './content-of-batches.ts'
import { type Batches, contentOf, layBatches, randomBatches, times } from './test-blocks.ts'

const kernel = new TextKernel(new SeededRandom(1))
const memory = new ContentMemory()

/** The same batches where the kernel has its data, gathered in calls of up to `step` records. */
function gatheredByKernel({ data, starts }: Batches, step = Number.POSITIVE_INFINITY): BatchContent {
  const lent = kernel.lend(data.length)
  assert.ok(lent !== null)
  const { bytes, records } = lent
  bytes.set(data)
  const content = new BatchContent(bytes, memory, records)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const at of starts) {
    const count = batchCount(view, at)
    for (let from = 0; from < count; from += step) content.addRecords(at, from, Math.min(count, from + step))
  }
  return content
}

function check(laid: Batches, what: string, step?: number): void {
  const expected = contentOf(laid)
  const { data, ...columns } = gatheredByKernel(laid, step).build()
  assert.equal(Buffer.compare(data, expected.data), 0, what)
  assert.deepStrictEqual({ ...columns, data: expected.data }, expected, what)
}

const NAMES = ['a', 'bc', 'user_name', 'elevenbytes', 'twelve_bytes', 'nineteen_bytes_long', 'x'.repeat(120)]

/** Records in runs of one list of fields each; now and then one of them has another name, length, kind or number of fields. */
function recordsInRuns(random: SeededRandom, count: number): SampleRecord[] {
  const records: SampleRecord[] = []
  while (records.length < count) {
    const fieldCount = random.below(random.chance(0.1) ? 40 : 6)
    const streamCount = random.below(fieldCount + 1)
    const names = times(fieldCount, (n) => `${NAMES[random.below(NAMES.length)]}${n}`)
    const run = 1 + random.below(random.chance(0.3) ? 3000 : 200)
    const oddChance = random.chance(0.5) ? 0 : 0.01
    for (let n = 0; n < run && records.length < count; n++)
      records.push(recordOf(random, names, streamCount, random.chance(oddChance)))
  }
  return records
}

function recordOf(
  random: SeededRandom,
  names: readonly string[],
  streamCount: number,
  isOdd: boolean,
): SampleRecord {
  let fields: SampleField[] = names.map((name, place) => ({
    name,
    isStream: place < streamCount,
    value: 'v'.repeat(random.below(random.chance(0.01) ? 500 : 9)),
  }))
  const place = random.below(names.length + 1)
  const how = isOdd ? random.below(5) : -1
  if (how === 0) fields = fields.slice(0, place)
  if (how === 1) fields = [...fields, { name: names[0] ?? 'more', value: 'again' }]
  if (how === 2)
    fields = fields.map((field, n) => (n === place ? { ...field, kind: 1 + random.below(5) } : field))
  if (how === 3)
    fields = fields.map((field, n) => (n === place ? { ...field, name: otherName(field.name) } : field))
  if (how === 4) fields = fields.map((field, n) => ({ ...field, isStream: n < place }))
  return {
    message: 'm'.repeat(random.below(40)),
    timeMs: 1_750_000_000_000 - random.below(2) * 2_500_000_000_000 + random.below(1e9),
    timeNs: random.below(1_000_000),
    severity: random.below(25),
    levelWord: random.chance(0.2) ? 'Warn' : undefined,
    flags: random.below(16),
    fields,
  }
}

/** Differs in its last or in another byte. */
const otherName = (name: string): string =>
  name.length % 2 === 0 ? `${name.slice(0, -1)}_` : `_${name.slice(1)}`

describe('Records of batches in the memory of the kernel', () => {
  it('are those of the twin, in runs of the same fields', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new SeededRandom(seed)
      const batches: SampleBatch[] = times(1 + random.below(4), () => ({
        records: recordsInRuns(random, 1 + random.below(4000)),
        shared: random.chance(0.1) ? [{ name: 'shared', value: 'by all' }] : [],
      }))
      check(
        layBatches(batches, random),
        `seed ${seed}`,
        random.chance(0.3) ? 1 + random.below(500) : undefined,
      )
    }
  })

  it('are those of the twin, of any kind', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed)
      check(layBatches(randomBatches(random, 1 + random.below(800)), random), `seed ${seed}`)
    }
  })

  it('are mostly taken by the kernel, and not where a length in them is wrong', () => {
    const random = new SeededRandom(7)
    const records = times(300, (n) => ({
      message: 'text',
      fields: [
        { name: 'host', value: 'v'.repeat(n === 100 ? 3 : n % 7) },
        { name: 'to', value: 'w'.repeat(n === 100 ? 0 : 7 - (n % 7)) },
      ],
    }))
    const laid = layBatches([{ records }], random)
    const memoryOfKernel = kernel.lend(laid.data.length)
    assert.ok(memoryOfKernel !== null)
    const { bytes: lent, records: taking } = memoryOfKernel
    const recordBytes = (value: number): number => 28 + 4 + 6 + 4 + 6 + 2 + value
    const end = laid.data.length
    const first = end - 299 * recordBytes(7) - recordBytes(3)
    const heads = Uint32Array.of(first + 32, first + 42)
    const hundredth = first + 100 * recordBytes(7)
    const takenWith = (at: number, bytes: readonly number[]): number => {
      lent.set(laid.data)
      assert.ok(taking.useLayout({}, 0, Uint32Array.of(0, 2), heads, 2, lent))
      lent.set(bytes, hundredth + at)
      return taking.take(lent, first, end, 300, 1)
    }
    assert.equal(takenWith(0, []), 300)
    for (const length of [
      0,
      1,
      27,
      recordBytes(3) - 1,
      recordBytes(3) + 1,
      0x7fff_ff00,
      0x9000_0000,
      0xffff_ffff,
    ]) {
      const bytes = [length & 0xff, (length >>> 8) & 0xff, (length >>> 16) & 0xff, length >>> 24]
      assert.equal(takenWith(0, bytes), 100, `record of ${length} bytes`)
      assert.equal(takenWith(24, bytes), 100, `message of ${length} bytes`)
      assert.equal(takenWith(34, bytes), 100, `first value of ${length} bytes`)
      if (length > 0) assert.equal(takenWith(47, bytes), 100, `second value of ${length} bytes`)
    }
    assert.equal(takenWith(10, [1, 0]), 100, 'level word')
    assert.equal(takenWith(6, [1, 0]), 100, 'number of fields')
    assert.equal(takenWith(8, [1, 0]), 100, 'number of stream fields')
    assert.equal(takenWith(33, [3]), 100, 'length of a name')
    assert.equal(takenWith(38, [0x6d]), 100, 'name')
    lent.set(laid.data)
    assert.equal(taking.take(lent, first, end - 1, 300, 1), 299, 'beyond the end')
    assert.equal(taking.end, end - recordBytes(7))
  })
})
