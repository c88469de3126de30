import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { FIELD_NUMBER, FIELD_TRUE } from '../../record/record.ts'
import { rowJson } from '../row-fields.ts'
import { blockOf } from '../test-blocks.ts'
import type { BatchColumn } from './batch-column.ts'
import { EVERY_FIELD } from './fields-wanted.ts'
import { MemoryShare } from './memory-share.ts'
import { batchOfBlock } from './record-batches.ts'
import { RowBatch, rowsOfBatch } from './row-batch.ts'
import { RowSorter, type SortedRows, type SortedRowsWanted } from './row-sorter.ts'
import { GroupColumn, TextColumn } from './text-columns.ts'

const ALL: SortedRowsWanted = {
  by: null,
  isDesc: false,
  isNewestFirst: false,
  partitionBy: [],
  rowsMax: Infinity,
}
const BY_A: SortedRowsWanted = { ...ALL, by: [{ field: 'a', isDesc: false }] }

const sorterOf = (wanted: SortedRowsWanted, bytesMax = 1 << 24): RowSorter =>
  new RowSorter(wanted, new MemoryShare(bytesMax, 'the test'))

test('rows that are no records and are the same stay in the order in which they came', () => {
  const sorter = sorterOf({ ...BY_A, rowsMax: 5 })
  for (let n = 0; n < 2000; n += 10) {
    const rows = Array.from({ length: 10 }, (_, at) => n + at)
    sorter.add(RowBatch.of({ a: rows.map((row) => (row % 100 === 50 ? '1' : '2')), n: rows.map(String) }))
  }
  const { rows, ranks } = sortedOf(sorter, 1)
  assert.deepEqual(rows.texts('n'), ['150', '250', '350', '450'])
  assert.deepEqual([...ranks], [1, 2, 3, 4])
})

/** All pieces, one or none where there are few rows. */
function sortedOf(sorter: RowSorter, skip = 0): SortedRows {
  const pieces = [...sorter.sortedInPieces(skip)].filter((piece) => piece !== null)
  assert.ok(pieces.length === 1)
  return pieces[0]
}

test('many rows come in pieces, and others may work between them', () => {
  const random = new SeededRandom(3)
  const sorter = sorterOf({ ...BY_A, rowsMax: Infinity })
  const values = Array.from({ length: 50_000 }, () => String(random.below(1_000_000)))
  for (let from = 0; from < values.length; from += 10_000)
    sorter.add(RowBatch.of({ a: values.slice(from, from + 10_000) }))
  const pieces = [...sorter.sortedInPieces(100)]
  const rows = pieces.flatMap((piece) => piece?.rows.texts('a') ?? [])
  const wanted = values.toSorted((a, b) => Number(a) - Number(b)).slice(100)
  assert.deepEqual(rows, wanted)
  assert.deepEqual(
    pieces.flatMap((piece) => (piece === null ? [] : [...piece.ranks])),
    wanted.map((_, at) => at + 100),
  )
  assert.ok(pieces.filter((piece) => piece === null).length >= 10)
  assert.ok(pieces.every((piece) => (piece?.rows.rowCount ?? 0) <= 8192))
  assert.deepEqual(sorter.sorted().texts('a').slice(100), wanted)
})

test('an order by all fields learns the names as they come', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed)
    const rowsMax = random.below(3) === 0 ? Infinity : 1 + random.below(5)
    const sorter = sorterOf({ ...ALL, rowsMax })
    const rows: Record<string, string>[] = []
    for (let batch = 0; batch < 8; batch++) {
      // The later the batch, the earlier in the order of names are its fields.
      const names = ['f', 'e', 'd', 'c', 'b', 'a'].slice(0, 1 + random.below(batch + 1))
      const added = Array.from({ length: 1 + random.below(300) }, () =>
        Object.fromEntries(names.map((name) => [name, String(random.below(4))])),
      )
      rows.push(...added)
      sorter.add(RowBatch.ofRows(added.map((fields) => Object.entries(fields))))
    }
    const key = (fields: Record<string, string>): string =>
      ['a', 'b', 'c', 'd', 'e', 'f'].map((n) => fields[n] ?? ' ').join('')
    const wanted = rows.map(key).sort().slice(0, rowsMax)
    const found = sortedOf(sorter).rows
    const keys = Array.from({ length: found.rowCount }, (_, row) =>
      key(Object.fromEntries(found.names.map((name) => [name, found.texts(name)[row] || ' ']))),
    )
    assert.deepEqual(keys, wanted, `seed ${seed}`)
  }
})

