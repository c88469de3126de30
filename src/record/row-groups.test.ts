import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import { countsByGroup, countsOfRuns, joinRuns, type RowRuns, spreadRuns } from './row-groups.ts'

const random = new SeededRandom(11)

/** Neighbours may be of the same group. */
function someRuns(rowCount: number, groupCount: number): RowRuns {
  const groups: number[] = []
  const ends: number[] = []
  for (let row = 0; row < rowCount; ) {
    row = Math.min(rowCount, row + 1 + random.below(random.chance(0.2) ? rowCount : 4))
    groups.push(random.below(groupCount))
    ends.push(row)
  }
  return { groups: Uint32Array.from(groups), ends: Uint32Array.from(ends) }
}

test('runs count the rows that they spread over', () => {
  for (let round = 0; round < 200; round++) {
    const rowCount = 1 + random.below(60)
    const runs = someRuns(rowCount, 5)
    const ofRow = spreadRuns(runs)
    assert.equal(ofRow.length, rowCount)
    assert.deepEqual(countsOfRuns(runs, 5), countsByGroup(ofRow, 5))
  }
})

test('joined runs spread as each of the lists does', () => {
  for (let round = 0; round < 300; round++) {
    const rowCount = 1 + random.below(60)
    const lists = Array.from({ length: 1 + random.below(4) }, () => someRuns(rowCount, 4))
    const { groups, ends } = joinRuns(lists)
    for (const [at, list] of lists.entries())
      assert.deepEqual(spreadRuns({ groups: groups[at], ends }), spreadRuns(list), `${round}`)
    const most = lists.reduce((sum, list) => sum + list.ends.length, 0)
    assert.ok(ends.length <= most)
    for (let run = 1; run < ends.length; run++) assert.ok(ends[run] > ends[run - 1])
  }
})
