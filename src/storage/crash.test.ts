/**
 * Power cuts and kills at every disk call of many seeded runs (reliability rules R1-R14). The short form samples the calls of
 * each run, others in each, and more of the runs are cut for it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SimulatedDisk, systemErrorCode } from '../base/base.ts'
import { checkSurvivors, load, Oracle, openCrashStore, readAll } from '../testing/crash-run.ts'
import { countUp, sampled, shortOrLong } from '../testing/test-length.ts'

const POWER_CUTS = shortOrLong(2000, 10_000)
/** Of so many cuts of a run one is tried in the short form. */
const CUT_STEP = 10
const KILLS = 40
const KILL_STEP = 6
const FAULT_STEP = 5

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
    cuts.push({
      disk: disk.fork(seed + n),
      oracle: oracle.clone(),
      call: `${moment} call ${n}, ${operation} ${path}`,
    })
  }
  disk.onCall = cut('before')
  disk.onReturn = cut('after')
  const store = await openCrashStore(disk, seed)
  await load(store, oracle, seed)
  await store.close()
  return cuts
}

test('a power cut at any call loses no acknowledged record, doubles none, changes none', async (t) => {
  const wanted = Number(process.env.LOGCASTER_CRASH_SEEDS ?? POWER_CUTS)
  let tried = 0
  for (let seed = 1; tried < wanted; seed++) {
    for (const { disk, oracle, call } of sampled(await collectCuts(seed), CUT_STEP, seed)) {
      const cutSeed = seed * 100_003 + tried
      try {
        await checkSurvivors(disk.powerCut(cutSeed), oracle, cutSeed)
      } catch (error) {
        assert.fail(
          `run seed ${seed}, cut ${call}, cut seed ${cutSeed}: ${error instanceof Error ? error.stack : error}`,
        )
      }
      tried++
    }
  }
  t.diagnostic(`${tried} power cuts`)
})

test('kill -9, a start, and a power cut in the middle of that start lose nothing', async () => {
  for (let seed = 1; seed <= KILLS; seed++) {
    const disk = new SimulatedDisk({ seed })
    const oracle = new Oracle()
    const store = await openCrashStore(disk, seed)
    await load(store, oracle, seed)
    const killed = disk.processKill()
    const cuts: { disk: SimulatedDisk; call: string; index: number }[] = []
    killed.onReturn = (operation, path, n) => {
      cuts.push({ disk: killed.fork(seed + n), call: `${operation} ${path}`, index: cuts.length })
    }
    await (await openCrashStore(killed, seed)).close()
    for (const { disk: forked, call, index } of sampled(cuts, KILL_STEP, seed)) {
      await named(`seed ${seed}, cut after ${call}`, () =>
        checkSurvivors(forked.powerCut(index), oracle, index),
      )
    }
  }
})

/**
 * Runs, with the n-th disk call failing, until there is no n-th call any more; answers how many there were. The short form
 * has a fifth of the calls of each kind of fault: together they have every call.
 */
function sweep(fault: Parameters<SimulatedDisk['failCall']>[1], turn: number): Promise<number> {
  return countUp(
    async (n) => {
      const disk = new SimulatedDisk({ seed: n })
      const oracle = new Oracle()
      const before = disk.calls
      let calls = 0
      disk.failCall(n, fault)
      const label = `${fault.code}${fault.persistent ? ' for ever' : ''} at call ${n}`
      await named(label, async () => {
        try {
          const store = await openCrashStore(disk, n)
          await load(store, oracle, n, { senders: 3, batches: 12 })
          const found = await readAll(store)
          // What a read error hid is said to be damaged; nothing is hidden silently.
          const damaged = store.stats().damaged
          for (const [id, message] of oracle.acknowledged) {
            if (damaged.some((range) => range.fromId <= id && id <= range.toId)) continue
            assert.equal(found.get(id), message)
          }
          await store.close()
        } catch (error) {
          assert.ok(isExpected(error, fault.code), String(error instanceof Error ? error.stack : error))
        }
        calls = disk.calls - before
        disk.heal()
        await checkSurvivors(disk.fork(n).powerCut(n), oracle, n)
        await killThenCut(disk, oracle, n)
      })
      return calls < n
    },
    { step: FAULT_STEP, turn },
  )
}

/** A page cache that outlives the process shows bytes that a failed sync never brought to the disk (rule R14). */
async function killThenCut(disk: SimulatedDisk, oracle: Oracle, seed: number): Promise<void> {
  const killed = disk.processKill()
  const store = await openCrashStore(killed, seed)
  for (const message of (await readAll(store)).values()) oracle.sent.add(message)
  await load(store, oracle, seed, { senders: 2, batches: 4, prefix: 'later' })
  await checkSurvivors(killed.powerCut(seed), oracle, seed)
}

const isExpected = (error: unknown, code: string): boolean =>
  isCodedError(error, 'DIRECTORY_UNUSABLE') || systemErrorCode(error) === code

async function named(label: string, run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    assert.fail(`${label}: ${error instanceof Error ? error.stack : error}`)
  }
}

const FAULTS = [
  { code: 'EIO', persistent: false },
  { code: 'EIO', persistent: true },
  { code: 'ENOSPC', persistent: false },
  { code: 'ENOSPC', persistent: true },
  { code: 'EINTR', persistent: false },
] as const

for (const [turn, { code, persistent }] of FAULTS.entries()) {
  test(`when the n-th disk call fails with ${code}${persistent ? ' and all after it' : ''}, for every n, acknowledged records stay`, async (t) => {
    t.diagnostic(
      `${await sweep({ code, persistent, partialBytes: 100 }, turn)} calls, each of which fails in turn`,
    )
  })
}