test('what is cut is given back to the memory', () => {
  for (const partitionBy of [[], ['p']]) {
    const sorter = sorterOf({ ...BY_A, partitionBy, rowsMax: 3 }, 2_000_000)
    for (let n = 50_000; n > 0; n -= 100) {
      const rows = Array.from({ length: 100 }, (_, at) => String(n - at))
      sorter.add(
        RowBatch.of({ a: rows, p: rows.map((row) => row.at(-1)!), text: rows.map((row) => row.padEnd(200)) }),
      )
    }
    const count = partitionBy.length === 0 ? 3 : 30
    assert.equal(sortedOf(sorter).rows.rowCount, count)
  }
})

/** Counts how often the texts of its rows were asked for. */
class CountedColumn extends TextColumn {
  readonly #counter: { rows: number }
  readonly #all: readonly string[]

  constructor(texts: readonly string[], counter: { rows: number }) {
    super(texts)
    this.#all = texts
    this.#counter = counter
  }

  override texts(): readonly string[] {
    this.#counter.rows += this.#all.length
    return this.#all
  }

  override select(rows: Uint32Array): BatchColumn {
    return new CountedColumn(
      Array.from(rows, (row) => this.#all[row]),
      this.#counter,
    )
  }
}

test('columns that the order does not need are read of rows that are kept', () => {
  const random = new SeededRandom(5)
  const counter = { rows: 0 }
  const sorter = sorterOf({ ...BY_A, rowsMax: 10 })
  for (let batch = 0; batch < 50; batch++) {
    const values = Array.from({ length: 1000 }, () => String(random.below(1_000_000)))
    const columns = new Map<string, BatchColumn>([
      ['a', new TextColumn(values)],
      ['text', new CountedColumn(values, counter)],
    ])
    sorter.add(new RowBatch(1000, columns))
  }
  const { rows } = sortedOf(sorter)
  assert.deepEqual(rows.texts('text'), rows.texts('a'))
  assert.ok(counter.rows < 2000, `${counter.rows} of 50000 were read`)
})

test('a batch whose groups all come too late is left without a look at its rows', () => {
  const sorter = sorterOf({ ...BY_A, rowsMax: 2 })
  sorter.add(RowBatch.of({ a: ['1', '2', '3'] }))
  const untouched = {
    texts: ['5', '6'],
    get ofRow(): Uint32Array {
      throw new Error('nobody should look at the rows')
    },
  }
  sorter.add(new RowBatch(3, new Map([['a', new GroupColumn(untouched, 3)]])))
  assert.deepEqual(sortedOf(sorter).rows.texts('a'), ['1', '2'])
})

test('a batch that cannot be read changes nothing', () => {
  class Broken extends TextColumn {
    override texts(): readonly string[] {
      throw new Error('damaged')
    }
    override select(): BatchColumn {
      return this
    }
  }
  for (const rowsMax of [2, Infinity]) {
    const sorter = sorterOf({ ...BY_A, rowsMax })
    sorter.add(RowBatch.of({ a: ['2', '1', '3'] }))
    const columns = new Map([
      ['a', new TextColumn(['0'])],
      ['text', new Broken([''])],
    ])
    assert.throws(() => sorter.add(new RowBatch(1, columns)), /damaged/)
    assert.equal(sortedOf(sorter).rows.texts('a')[0], '1', String(rowsMax))
  }
})

test('rows of blocks keep the types of their values', () => {
  const records = Array.from({ length: 400 }, (_, n) => ({
    message: `m${n}`,
    timeMs: n,
    fields: {
      n: { text: String(n), kind: FIELD_NUMBER },
      ...(n % 2 === 0 && { ok: { text: 'true', kind: FIELD_TRUE } }),
    },
  }))
  const block = blockOf(records, 7)
  const batch = batchOfBlock(block, null, EVERY_FIELD)
  for (const rowsMax of [3, 300, Infinity]) {
    const sorter = sorterOf({ ...ALL, by: [{ field: 'n', isDesc: true }], rowsMax })
    sorter.add(batch)
    const shown = rowsOfBatch(sortedOf(sorter).rows).slice(0, 2).map(rowJson)
    assert.deepEqual(shown, [
      '{"_time":"1970-01-01T00:00:00.399Z","_msg":"m399","n":399,"_id":406}',
      '{"_time":"1970-01-01T00:00:00.398Z","_msg":"m398","n":398,"ok":true,"_id":405}',
    ])
  }
})
