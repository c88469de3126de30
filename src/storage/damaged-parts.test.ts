/** Parts and files of keys that are missing or damaged: the rest is served and merged, and what is gone is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  appendSample,
  encodeSample,
  hasCode,
  messages,
  readMessages,
  SAMPLE_WALL_MS,
  scanRows,
} from '../testing/sample-records.ts'
import { partFileName } from './file-names.ts'
import type { StoreOptions } from './store-options.ts'
import { TestDirectory } from './test-directory.ts'

const OPTIONS: Partial<StoreOptions> = { sealing: false, mergeFanIn: 2 }

/** A directory with parts of two records each; answers their names. */
async function directoryOf(parts: number): Promise<{ directory: TestDirectory; names: string[] }> {
  const directory = new TestDirectory()
  const store = await directory.open(OPTIONS)
  for (let part = 0; part < parts; part++) {
    await appendSample(store, messages(`first of ${part}`, `second of ${part}`))
    await store.flush()
  }
  const names = store.maintenance.parts().map(({ number }) => partFileName(number))
  await store.close()
  return { directory, names }
}

test('a part that is missing or too short does not prevent the start, and its ids are told at once', async () => {
  for (const isShort of [false, true]) {
    const { directory, names } = await directoryOf(3)
    const bytes = directory.bytes(names[1])
    if (isShort) await directory.write(names[1], bytes.subarray(0, bytes.length - 10))
    else await directory.remove(names[1])
    const store = await directory.open(OPTIONS)
    assert.equal(store.stats().state, 'writable')
    assert.deepEqual(
      store.stats().damaged.map(({ fromId, toId }) => [fromId, toId]),
      [[3, 4]],
    )
    assert.deepEqual(Object.keys(await readMessages(store)).map(Number), [1, 2, 5, 6])
    using snapshot = store.snapshot()
    await scanRows(snapshot, { idMin: 5 })
    assert.deepEqual(snapshot.damage, [])
    await scanRows(snapshot)
    assert.deepEqual(
      snapshot.damage.map(({ fromId, toId }) => [fromId, toId]),
      [[3, 4]],
    )
    await store.close()
  }
})

test('a start says which parts are missing or too short, for the log of the server', async () => {
  const { directory, names } = await directoryOf(3)
  await directory.write(names[0], directory.bytes(names[0]).subarray(0, 100))
  await directory.remove(names[2])
  const store = await directory.open(OPTIONS)
  assert.deepEqual(directory.damagedFiles, [names[0], names[2]])
  await store.close()
})

test('where parts are missing, a part that the manifest does not name is put aside: it may hold their records', async () => {
  // A manifest of an earlier day was put back, by hand: the output of the merge was taken for what a crash left.
  const { directory, names } = await directoryOf(2)
  const [manifest] = directory.names().filter((name) => name.startsWith('manifest'))
  const earlier = directory.bytes(manifest)
  const merging = await directory.open(OPTIONS)
  await merging.maintenance.merge()
  const [output] = merging.maintenance.parts().map(({ number }) => partFileName(number))
  await merging.close()
  assert.ok(!names.includes(output))
  const bytes = directory.bytes(output)
  for (const name of directory.names()) if (name.startsWith('manifest')) await directory.remove(name)
  await directory.write(manifest, earlier)

  const store = await directory.open(OPTIONS)
  assert.equal(store.stats().damaged.length, 2)
  const [aside] = directory.names('quarantine/').filter((name) => name.includes(output))
  assert.deepEqual(directory.bytes(aside), bytes)
  await store.close()
})

test('nothing is merged across a missing part, so that all merges again when it is back', async () => {
  const { directory, names } = await directoryOf(5)
  const bytes = directory.bytes(names[2])
  await directory.remove(names[2])
  const store = await directory.open(OPTIONS)
  await assert.rejects(store.maintenance.merge(), hasCode('PART_CORRUPT'))
  assert.deepEqual(
    store.maintenance.parts().map(({ summary }) => summary.firstId),
    [1, 5, 7],
  )
  await store.close()
  await directory.write(names[2], bytes)
  const again = await directory.open(OPTIONS)
  await again.maintenance.merge()
  assert.equal(again.maintenance.parts().length, 1)
  assert.equal(Object.keys(await readMessages(again)).length, 10)
  await again.close()
})

test('a part that a merge finds damaged is left alone, and the others are merged', async () => {
  const { directory, names } = await directoryOf(6)
  directory.damage(names[3], 40)
  const store = await directory.open({ ...OPTIONS, sealing: true })
  for (let tries = 0; tries < 20; tries++) await new Promise((resolve) => setImmediate(resolve))
  const { failures, merges } = store.stats().housekeeping
  assert.equal(failures, 1)
  assert.ok(merges >= 2, `${merges} merges`)
  assert.deepEqual(
    store.stats().damaged.map(({ fromId, toId }) => [fromId, toId]),
    [[7, 8]],
  )
  directory.clock.advance(3_600_000)
  for (let tries = 0; tries < 20; tries++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(store.stats().housekeeping.failures, 1, 'it is not tried again and again')
  await store.close()
})

test('a damaged file of keys makes the store read-only, until an operator goes on without it', async () => {
  const directory = new TestDirectory()
  const store = await directory.open(OPTIONS)
  const batch = encodeSample({ ...messages('keyed'), key: 'the key' })
  await store.append(batch)
  await store.flush()
  await store.close()
  directory.damage(directory.newest('keys'), 30)
  const readOnly = await directory.open(OPTIONS)
  assert.equal(readOnly.stats().state, 'readOnly')
  assert.match(readOnly.stats().reason ?? '', /Idempotency keys are missing/)
  assert.deepEqual(await readMessages(readOnly), { 1: 'keyed' })
  await readOnly.close()
  await (await directory.open({ ...OPTIONS, acceptLoss: true })).close()
  assert.deepEqual(directory.names('keys'), [])
  const after = await directory.open(OPTIONS)
  assert.equal(after.stats().state, 'writable')
  assert.notEqual(await after.append(batch), 1)
  await after.close()
})

test('files of keys go when their keys are too old, and not before', async () => {
  const directory = new TestDirectory()
  const store = await directory.open({ sealing: true, keyWindowMs: 60_000 })
  for (const [key, receivedMs] of [
    ['old', SAMPLE_WALL_MS],
    ['fresh', SAMPLE_WALL_MS + 100_000],
  ] as const) {
    await store.append(encodeSample({ ...messages(key), key, receivedMs }))
    await store.flush()
    assert.equal(directory.names('keys').length, 1 + Number(key === 'fresh'))
  }
  // The store looks once a minute. First the key is as old as the window, which is not older.
  for (const [ms, files] of [
    [60_000, 2],
    [60_000, 1],
    // The clock alone does not say that the newest keys are old: it may be wrong for a while.
    [365 * 86_400_000, 1],
  ]) {
    directory.clock.advance(ms)
    for (let tries = 0; tries < 20; tries++) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(directory.names('keys').length, files)
  }
  await store.close()
})
