import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom, systemRandom } from './random.ts'

const take = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, next)

test('a seed gives the same numbers on every machine, for ever', () => {
  // Seeds of failures are written down: a change of these numbers would make them worthless.
  const random = new SeededRandom(1)
  const wanted = [2693262067, 11749833, 2265367787, 4213581821, 4159151403]
  assert.deepEqual(
    take(5, () => random.uint32()),
    wanted,
  )
})

test('seeds that differ give numbers that differ', () => {
  const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => new SeededRandom(seed).uint32()))
  assert.equal(firsts.size, 1000)
})

test('below gives every number below the bound and no other', () => {
  const random = new SeededRandom(7)
  const seen = new Set(take(500, () => random.below(5)))
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4])
  assert.equal(random.below(1), 0)
})

test('chance is never at 0, always at 1, and about half at 0.5', () => {
  const random = new SeededRandom(7)
  const hits = (probability: number) =>
    take(1000, () => random.chance(probability)).filter((isHit) => isHit).length
  assert.equal(hits(0), 0)
  assert.equal(hits(1), 1000)
  const half = hits(0.5)
  assert.ok(half > 400 && half < 600, `${half} of 1000`)
})

test('the numbers of the system are integers from 0 to 2^32 - 1', () => {
  for (const number of take(100, () => systemRandom.uint32())) {
    assert.ok(Number.isInteger(number) && number >= 0 && number < 2 ** 32, `${number}`)
  }
})
