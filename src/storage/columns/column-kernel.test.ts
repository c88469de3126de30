import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { instantiateKernel, refuseKernel, SeededRandom } from '../../base/base.ts'
import { noSlotFacts } from '../template/slot-facts.ts'
import { ByteSink } from './byte-sink.ts'
import { ColumnKernel } from './column-kernel.ts'
import type { ColumnValues } from './column-values.ts'
import type { Encoding } from './encoding.ts'
import { type ColumnHint, chooseEncoding, ENCODINGS, newColumnHint } from './encodings.ts'
import { planSequence } from './number-sequence.ts'
import { Scratch } from './scratch.ts'
import { columnOf, factsOf, hex, logColumns, randomRows, VALUE_KINDS } from './test-columns.ts'

const kernel = ColumnKernel.open(instantiateKernel)
assert.ok(kernel !== null)

const TIMESTAMPS = 7
const DICTIONARY = 9

function encodingOf(code: number): Encoding {
  const encoding = ENCODINGS.find((one) => one.code === code)
  assert.ok(encoding !== undefined)
  return encoding
}

interface Encoded {
  readonly bytes: string | null
  readonly facts: readonly number[]
}

/** As the block writer puts a slot without a kernel. */
function byTwin(values: ColumnValues, hint: ColumnHint): Encoded & { readonly taken: boolean } {
  const uses = hint.uses
  const facts = factsOf(values)
  const { encoding, plan } = chooseEncoding(values, facts, hint)
  const column = new ByteSink(16)
  column.u8(encoding.code)
  plan.write(column)
  const sink = new ByteSink(16)
  sink.varint(column.length)
  sink.append(column.written())
  const taken = facts.distinct.length === 1 || hint.uses === uses + 1
  return { bytes: hex(sink.written()), facts: [facts.classes, facts.lengthMin, facts.lengthMax], taken }
}

function byKernel(values: ColumnValues, hint: ColumnHint): Encoded | null {
  const sink = new ByteSink(16)
  const facts = noSlotFacts(1)
  kernel?.begin(values.table)
  const stopped = kernel?.encodeSlots(values.entries, values.rowCount, 0, [hint], facts, sink)
  if (stopped === 0) return null
  return {
    bytes: hex(sink.written()),
    facts: [facts.classes[0], facts.lengthMin[0], facts.lengthMax[0]],
  }
}

/** Columns that may be times, and those for which somebody says so, are the twin's. */
function isForTwin({ table, entries }: ColumnValues, { code }: ColumnHint): boolean {
  const { bytes, starts, ends } = table
  const lengths = new Set(Array.from(entries, (entry) => ends[entry] - starts[entry]))
  const first = Buffer.from(bytes.subarray(starts[entries[0]], ends[entries[0]])).toString('latin1')
  return code === TIMESTAMPS || (lengths.size === 1 && /^\d{4}(?:.\d\d){5}/s.test(first))
}

/** The kernel gives the column the bytes of the twin, and the hint what the twin gives it. Answers whether as hinted. */
function assertSame(values: ColumnValues, hint: ColumnHint, what: string): boolean {
  const mine = { ...hint }
  const theirs = { ...hint }
  const expected = byTwin(values, theirs)
  const found = byKernel(values, mine)
  if (found === null) {
    assert.ok(isForTwin(values, hint), `${what}: refused`)
    return expected.taken
  }
  assert.equal(found.bytes, expected.bytes, what)
  assert.deepEqual(found.facts, expected.facts, what)
  assert.deepEqual(mine, theirs, what)
  return expected.taken
}

