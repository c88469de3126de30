import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { FIELD_NUMBER } from '../../record/record.ts'
import type { BatchColumn } from './batch-column.ts'
import { batchOfHeld, gatherRows, heldRowsBytes, holdRows } from './held-rows.ts'
import { RowBatch } from './row-batch.ts'
import { GroupColumn, TextColumn, TimeColumn } from './text-columns.ts'

function batchOf(random: SeededRandom, hasKeys: boolean): RowBatch {
  const rowCount = 1 + random.below(20)
  const numbers = (max: number) => Array.from({ length: rowCount }, () => random.below(max))
  const times = { timesMs: Float64Array.from(numbers(1000)), timesNs: Uint32Array.from(numbers(1000)) }
  const all: [string, BatchColumn][] = [
    ['time', new TimeColumn(times.timesMs, times.timesNs)],
    ['text', new TextColumn(numbers(9).map(String))],
    ['typed', new TextColumn(numbers(9).map(String), new Uint8Array(rowCount).fill(FIELD_NUMBER))],
    ['group', new GroupColumn({ texts: ['x', 'y', 'z'], ofRow: Uint32Array.from(numbers(3)) }, rowCount)],
    ['one', new GroupColumn({ texts: ['x'], ofRow: null }, rowCount)],
  ]
  const columns = new Map(all.filter(() => random.below(4) > 0))
  return new RowBatch(rowCount, columns, hasKeys ? { ...times, ids: Float64Array.from(numbers(99)) } : null)
}

const rowsOf = (batch: RowBatch): string[] =>
  Array.from({ length: batch.rowCount }, (_, row) =>
    JSON.stringify([
      [...batch.columns].flatMap(([name, column]) => {
        const text = column.texts()[row]
        return text === '' ? [] : [[name, text, column.kinds()?.[row] ?? 0]]
      }),
      batch.keys === null ? [] : [batch.keys.timesMs[row], batch.keys.timesNs[row], batch.keys.ids[row]],
    ]),
  )

test('rows that were held and sent to another thread are the same rows', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const batch = batchOf(new SeededRandom(seed), seed % 2 === 0)
    const held = holdRows(batch)
    assert.deepEqual(rowsOf(batchOfHeld(structuredClone(held))), rowsOf(batch), `seed ${seed}`)
    assert.ok(heldRowsBytes(held) > 0 || batch.names.length === 0, `seed ${seed}`)
  }
})

test('rows of several batches are gathered in any order', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new SeededRandom(seed)
    const hasKeys = seed % 2 === 0
    const batches = Array.from({ length: 1 + random.below(4) }, () => batchOf(random, hasKeys))
    const all = batches.flatMap(rowsOf)
    const chosen = Uint32Array.from({ length: random.below(40) }, () => random.below(all.length))
    const gathered = rowsOf(gatherRows(batches, chosen))
    const inNames = (line: string): string => {
      const [fields, keys] = JSON.parse(line) as [[string][], number[]]
      return JSON.stringify([fields.sort(([a], [b]) => (a < b ? -1 : 1)), keys])
    }
    assert.deepEqual(
      gathered.map(inNames),
      Array.from(chosen, (row) => inNames(all[row])),
      `seed ${seed}`,
    )
  }
})

test('no batches give no rows', () => {
  assert.equal(gatherRows([], new Uint32Array(0)).rowCount, 0)
})
