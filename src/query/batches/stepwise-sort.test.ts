import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { sortInSteps } from './stepwise-sort.ts'

test('numbers are in order, equal ones in theirs, however many they are', () => {
  const random = new SeededRandom(5)
  for (const count of [0, 1, 2, 8191, 8192, 8193, 16_384, 40_000, 100_001]) {
    const ranks = Uint32Array.from({ length: count }, () => random.below(1 + (count >> 2)))
    const wanted = Array.from(ranks.keys()).sort((a, b) => ranks[a] - ranks[b] || a - b)
    const steps = sortInSteps(Uint32Array.from(ranks.keys()), (a, b) => ranks[a] - ranks[b])
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    assert.deepEqual([...step.value], wanted, `${count} numbers`)
  }
})

test('no step compares much more than the numbers of one', () => {
  let compared = 0
  let most = 0
  const random = new SeededRandom(6)
  const ranks = Uint32Array.from({ length: 300_000 }, () => random.uint32())
  const steps = sortInSteps(Uint32Array.from(ranks.keys()), (a, b) => {
    compared++
    return ranks[a] - ranks[b]
  })
  for (let step = steps.next(); ; step = steps.next()) {
    most = Math.max(most, compared)
    compared = 0
    if (step.done === true) break
  }
  assert.ok(most < 150_000, `${most} comparisons in one step`)
})
