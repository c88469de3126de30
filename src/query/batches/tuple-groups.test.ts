import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import type { BatchColumn } from './batch-column.ts'
import { RowBatch } from './row-batch.ts'
import { smallest, smallestOfEach } from './smallest.ts'
import { ConstantColumn, GroupColumn, TextColumn } from './text-columns.ts'
import { TupleGroups } from './tuple-groups.ts'

test('tuples hold what rows hold, however columns keep it', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new SeededRandom(seed)
    const rowCount = 1 + random.below(300)
    const fields = ['a', 'b', 'c', 'd'].slice(0, random.below(5))
    const columns = new Map<string, BatchColumn>()
    for (const field of fields) if (random.below(5) > 0) columns.set(field, randomColumn(random, rowCount))
    const batch = new RowBatch(rowCount, columns)
    const tuples = new TupleGroups(batch, fields)
    const counts = new Uint32Array(tuples.count)
    for (let row = 0; row < rowCount; row++) {
      const tuple = tuples.ofRow === null ? 0 : tuples.ofRow[row]
      counts[tuple]++
      for (const [at, field] of fields.entries())
        assert.equal(tuples.textOf(tuple, at), batch.texts(field)[row], `seed ${seed}`)
    }
    assert.deepEqual(tuples.rowCounts(), counts, `seed ${seed}`)
  }
})

function randomColumn(random: SeededRandom, rowCount: number): BatchColumn {
  const kinds = 1 + random.below([3, 40, 5000][random.below(3)])
  const texts = Array.from({ length: rowCount }, () => `t${random.below(kinds)}`)
  switch (random.below(3)) {
    case 0:
      return new ConstantColumn('x', rowCount)
    case 1:
      return new TextColumn(texts)
    default: {
      // Two groups may have the same text, and some have no row.
      const held = Array.from({ length: kinds }, (_, at) => `g${at % 7}`)
      return new GroupColumn(
        { texts: held, ofRow: Uint32Array.from(texts, () => random.below(kinds)) },
        rowCount,
      )
    }
  }
}

test('the smallest are those that sorting all would put first', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new SeededRandom(seed)
    const values = Uint32Array.from({ length: random.below(200) }, (_, at) => at)
    const weights = Float64Array.from(values, () => random.below(1000))
    const compare = (a: number, b: number): number => weights[a] - weights[b] || a - b
    const sorted = Uint32Array.from(values).sort(compare)
    const limit = random.below(250)
    assert.deepEqual(smallest(values, limit, compare), sorted.slice(0, limit), `seed ${seed}`)
    const groups = Uint32Array.from(values, () => random.below(9))
    const few = 1 + random.below(4)
    const seen = new Map<number, number>()
    const wanted = sorted.filter((value) => {
      seen.set(groups[value], (seen.get(groups[value]) ?? 0) + 1)
      return seen.get(groups[value])! <= few
    })
    assert.deepEqual(smallestOfEach(values, groups, few, compare), wanted, `seed ${seed}`)
  }
})
