/** Deletion by filter and retention by rule, through a hub on a simulated disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom, SimulatedClock, SimulatedDisk } from '../base/base.ts'
import { parseQuery } from '../query/query.ts'
import type { NewRecord } from '../record/record.ts'
import { type HubOptions, openHub, ProgramHub } from './hub.ts'
import type { TaskInfo } from './hub-api.ts'

const NOW_MS = Date.UTC(2027, 0, 15)
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

class Bench {
  disk = new SimulatedDisk({ seed: 3 })
  readonly clock = new SimulatedClock({ wallMs: NOW_MS })
  readonly changes: TaskInfo[] = []

  async open(options: Partial<HubOptions> = {}): Promise<ProgramHub> {
    const { disk, clock } = this
    const random = new SeededRandom(5)
    const taskChanged = (task: TaskInfo): void => void this.changes.push(task)
    return new ProgramHub(
      await openHub({ dataDir: '/data', disk, clock, random, queryThreads: 0, taskChanged, ...options }),
      clock,
    )
  }

  /** Lets everything happen that is under way. */
  async settle(): Promise<void> {
    for (let calls = -1; calls !== this.disk.calls; ) {
      calls = this.disk.calls
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= HOUR_MS) {
      this.clock.advance(Math.min(HOUR_MS, left))
      await this.settle()
    }
  }
}

const recordsOf = (from: number, count: number, level: string): NewRecord[] =>
  Array.from({ length: count }, (_, n) => ({ message: `event ${from + n}`, level: level as 'info' }))

/** Errors and infos, in several parts and in the segment that is written to. */
async function fill(hub: ProgramHub): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await hub.write(recordsOf(round * 100, 20, 'info'))
    await hub.write(recordsOf(round * 100 + 20, 10, 'error'))
    if (round < 2) await hub.hub.store().flush()
  }
}

test('a deletion removes what matches and was there, in parts and segments, and nothing else', async () => {
  const bench = new Bench()
  await using hub = await bench.open()
  await fill(hub)
  const deletion = hub.hub.deleteWhere('level:error')
  const task = await deletion
  assert.deepEqual(
    [task.id, task.state, task.query],
    [`logs-${task.id.split('-')[1]}`, task.state, 'level:error'],
  )
  await hub.write(recordsOf(900, 5, 'error'))
  await bench.settle()
  assert.equal(await hub.count('level:error'), 5)
  assert.equal(await hub.count('*'), 65)
  const [done] = hub.hub.tasks()
  assert.deepEqual([done.state, done.deletedRecords, done.problem], ['done', 30, null])
  assert.deepEqual(hub.hub.store().maintenance.tasks(), [])
  assert.deepEqual(
    bench.changes.map(({ state }) => state),
    ['running', 'done'],
  )
})

test('what is deleted stays deleted through merges and restarts', async () => {
  const bench = new Bench()
  const hub = await bench.open()
  await fill(hub)
  await hub.hub.deleteWhere('event AND _msg:"event 5"')
  await bench.settle()
  assert.equal(await hub.count('*'), 89)
  await hub.hub.store().maintenance.merge()
  assert.equal(await hub.count('*'), 89)
  await hub.close()
  await using again = await bench.open()
  assert.equal(await again.count('*'), 89)
})

test('a deletion takes a filter and nothing more', async () => {
  const bench = new Bench()
  await using hub = await bench.open()
  await assert.rejects(hub.hub.deleteWhere('level:error | limit 5'), { code: 'QUERY_SYNTAX' })
  await assert.rejects(hub.hub.deleteWhere('level:('), { code: 'QUERY_SYNTAX' })
  await assert.rejects(hub.hub.deleteWhere('user:in(level:error | fields user)'), { code: 'QUERY_SYNTAX' })
  await assert.rejects(hub.hub.deleteWhere('x'.repeat(20_000)), { code: 'QUERY_TOO_LARGE' })
  await assert.rejects(hub.hub.deleteWhere('x', { store: 'none' }), { code: 'STORE_UNKNOWN' })
  await assert.rejects(hub.hub.cancelTask('logs-99'), { code: 'TASK_UNKNOWN' })
  await assert.rejects(hub.hub.cancelTask('nonsense'), { code: 'TASK_UNKNOWN' })
  assert.deepEqual(hub.hub.tasks(), [])
})

test('a power cut at any call of a deletion: after the next start it comes to its end', async () => {
  const bench = new Bench()
  const hub = await bench.open({ store: { sealing: false } })
  await fill(hub)
  const cuts: SimulatedDisk[] = []
  bench.disk.onReturn = () => void cuts.push(bench.disk.fork())
  await hub.hub.deleteWhere('level:error')
  const ordered = cuts.length
  await bench.settle()
  bench.disk.onReturn = undefined
  await hub.close()
  assert.ok(cuts.length > ordered + 20, `${cuts.length} calls`)
  for (const [seed, disk] of cuts.entries()) {
    if (seed < ordered - 1 || seed % 3 !== 0) continue
    const later = new Bench()
    later.disk = disk.powerCut(seed)
    const restarted = await later.open({ store: { sealing: false } })
    await later.settle()
    assert.equal(await restarted.count('level:error'), 0, `cut ${seed} of ${cuts.length}`)
    assert.equal(await restarted.count('*'), 60, `cut ${seed} of ${cuts.length}`)
    assert.deepEqual(restarted.hub.store().maintenance.tasks(), [])
    await restarted.close()
  }
})

