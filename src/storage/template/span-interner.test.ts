import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { shortOrLong } from '../../testing/test-length.ts'
import type { ColumnValues } from '../columns/column-values.ts'
import { SpanInterner } from './span-interner.ts'

interface Rows {
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
}

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const rows = (...spans: readonly (readonly [number, number])[]): Rows => ({
  starts: Uint32Array.from(spans, ([start]) => start),
  lengths: Uint32Array.from(spans, ([, length]) => length),
})

function valuesOf({ table, entries }: ColumnValues): string[] {
  const { bytes, starts, ends, count } = table
  return Array.from(entries, (entry) => {
    assert.ok(entry < count)
    return Buffer.from(bytes.subarray(starts[entry], ends[entry])).toString('latin1')
  })
}

const textsOf = (data: Uint8Array, { starts, lengths }: Rows): string[] =>
  Array.from(starts, (start, row) =>
    Buffer.from(data.subarray(start, start + lengths[row])).toString('latin1'),
  )

test('a value of two columns stands in their table once', () => {
  const interner = new SpanInterner(new SeededRandom(1))
  interner.begin(latin1('7 8 7'))
  const first = rows([0, 1], [2, 1])
  const second = rows([4, 1], [2, 1], [2, 1], [1, 0])
  const one = interner.column(first.starts, first.lengths)
  const other = interner.column(second.starts, second.lengths)
  assert.deepEqual([...one.entries], [0, 1])
  assert.deepEqual([...other.entries], [0, 1, 1, 2])
  assert.equal(one.table, other.table)
  assert.equal(other.table.count, 3)
  assert.deepEqual(valuesOf(other), ['7', '8', '8', ''])
})

test('what begins anew knows nothing of the columns before', () => {
  const interner = new SpanInterner(new SeededRandom(2))
  const { starts, lengths } = rows([0, 3], [4, 3])
  interner.internSpans(latin1('abc def'), starts, lengths)
  const again = interner.internSpans(latin1('def def'), starts, lengths)
  assert.deepEqual([...again.entries], [0, 0])
  assert.deepEqual(valuesOf(again), ['def', 'def'])
})

test('a column of no rows has no entries', () => {
  const interner = new SpanInterner(new SeededRandom(3))
  const { table, entries, rowCount } = interner.internSpans(
    latin1(''),
    new Uint32Array(0),
    new Uint32Array(0),
  )
  assert.deepEqual([table.count, entries.length, rowCount], [0, 0, 0])
})

test('columns over random bytes come back, equal values have equal entries, others do not', () => {
  for (let seed = 1; seed <= shortOrLong(24, 60); seed++) {
    const random = new SeededRandom(seed)
    const letters = 1 + random.below(3)
    const gap = random.below(4)
    // Digits, letters, or digits and what comes before them.
    const first = [0x30, 0x61, 0x2f][seed % 3]
    const whole = Uint8Array.from(
      { length: gap + 1 + random.below(4000) },
      () => first + random.below(letters),
    )
    const data = whole.subarray(gap)
    const lengthMax = 1 + random.below(seed % 2 ? 6 : 40)
    const interner = new SpanInterner(random)
    for (let round = 0; round < 3; round++) {
      interner.begin(data)
      const numbers = new Map<string, number>()
      const columns = Array.from({ length: 4 }, () => {
        const column = randomRows(random, data.length, lengthMax)
        return { column, values: interner.column(column.starts, column.lengths) }
      })
      for (const { column, values } of columns) {
        const texts = textsOf(data, column)
        assert.deepEqual(valuesOf(values), texts, `seed ${seed}`)
        for (const text of texts) if (!numbers.has(text)) numbers.set(text, numbers.size)
        assert.deepEqual(
          [...values.entries],
          texts.map((text) => numbers.get(text)),
          `seed ${seed}`,
        )
        assert.equal(values.table, columns[0].values.table)
      }
      assert.equal(columns[0].values.table.count, numbers.size)
    }
  }
})

/** Rows that often repeat the row before, at its place or at another one, and often end where the data ends. */
function randomRows(random: SeededRandom, dataLength: number, lengthMax: number): Rows {
  const spans: [number, number][] = []
  for (let row = 0, count = random.below(3000); row < count; row++) {
    const length = Math.min(dataLength, random.below(lengthMax))
    const start = random.chance(0.1) ? dataLength - length : random.below(dataLength - length + 1)
    spans.push(row > 0 && random.chance(0.3) ? spans[row - 1] : [start, length])
  }
  return rows(...spans)
}
