/** Queries of a hub over what is sealed, which other threads search. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import {
  type Disk,
  isCodedError,
  realDisk,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  systemClock,
} from '../base/base.ts'
import { type HubOptions, openHub, ProgramHub } from './hub.ts'

const STARTED_MS = Date.UTC(2026, 10, 21)

async function open(dataDir: string, disk: Disk, options: Partial<HubOptions> = {}): Promise<ProgramHub> {
  const clock = disk === realDisk ? systemClock : new SimulatedClock({ wallMs: STARTED_MS })
  const store = { freeBytesMin: 0 }
  return new ProgramHub(
    await openHub({ dataDir, disk, clock, random: new SeededRandom(1), store, ...options }),
    clock,
  )
}

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'sealed-queries-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Two parts of 500 records, and 500 that are not sealed. */
async function fill(hub: ProgramHub): Promise<void> {
  for (let part = 0; part < 3; part++) {
    const records = Array.from({ length: 500 }, (_, at) => ({
      message: `request ${at} was ${at % 5 === 0 ? 'slow' : 'fast'}`,
      time: new Date(STARTED_MS + (part * 500 + at) * 1000).toISOString(),
      fields: { part, at },
    }))
    await hub.write(records)
    if (part < 2) await hub.hub.store().flush()
  }
}

async function idsOf(hub: ProgramHub, query: string, rowsMax?: number): Promise<unknown[]> {
  const rows = await Array.fromAsync(hub.rows(query, { rowsMax, client: 'someone' }))
  return rows.map((row) => row._id)
}

async function check(hub: ProgramHub): Promise<void> {
  await fill(hub)
  assert.equal(hub.stats().stores['logs'].parts, 2)
  assert.equal(await hub.count('slow'), 300)
  assert.equal(await hub.count('part:1'), 500)
  assert.deepEqual(await idsOf(hub, 'slow', 3), [1486, 1491, 1496])
  assert.deepEqual(await idsOf(hub, 'at:499'), [500, 1000, 1500])
  assert.equal((await idsOf(hub, '*')).length, 1500)
  const [row] = await Array.fromAsync(hub.rows('_id:7'))
  assert.deepEqual([row._msg, row.part, row.at], ['request 6 was fast', 0, 6])
}

test('sealed records are found by threads, together with those that are not sealed', async (t) => {
  await using hub = await open(temporary(t), realDisk)
  await check(hub)
})

test('sealed records are found without threads', async (t) => {
  await using hub = await open(temporary(t), realDisk, { queryThreads: 0, queryCacheBytesMax: 0 })
  await check(hub)
})

test('sealed records are found on a simulated disk', async () => {
  await using hub = await open('/data', new SimulatedDisk({ seed: 1 }))
  await check(hub)
})

test('a query that has not ended when the hub closes says so', async (t) => {
  const hub = await open(temporary(t), realDisk)
  await fill(hub)
  const rows = hub.rows('*')
  await rows.next()
  await hub.close()
  await assert.rejects(hub.count('slow'), (error) => isCodedError(error, 'STORE_CLOSED'))
  await rows.return()
})

test('a program ends by itself when its hub is closed', async (t) => {
  const url = new URL('../main.ts', import.meta.url).href
  const script = `
    const { openHub } = await import(${JSON.stringify(url)})
    const hub = await openHub({ dataDir: ${JSON.stringify(temporary(t))} })
    await hub.write([{ message: 'hello' }])
    await hub.hub.store().flush()
    console.log(await hub.count('hello'), hub.stats().stores.logs.parts)
    await hub.close()`
  const program = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
  assert.equal((await program).stdout, '1 1\n')
})