test('a deletion that cannot write waits, says why, and goes on', async () => {
  const bench = new Bench()
  await using hub = await bench.open()
  await fill(hub)
  const deletion = await hub.hub.deleteWhere('level:error')
  bench.disk.failCall(1, { code: 'EIO', persistent: true, operation: 'open' })
  await bench.settle()
  const [waiting] = hub.hub.tasks()
  assert.deepEqual([waiting.id, waiting.state], [deletion.id, 'waiting'])
  assert.match(waiting.problem ?? '', /EIO/)
  bench.disk.heal()
  await bench.pass(HOUR_MS)
  assert.equal(await hub.count('level:error'), 0)
})

test('a deletion can be cancelled, and is forgotten', async () => {
  const bench = new Bench()
  await using hub = await bench.open()
  await fill(hub)
  const first = await hub.hub.deleteWhere('level:error')
  const second = await hub.hub.deleteWhere('level:info')
  await hub.hub.cancelTask(second.id)
  await bench.settle()
  assert.equal(await hub.count('level:info'), 60)
  assert.equal(await hub.count('level:error'), 0)
  assert.deepEqual(
    hub.hub
      .tasks()
      .map(({ id, state }) => [id, state])
      .sort(),
    [
      [first.id, 'done'],
      [second.id, 'cancelled'],
    ].sort(),
  )
  assert.deepEqual(hub.hub.store().maintenance.tasks(), [])
})

test('a task of the manifest that cannot be read deletes nothing', async () => {
  const bench = new Bench()
  const hub = await bench.open()
  await fill(hub)
  const { maintenance } = hub.hub.store()
  for (const text of ['', '{}', '[1]', '{"query":"*"}', '{"query":"*","nowMs":"0"}', 'null'])
    await maintenance.putTask({ kind: 'delete', text, endId: 1e6, progress: '{"through":0,"records":0}' })
  await hub.close()
  await using again = await bench.open()
  await bench.settle()
  assert.equal(await again.count('*'), 90)
  assert.ok(again.hub.tasks().every(({ problem }) => problem?.includes('no deletion')))
})

// ---- rules ------------------------------------------------------------------------------------------------------

const rule = (days: number, where: string | null) => ({
  keepMs: days * DAY_MS,
  filter: where === null ? null : parseQuery(where, { nowMs: NOW_MS }).filter,
})

test('the first rule that matches says how long a record is kept', async () => {
  const bench = new Bench()
  await using hub = await bench.open({
    store: { retentionMs: 9 * DAY_MS },
    retentionRules: [rule(9, 'level:error'), rule(2, 'event'), rule(4, null)],
  })
  await fill(hub)
  await hub.write([{ message: 'other' }, { message: 'event ahead', time: NOW_MS + 1000 * DAY_MS }])
  await hub.hub.store().flush()
  await bench.pass(2 * DAY_MS - HOUR_MS)
  assert.equal(await hub.count('*'), 92)
  await bench.pass(DAY_MS + 2 * HOUR_MS)
  assert.deepEqual(
    [await hub.count('level:error'), await hub.count('other'), await hub.count('*')],
    [30, 1, 31],
  )
  assert.equal(hub.hub.stats().expiredRecords, 61)
  await bench.pass(2 * DAY_MS)
  assert.deepEqual([await hub.count('level:error'), await hub.count('*')], [30, 30])
  await bench.pass(6 * DAY_MS)
  assert.equal(await hub.count('*'), 0)
  assert.equal(hub.hub.store().stats().housekeeping.droppedRecords, 30)
})

test('a record that no rule matches is kept', async () => {
  const bench = new Bench()
  await using hub = await bench.open({ retentionRules: [rule(1, 'level:info')] })
  await fill(hub)
  await hub.hub.store().flush()
  await bench.pass(30 * DAY_MS)
  assert.deepEqual([await hub.count('level:info'), await hub.count('level:error')], [0, 30])
})

// ---- filing -----------------------------------------------------------------------------------------------------

test('records that are too far ahead or too old are stored, and counted as filed by their arrival', async () => {
  const bench = new Bench()
  await using hub = await bench.open({ store: { retentionMs: 7 * DAY_MS } })
  await hub.write([
    { message: 'ahead', time: NOW_MS + 2 * DAY_MS },
    { message: 'old', time: NOW_MS - 8 * DAY_MS },
    { message: 'fine', time: NOW_MS - 6 * DAY_MS },
  ])
  assert.equal(hub.hub.stats().filedByReceived, 2)
  await hub.hub.store().flush()
  assert.deepEqual(
    hub.hub
      .store()
      .maintenance.parts()
      .map(({ summary }) => [(summary.day ?? 0) - NOW_MS / DAY_MS, summary.records]),
    [
      [0, 2],
      [-6, 1],
    ],
  )
  const times = []
  for await (const row of hub.rows('old or ahead')) times.push(row._time)
  assert.deepEqual(times, ['2027-01-07T00:00:00Z', '2027-01-17T00:00:00Z'])
})
