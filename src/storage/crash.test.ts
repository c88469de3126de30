/** Power cuts and kills at every disk call of many seeded runs (reliability rules R1-R14). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedDisk } from '../base/base.ts'
import { checkSurvivors, load, Oracle, openCrashStore } from '../testing/crash-run.ts'

interface Cut {
  readonly disk: SimulatedDisk
  readonly oracle: Oracle
  readonly call: string
}

/** Runs a load and forks the disk before and after every call. */
async function collectCuts(seed: number): Promise<Cut[]> {
  const disk = new SimulatedDisk({ seed, shortWriteChance: 0.1, shortReadChance: 0.1 })
  const oracle = new Oracle()
  const cuts: Cut[] = []
  const cut = (moment: string) => (operation: string, path: string, n: number) => {
    cuts.push({ disk: disk.fork(seed + n), oracle: oracle.clone(), call: `${moment} call ${n}, ${operation} ${path}` })
  }
  disk.onCall = cut('before')
  disk.onReturn = cut('after')
  const store = await openCrashStore(disk, seed)
  await load(store, oracle, seed)
  await store.close()
  return cuts
}

test('a power cut at any call loses no acknowledged record, doubles none, changes none', async (t) => {
  const wanted = Number(process.env.LOGCASTER_CRASH_SEEDS ?? 10_000)
  let tried = 0
  for (let seed = 1; tried < wanted; seed++) {
    for (const { disk, oracle, call } of await collectCuts(seed)) {
      const cutSeed = seed * 100_003 + tried
      try {
        await checkSurvivors(disk.powerCut(cutSeed), oracle, cutSeed)
      } catch (error) {
        assert.fail(`run seed ${seed}, cut ${call}, cut seed ${cutSeed}: ${error instanceof Error ? error.stack : error}`)
      }
      tried++
    }
  }
  t.diagnostic(`${tried} power cuts`)
})
