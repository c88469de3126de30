/** The store over segments keeps the contract of stores, on the simulated disk and on this machine's. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Disk, RealDisk, SeededRandom, SimulatedClock, SimulatedDisk } from '../base/base.ts'
import { SAMPLE_WALL_MS } from '../testing/sample-records.ts'
import { storeContract } from '../testing/store-contract.ts'
import { checkAgainstModel, randomStep } from '../testing/store-model.ts'
import type { OpenStoreUnderTest, StoreUnderTest } from '../testing/store-under-test.ts'
import { openStore } from './open-store.ts'
import type { Store } from './store.ts'
import type { StoreOptions } from './store-options.ts'

async function storeOn(
  disk: Disk,
  directory: string,
  options: Partial<StoreOptions>,
  dispose: () => Promise<void>,
): Promise<StoreUnderTest> {
  const clock = new SimulatedClock({ wallMs: SAMPLE_WALL_MS })
  let starts = 0
  const open = (): Promise<Store> =>
    openStore({ disk, directory, clock, random: new SeededRandom(++starts), options })
  let store = await open()
  return {
    store,
    async reopen(): Promise<Store> {
      await store.close()
      store = await open()
      return store
    },
    async dispose(): Promise<void> {
      await store.close()
      await dispose()
    },
  }
}

const onSimulatedDisk: OpenStoreUnderTest = (options) => {
  const disk = new SimulatedDisk({ seed: 7, shortReadChance: 0.05, shortWriteChance: 0.05, reorder: true })
  return storeOn(disk, '/data/stores/logs', options, async () => {})
}

const onRealDisk: OpenStoreUnderTest = async (options) => {
  const root = await mkdtemp(join(tmpdir(), 'logcaster-store-'))
  return storeOn(new RealDisk(), `${root}/stores/logs`, options, () => rm(root, { recursive: true }))
}

storeContract('segments on a simulated disk', onSimulatedDisk)
storeContract('segments on a real disk', onRealDisk)

test('segments on a simulated disk: agree with a plain array, whatever is done in whatever order', async () => {
  const step = fc.integer({ min: 0 }).map((seed) => randomStep(new SeededRandom(seed)))
  const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), (steps) =>
    checkAgainstModel(onSimulatedDisk, steps),
  )
  await fc.assert(property, { seed: 20_270_115, numRuns: 60 })
})
