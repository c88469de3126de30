import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { type Block, countsByGroup, oneGroup, type RowGroups, type RowRuns } from '../../record/record.ts'
import { streamText } from '../special-fields.ts'
import { blockOf } from '../test-blocks.ts'
import { encodeText } from '../values/text.ts'
import { streamGroups } from './block-streams.ts'

function runsOf(ofRow: Uint32Array): RowRuns {
  const ends = [...ofRow.keys()].filter((row) => ofRow[row] !== ofRow[row + 1]).map((row) => row + 1)
  return { groups: Uint32Array.from(ends, (end) => ofRow[end - 1]), ends: Uint32Array.from(ends) }
}

/** Values that come in runs, as sorted ones do. */
function randomGroups(random: SeededRandom, rowCount: number, valueCount: number): RowGroups<Uint8Array> {
  const held = Array.from({ length: valueCount }, (_, at) => encodeText(`v${at}`))
  let group = 0
  const ofRow = Uint32Array.from({ length: rowCount }, () => {
    if (random.below(4) === 0) group = random.below(valueCount)
    return group
  })
  return {
    held,
    rowCounts: () => countsByGroup(ofRow, valueCount),
    ofRow: () => ofRow,
    runs: () => runsOf(ofRow),
  }
}

/** The block with columns of values in runs. */
function withRuns(block: Block, columns: ReadonlyMap<string, RowGroups<Uint8Array>>): Block {
  const layout = [...columns.keys()].map((name) => ({ name, isStream: true }))
  return Object.assign(Object.create(block), {
    layoutGroups: () => oneGroup(layout, block.rowCount),
    valueGroups: (name: string) => columns.get(name)!,
  })
}

test('streams out of runs are those of the rows', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed)
    const rowCount = 1 + random.below(200)
    const names = ['a', 'b', 'c', 'd'].slice(0, 1 + random.below(4))
    // With many values their product is too large for a table.
    const valuesMax = random.below(5) === 0 ? 300 : 5
    const columns = new Map(
      names.map((name) => [name, randomGroups(random, rowCount, 1 + random.below(valuesMax))]),
    )
    const block = withRuns(blockOf(Array.from({ length: rowCount }, () => ({ message: 'm' }))), columns)
    const wanted = Array.from({ length: rowCount }, (_, row) =>
      streamText(
        names.map((name) => ({ name, value: columns.get(name)!.held[columns.get(name)!.ofRow()![row]] })),
      ),
    )
    const groups = streamGroups(block)!
    const ofRow = groups.ofRow()
    const texts = groups.held.map((bytes) => Buffer.from(bytes).toString())
    assert.deepEqual(
      Array.from(wanted, (_, row) => texts[ofRow === null ? 0 : ofRow[row]]),
      wanted,
      `seed ${seed}`,
    )
    const counts = groups.rowCounts()
    for (const [group, text] of texts.entries())
      assert.equal(counts[group], wanted.filter((each) => each === text).length, `seed ${seed}: ${text}`)
  }
})
