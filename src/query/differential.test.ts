/**
 * The whole language over random records, held against a naive evaluator, before and after sealing, merging, and cutting
 * into blocks of any size. Many more seeds: `npm run soak -- --queries`.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shortOrLong } from '../testing/test-length.ts'
import { differenceIn, runSeeds } from './test-differential.ts'
import { KEPT_CASES } from './test-differential-kept.ts'

const FIRST_SEED = 1
const SEEDS = shortOrLong(20, 200)

test('what was answered wrongly once is answered rightly', async () => {
  for (const kept of KEPT_CASES) assert.equal(await differenceIn(kept), null)
})

test('random queries over random records have the answers of a naive evaluator, wherever records are', async () => {
  await runSeeds(FIRST_SEED, SEEDS)
})
