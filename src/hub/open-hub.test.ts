/** Opening and closing a hub when something is in the way; hub.test.ts has what it does otherwise. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom, SimulatedClock, SimulatedDisk } from '../base/base.ts'
import { parseQuery } from '../query/query.ts'
import { encodeSample, messages, readMessages, SAMPLE_WALL_MS } from '../testing/sample-records.ts'
import type { Hub } from './hub-api.ts'
import { type HubOptions, openHub } from './open-hub.ts'

const ALL = parseQuery('*', { nowMs: SAMPLE_WALL_MS })

function open(disk: SimulatedDisk, options: Partial<HubOptions> = {}): Promise<Hub> {
  const clock = new SimulatedClock({ wallMs: SAMPLE_WALL_MS })
  return openHub({
    dataDir: '/data',
    disk,
    clock,
    random: new SeededRandom(1),
    store: { freeBytesMin: 0 },
    ...options,
  })
}

test('a hub’s directory has the lock and a directory for each store', async () => {
  const disk = new SimulatedDisk()
  const hub = await open(disk, { stores: ['chat', 'audit', 'logs'] })
  assert.deepEqual(disk.files(), [
    '/data/lock',
    '/data/stores/audit/manifest-000001',
    '/data/stores/audit/segment-00000001',
    '/data/stores/chat/manifest-000001',
    '/data/stores/chat/segment-00000001',
    '/data/stores/logs/manifest-000001',
    '/data/stores/logs/segment-00000001',
  ])
  await hub.close()
  assert.deepEqual(
    disk.files().filter((path) => !path.includes('/stores/')),
    [],
  )
})

test('a backup takes all stores into one directory, which must hold no file before', async () => {
  const disk = new SimulatedDisk()
  await using hub = await open(disk, { stores: ['chat'] })
  const reports = await hub.backup('/backup')
  assert.deepEqual(Object.keys(reports), ['logs', 'chat'])
  const copied = disk.files().filter((path) => path.startsWith('/backup/'))
  assert.deepEqual(copied, [
    '/backup/stores/chat/manifest-000001',
    '/backup/stores/chat/segment-00000001',
    '/backup/stores/logs/manifest-000001',
    '/backup/stores/logs/segment-00000001',
  ])
  const file = await disk.open('/other', 'create')
  await file.close()
  for (const [directory, message] of [
    ['/backup', /it has stores\/chat\/manifest-000001/],
    ['/data', /it has lock/],
    ['/', /it has (?:backup|data|other)/],
    ['/other', /is a file/],
  ] as const)
    await assert.rejects(hub.backup(directory), { code: 'BACKUP_REFUSED', message }, directory)
})

test('a name that is no store name is refused, and nothing stays open or locked', async () => {
  const disk = new SimulatedDisk()
  for (const name of ['', 'Logs', '../logs', 'a/b', '9', '.', 'a'.repeat(64)]) {
    await assert.rejects(open(disk, { stores: [name] }), { code: 'CONFIG_INVALID' })
  }
  await (await open(disk, { stores: ['a'.repeat(63), 'a-b_c9'] })).close()
})

test('a store that cannot be opened closes the others and gives back the lock', async () => {
  const disk = new SimulatedDisk()
  await (await open(disk, { stores: ['chat'] })).close()
  disk.failCall(1, { operation: 'read', code: 'EIO', pathIncludes: 'chat' })
  await assert.rejects(open(disk, { stores: ['chat'] }))
  const hub = await open(disk, { stores: ['chat'] })
  assert.equal(hub.stats().stores['chat'].state, 'writable')
  assert.equal(hub.stats().stores['logs'].state, 'writable')
  await hub.close()
})

test('a directory that cannot be used says so', async () => {
  for (const operation of ['makeDirectory', 'lock'] as const) {
    const disk = new SimulatedDisk()
    disk.failCall(1, { operation, code: 'EACCES' })
    await assert.rejects(open(disk), { code: 'DIRECTORY_UNUSABLE' })
  }
})

test('a second hub on one directory is refused and disturbs nothing', async () => {
  const disk = new SimulatedDisk()
  const hub = await open(disk)
  const before = disk.files()
  await assert.rejects(open(disk), { code: 'DIRECTORY_LOCKED' })
  assert.deepEqual(disk.files(), before)
  const id = await hub.store().append(encodeSample(messages('still mine')))
  assert.deepEqual(await readMessages(hub.store()), { [id]: 'still mine' })
  await hub.close()
})

test('closing twice, also at once, waits for one and the same end', async () => {
  const disk = new SimulatedDisk()
  const hub = await open(disk)
  const appended = hub.store().append(encodeSample(messages('on its way')))
  await Promise.all([hub.close(), hub.close()])
  assert.equal(await appended, 1)
  await hub.close()
  const again = await open(disk)
  assert.deepEqual(await readMessages(again.store()), { 1: 'on its way' })
  await again.close()
})

test('a hub closes and gives back its lock on a disk that fails', async () => {
  for (const code of ['EIO', 'ENOSPC']) {
    const disk = new SimulatedDisk()
    const hub = await open(disk, { stores: ['chat'] })
    for (const name of ['logs', 'chat']) await hub.store(name).append(encodeSample(messages(name)))
    disk.failCall(1, { code, persistent: true })
    await hub.close()
    disk.heal()
    const again = await open(disk, { stores: ['chat'] })
    for (const name of ['logs', 'chat'])
      assert.deepEqual(Object.values(await readMessages(again.store(name))), [name])
    await again.close()
  }
})

test('queries of a closed hub are refused, and hold no place', async () => {
  const hub = await open(new SimulatedDisk(), { queriesMax: 1 })
  await hub.close()
  for (let round = 0; round < 3; round++) {
    await assert.rejects(hub.query(ALL), { code: 'STORE_CLOSED' })
    await assert.rejects(hub.count(ALL), { code: 'STORE_CLOSED' })
  }
  assert.equal(hub.stats().queriesRunning, 0)
  assert.deepEqual(await Array.fromAsync(hub.tail(ALL)), [])
})

test('the owner is told which store stops to take records, and why', async () => {
  const disk = new SimulatedDisk()
  const told: unknown[][] = []
  const hub = await open(disk, { stores: ['chat'], storeStateChanged: (...change) => told.push(change) })
  disk.failCall(1, { operation: 'write', code: 'ENOSPC', pathIncludes: 'chat' })
  await assert.rejects(hub.store('chat').append(encodeSample(messages('m'))), { code: 'STORE_FULL' })
  await hub.store().append(encodeSample(messages('m')))
  assert.equal(told.length, 1)
  assert.deepEqual(told[0].slice(0, 2), ['chat', 'full'])
  assert.match(String(told[0][2]), /^Log storage full: ENOSPC/)
  await hub.close()
})

/** Their keys need more than a query may have for nothing. */
const MANY_RECORDS = 45_000

