import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { bindBatches } from '../pipeline.ts'
import { parseQuery } from '../syntax/parser.ts'
import { PIPE_TEST_NOW_MS, TEST_SETTINGS } from '../test-pipes.ts'

function sampled(oneOf: number, sizes: readonly number[], seed: number): number[] {
  const { pipes } = parseQuery(`* | sample ${oneOf}`, { nowMs: PIPE_TEST_NOW_MS })
  const map = bindBatches(pipes, TEST_SETTINGS, new SeededRandom(seed))
  const taken: number[] = []
  let first = 0
  for (const size of sizes) {
    const n = Array.from({ length: size }, (_, row) => String(first + row))
    taken.push(...map(RowBatch.of({ n })).texts('n').map(Number))
    first += size
  }
  return taken
}

test('about one of N rows is taken, each as likely as any other', () => {
  const ROWS = 100_000
  for (const oneOf of [2, 10, 300]) {
    const taken = sampled(oneOf, [ROWS], 5)
    const wanted = ROWS / oneOf
    assert.ok(Math.abs(taken.length - wanted) < 5 * Math.sqrt(wanted), `${taken.length} of ${wanted}`)
    const early = taken.filter((row) => row < ROWS / 2).length
    assert.ok(Math.abs(early - taken.length / 2) < 5 * Math.sqrt(taken.length), `${early} of ${taken.length}`)
    assert.deepEqual(new Set(taken).size, taken.length)
  }
})

test('which rows are taken does not depend on how they come in batches', () => {
  assert.deepEqual(sampled(7, [1000], 3), sampled(7, [1, 0, 499, 300, 200], 3))
})

test('one of one is all', () => {
  assert.equal(sampled(1, [10, 20], 1).length, 30)
})
