/** The short form of `npm run soak -- --engine-kill`: kills while segments are sealed and parts are merged. */
import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { it } from 'node:test'
import { systemRandom } from '../../src/base/base.ts'
import { engineKill, printEngineKill } from '../engine-kill.ts'
import { sharedFolder } from '../shared-folder.ts'

/** A log in small: segments, requests and lives are a fifth to an eighth of those of the long form. */
const BYTES = 4_000_000
const SMALL = { segmentMib: 1, requestBytesMax: 128 * 1024, secondsMax: 0.6, killsSealing: true }

it('kill -9 while the engine seals and merges loses no acknowledged record, and doubles or changes none', async (t) => {
  const corpus = sharedFolder(t, 'corpus')
  if (corpus === null) return
  const seed = systemRandom.uint32() >>> 1
  const log = (line: string): void => t.diagnostic(line)
  log(`seed ${seed}`)
  const figures = await engineKill({
    bytes: BYTES,
    seed,
    ...SMALL,
    connections: 3,
    mergeKills: 1,
    shared: dirname(corpus),
    log,
  })
  log(printEngineKill(figures))
  assert.ok(figures.bytes >= BYTES && figures.kills > 2 && figures.killsSealing > 0)
})
