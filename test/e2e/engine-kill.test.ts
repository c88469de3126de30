/** The short form of `npm run soak -- --engine-kill`: kills while segments are sealed and parts are merged. */
import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { it } from 'node:test'
import { systemRandom } from '../../src/base/base.ts'
import { engineKill } from '../engine-kill.ts'
import { sharedFolder } from '../shared-folder.ts'

const BYTES = 25_000_000

it('kill -9 while the engine seals and merges loses no acknowledged record, and doubles or changes none', async (t) => {
  const corpus = sharedFolder(t, 'corpus')
  if (corpus === null) return
  const seed = systemRandom.uint32() >>> 1
  const log = (line: string): void => t.diagnostic(line)
  log(`seed ${seed}`)
  const figures = await engineKill({
    bytes: BYTES,
    seed,
    secondsMax: 1,
    segmentMib: 5,
    connections: 3,
    mergeKills: 1,
    shared: dirname(corpus),
    log,
  })
  assert.ok(figures.bytes >= BYTES && figures.kills > 0)
})
