/** Workers that die while they seal: nothing is lost, nothing is left behind, and sealing goes on. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { realDisk, SeededRandom, SimulatedClock, WorkerPool } from '../base/base.ts'
import { appendSample, hasCode, messages, readMessages, SAMPLE_WALL_MS } from '../testing/sample-records.ts'
import { openStore } from './open-store.ts'
import type { Store } from './store.ts'

const pool = new WorkerPool({
  url: new URL('./test-store-worker.ts', import.meta.url),
  name: 'store',
  threads: 1,
  resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 },
})
const directory = mkdtempSync(join(tmpdir(), 'dead-worker-'))
let store: Store
let records = 0

before(async () => {
  store = await openStore({
    disk: realDisk,
    clock: new SimulatedClock({ wallMs: SAMPLE_WALL_MS }),
    random: new SeededRandom(1),
    directory: `${directory}/store`,
    options: { freeBytesMin: 0, sealing: false },
    runner: pool,
  })
})
after(async () => {
  await store.close()
  await pool.close()
  rmSync(directory, { recursive: true })
})

/** Appends a record and seals it with workers that die as the lines say. */
async function sealWith(...deaths: readonly string[]): Promise<void> {
  writeFileSync(`${directory}/deaths`, deaths.join('\n'))
  await appendSample(store, messages(`record ${++records}`))
  await store.flush()
}

async function assertWhole(): Promise<void> {
  assert.equal(readFileSync(`${directory}/deaths`, 'utf8'), '')
  assert.equal(Object.keys(await readMessages(store)).length, records)
  const parts = readdirSync(`${directory}/store`).filter((name) => name.startsWith('part-'))
  assert.equal(parts.length, store.stats().parts)
}

for (const how of ['exit', 'need too much memory']) {
  test(`a seal is done by another worker, where the first one is to ${how}`, async () => {
    const { replaced } = pool.stats
    await sealWith(how)
    assert.equal(pool.stats.replaced, replaced + 1)
    await assertWhole()
  })
}

test('a seal whose second worker dies is refused, and the next try does it', async () => {
  await assert.rejects(sealWith('exit', 'exit'), hasCode('WORKER_DIED'))
  assert.equal(store.stats().segments, 2)
  await store.flush()
  await assertWhole()
})