/** The hint that the column gives itself, and others that may fit it or not. */
function hintsFor(values: ColumnValues, random: SeededRandom): ColumnHint[] {
  const own = newColumnHint()
  chooseEncoding(values, factsOf(values), own)
  const common = { bytesPerRow: 1e6, uses: 0 }
  const hints: ColumnHint[] = [own, { ...own, uses: 15 }, newColumnHint()]
  for (const { code } of ENCODINGS) {
    if (code === 1) continue
    const form = random.below(4)
    const detail = code === DICTIONARY ? random.below(7) | (random.below(2) << 4) | (form << 5) : form
    hints.push({
      code,
      detail: code === DICTIONARY || code === 3 || code === 5 ? detail : undefined,
      ...common,
    })
  }
  return hints
}

/** Bytes that the twin expects of a column, where it takes the hint. */
function estimateOf(values: ColumnValues, { code, detail }: ColumnHint): number | null {
  return code < 0 ? null : (encodingOf(code).plan(values, factsOf(values), detail)?.bytes ?? null)
}

describe('The column kernel', () => {
  it('is not there where WebAssembly is refused', () => {
    assert.equal(ColumnKernel.open(refuseKernel), null)
  })

  for (const kind of Object.keys(VALUE_KINDS)) {
    it(`gives columns of ${kind} the bytes that the twin gives them`, () => {
      let taken = 0
      for (let seed = 1; seed <= 30; seed++) {
        const random = new SeededRandom(seed)
        const rowCount = [1, 2, 7, 40, 300, 2500, 5000][random.below(seed % 10 === 0 ? 7 : 5)]
        const rows = randomRows(kind, seed, rowCount)
        if (random.chance(0.3)) rows.sort()
        if (random.chance(0.2))
          for (let row = 1; row < rowCount; row++) if (random.chance(0.9)) rows[row] = rows[row - 1]
        const values = columnOf(rows)
        for (const hint of hintsFor(values, random))
          if (assertSame(values, hint, `${kind}, seed ${seed}, code ${hint.code}, detail ${hint.detail}`))
            taken++
      }
      assert.ok(taken > 30, `${taken} columns were taken`)
    })

    it(`takes a column of ${kind} up to the bytes that the twin expects, and no further`, () => {
      for (let seed = 1; seed <= 8; seed++) {
        const random = new SeededRandom(seed)
        const values = columnOf(randomRows(kind, seed, 200 + random.below(2500)))
        if (factsOf(values).distinct.length === 1) continue
        for (const hint of hintsFor(values, random)) {
          const bytes = estimateOf(values, hint)
          if (bytes === null || bytes < 17) continue
          const bytesPerRow = (bytes - 16) / 1.2 / values.rowCount
          const what = `${kind}, seed ${seed}, code ${hint.code}, detail ${hint.detail}`
          assert.ok(
            assertSame(values, { ...hint, uses: 0, bytesPerRow: bytesPerRow * (1 + 1e-12) }, what),
            what,
          )
          assert.ok(
            !assertSame(values, { ...hint, uses: 0, bytesPerRow: bytesPerRow * (1 - 1e-12) }, what),
            what,
          )
        }
      }
    })
  }

  it('gives columns of real logs the bytes that the twin gives them', (t) => {
    const folder = sharedFolder(t, 'corpus')
    if (folder === null) return
    let taken = 0
    for (const name of readdirSync(folder).filter((name) => name.endsWith('.log'))) {
      for (const [place, rows] of logColumns(join(folder, name)).entries()) {
        const values = columnOf(rows.slice(0, 20_000))
        for (const hint of hintsFor(values, new SeededRandom(place)))
          if (assertSame(values, hint, `${name}, column ${place}, code ${hint.code}, detail ${hint.detail}`))
            taken++
      }
    }
    assert.ok(taken > 100, `${taken} columns were taken`)
  })

  it('stops at a slot that it does not take, and goes on behind it', () => {
    const time = '2015-07-29 17:41:44'
    const column = columnOf(['1', time, '2015-07-29 17:41:45', '1', time, '3'])
    const slots = Uint32Array.of(
      ...column.entries.subarray(3, 6),
      ...column.entries.subarray(1, 3),
      2,
      1,
      1,
      1,
    )
    const hints = [newColumnHint(), newColumnHint(), newColumnHint()]
    const sink = new ByteSink(16)
    const facts = noSlotFacts(3)
    kernel.begin(column.table)
    assert.equal(kernel.encodeSlots(slots, 3, 0, hints, facts, sink), 1)
    assert.equal(kernel.isRefused, true)
    const { length } = sink
    assert.equal(kernel.encodeSlots(slots, 3, 1, hints, facts, sink), 1)
    assert.equal(sink.length, length)
    assert.equal(kernel.encodeSlots(slots, 3, 2, hints, facts, sink), 3)
    assert.equal(kernel.isRefused, false)
    // Two bytes: that of the constant encoding, and the value.
    assert.equal(hex(sink.written(length)), '020131')
  })

  it('puts numbers as the twin does', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed)
      const count = [1, 2, 9, 300, 5000][random.below(5)]
      const scale = 2 ** random.below(50)
      const numbers = new Float64Array(count)
      const isGrowing = random.chance(0.4)
      for (let i = 0; i < count; i++) {
        if (i > 0 && random.chance(0.5)) numbers[i] = numbers[i - 1]
        else numbers[i] = Math.floor((random.uint32() / 2 ** 32 - 0.3) * scale) + (isGrowing ? i * 1000 : 0)
      }
      const scratch = new Scratch()
      const expected = new ByteSink(16)
      planSequence(numbers, scratch).write(expected)
      const found = new ByteSink(16)
      kernel.numbers(count)?.set(numbers)
      kernel.putNumbers(count, found)
      assert.equal(hex(found.written()), hex(expected.written()), `seed ${seed}`)
    }
    assert.equal(kernel.numbers(65_537), null)
  })

  it('takes no column of a table that is too large for it, nor one of too many rows', () => {
    const long = columnOf(Array.from({ length: 5 }, (_, row) => String(row).repeat(1_000_000)))
    assert.equal(byKernel(long, newColumnHint()), null)
    const many = columnOf(Array.from({ length: 300_000 }, (_, row) => String(row)))
    assert.equal(byKernel(many, newColumnHint()), null)
    const rows = columnOf(Array.from({ length: 65_537 }, () => '1'))
    assert.equal(byKernel(rows, newColumnHint()), null)
    assertSame(columnOf(['1', '1']), newColumnHint(), 'a column of one value afterwards')
  })

  it('encodes columns as large as it takes', () => {
    const random = new SeededRandom(7)
    for (const kind of ['uuids', 'block ids', 'large integers', 'words', 'bytes']) {
      const values = columnOf(randomRows(kind, 7, 65_536))
      const [own, , none] = hintsFor(values, random)
      for (const hint of [own, none])
        if (byKernel(values, { ...hint }) !== null) assertSame(values, hint, `${kind}, code ${hint.code}`)
    }
  })

  it('takes more slots than fit into its memory in several turns', () => {
    const rowCount = 50_000
    const { entries, table } = columnOf(Array.from({ length: rowCount }, (_, row) => String(row % 100)))
    const slotCount = 11
    const slots = new Uint32Array(rowCount * slotCount)
    for (let slot = 0; slot < slotCount; slot++) slots.set(entries, slot * rowCount)
    const own = newColumnHint()
    const column = { table, entries, rowCount }
    chooseEncoding(column, factsOf(column), own)
    const hints = Array.from({ length: slotCount }, () => ({ ...own }))
    const sink = new ByteSink(16)
    const facts = noSlotFacts(slotCount)
    kernel.begin(table)
    let slot = 0
    for (let turns = 0; slot < slotCount; turns++) {
      assert.ok(turns < 4, `stopped at slot ${slot}`)
      slot = kernel.encodeSlots(slots, rowCount, slot, hints, facts, sink)
    }
    const expected = byTwin(column, { ...own }).bytes ?? ''
    assert.equal(hex(sink.written()), expected.repeat(slotCount))
  })
})
