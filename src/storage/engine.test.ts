/**
 * The engine against a plain array: random histories on a disk that fails, loses and comes back. This is the short form of
 * `npm run soak -- --engine`, which repeats one seed with `--seed N --seeds 1`.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engineSeeds, placesMissed, printCoverage } from '../../test/engine-seeds.ts'

const SEEDS = 50
const PEACEFUL_SEEDS = 20
const PEACEFUL_FIRST = 1_000_000

test('the store agrees with a plain array, whatever is done to it and wherever its disk ends', async (t) => {
  const coverage = await engineSeeds({ first: 1, seeds: SEEDS, log: () => {} })
  t.diagnostic(printCoverage(coverage))
  assert.deepEqual(placesMissed(coverage), [], 'disks ended in all places')
  for (const what of ['dropped by age', 'dropped by size', 'unanswered and stored', 'unanswered and gone'])
    assert.ok((coverage.get(what) ?? 0) > 0, what)
})

test('a reader sees every record of its moment once, while parts are merged, dropped and deleted from under it', async (t) => {
  const coverage = await engineSeeds({
    first: PEACEFUL_FIRST,
    seeds: PEACEFUL_SEEDS,
    log: () => {},
    isPeaceful: true,
  })
  t.diagnostic(printCoverage(coverage))
  for (const what of ['merges', 'drops', 'deletes']) {
    const readers = coverage.get(`slow readers during ${what}`) ?? 0
    assert.ok(readers >= PEACEFUL_SEEDS / 2, `${readers} readers during ${what}`)
  }
})
