/**
 * The engine against a plain array: random histories on a disk that fails, loses and comes back. This is the short form of
 * `npm run soak -- --engine`, which repeats one seed with `--seed N --seeds 1`.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engineSeeds, placesMissed, printCoverage } from '../../test/engine-seeds.ts'
import type { EngineCoverage } from '../testing/engine-run.ts'
import { shortOrLong } from '../testing/test-length.ts'

/** At least; more where something was not met yet. */
const SEEDS = shortOrLong(20, 200)
const SEEDS_MAX = 200
const PEACEFUL_SEEDS = shortOrLong(8, 80)
const PEACEFUL_FIRST = 1_000_000

const RARE = ['dropped by age', 'dropped by size', 'unanswered and stored', 'unanswered and gone']

/** What has to happen in some seed, and did not. */
const missedBy = (coverage: EngineCoverage): string[] => [
  ...placesMissed(coverage),
  ...RARE.filter((what) => (coverage.get(what) ?? 0) === 0),
]

test('the store agrees with a plain array, whatever is done to it and wherever its disk ends', async (t) => {
  const coverage = await engineSeeds({ first: 1, seeds: SEEDS, log: () => {} })
  for (let seed = SEEDS + 1; seed <= SEEDS_MAX && missedBy(coverage).length > 0; seed++) {
    for (const [what, count] of await engineSeeds({ first: seed, seeds: 1, log: () => {} }))
      coverage.set(what, (coverage.get(what) ?? 0) + count)
  }
  t.diagnostic(printCoverage(coverage))
  assert.deepEqual(missedBy(coverage), [], 'disks ended in all places, and what is rare happened')
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