async function hubWithMany(options: Partial<HubOptions>): Promise<Hub> {
  const hub = await open(new SimulatedDisk(), options)
  const texts = Array.from({ length: 5000 }, (_, n) => `record ${n}`)
  for (let records = 0; records < MANY_RECORDS; records += texts.length)
    await hub.store().append(encodeSample(messages(...texts)))
  return hub
}

test('an answer that is held by a slow reader ends when another query needs its memory', async () => {
  await using hub = await hubWithMany({ queriesBytesMax: 1_700_000 })
  const slow = await hub.query(ALL)
  const slowRows = slow.rows[Symbol.asyncIterator]()
  await slowRows.next()
  assert.equal(hub.stats().queryBytes, 8 * MANY_RECORDS)
  await using next = await hub.query(ALL)
  await assert.rejects(async () => {
    for (;;) await slowRows.next()
  }, /QUERY_CANCELLED|needed its memory/)
  let rows = 0
  for await (const _ of next.rows) rows++
  assert.equal(rows, MANY_RECORDS)
  await slow[Symbol.asyncDispose]()
  await next[Symbol.asyncDispose]()
  assert.deepEqual([hub.stats().queryBytes, hub.stats().answerBytes], [0, 0])
})

test('slow readers stay where there is memory for all', async () => {
  await using hub = await hubWithMany({})
  const answers = [await hub.query(ALL), await hub.query(ALL), await hub.query(ALL)]
  assert.equal(hub.stats().queryBytes, 3 * 8 * MANY_RECORDS)
  for (const answer of answers) {
    let rows = 0
    for await (const _ of answer.rows) rows++
    assert.equal(rows, MANY_RECORDS)
    await answer[Symbol.asyncDispose]()
  }
  assert.equal(hub.stats().queryBytes, 0)
})
