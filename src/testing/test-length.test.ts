import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countUp, inTurn, sampled, shortOrLong } from './test-length.ts'

const isShort = shortOrLong(1, 2) === 1
const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1)

test('a sample has the first, the last, and what has its turn', { skip: !isShort }, () => {
  assert.deepEqual(sampled(upTo(10), 4), [1, 5, 9, 10])
  assert.deepEqual(sampled(upTo(10), 4, 1), [1, 4, 8, 10])
  assert.deepEqual(sampled([], 4), [])
  assert.deepEqual(sampled(upTo(1), 4), [1])
})

test('what is tried in turn is one after the other, and again from the first', { skip: !isShort }, () => {
  assert.deepEqual(
    upTo(4).flatMap((turn) => inTurn(['a', 'b', 'c'], turn)),
    ['b', 'c', 'a', 'b'],
  )
})

test('as many turns as a step is long have every item', () => {
  const had = new Set(upTo(5).flatMap((turn) => sampled(upTo(40), 5, turn)))
  assert.equal(had.size, 40)
})

test('counting up ends at the last number, and tries it, wherever the sample goes over the end', async () => {
  for (const step of [1, 2, 3, 7]) {
    for (const count of [0, 1, 2, 3, 9, 20, 21]) {
      for (const turn of upTo(step)) {
        const tried: number[] = []
        const isOver = async (n: number): Promise<boolean> => {
          if (n <= count) tried.push(n)
          return n > count
        }
        assert.equal(await countUp(isOver, { step, turn }), count, `step ${step}, turn ${turn}`)
        assert.deepEqual([tried.includes(1), tried.includes(count)], [count > 0, count > 0])
      }
    }
  }
})

test('counting up to no end fails', async () => {
  await assert.rejects(
    countUp(async () => false, { step: 3, most: 10 }),
    /after 10 tries there is no end/,
  )
})
