/** Checks, reports and backups of a store on a simulated disk. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Bitset, SeededRandom, SimulatedClock, SimulatedDisk } from '../base/base.ts'
import {
  encodeSample,
  hasCode,
  readStore,
  SAMPLE_WALL_MS,
  type SampleBatch,
} from '../testing/sample-records.ts'
import { partFileName } from './file-names.ts'
import type { Store } from './store.ts'
import { TestDirectory } from './test-directory.ts'
import { verifyDirectory, verifyFiles } from './verify.ts'
import type { VerifyResult } from './verify-file.ts'

const MANUAL = { sealing: false, segmentBytesMax: 64 * 1024 }

function batch(random: SeededRandom, key?: string): SampleBatch {
  const records = Array.from({ length: 20 }, () => ({
    message: `request ${random.below(10_000)} of user${random.below(50)} took ${random.below(900)} ms`,
    timeMs: SAMPLE_WALL_MS - 1 - random.below(1000),
    severity: random.below(25),
    fields: [
      { name: 'host', value: `web-${random.below(4)}` },
      { name: 'size', value: String(random.below(100_000)) },
    ],
  }))
  return key === undefined ? { records } : { records, key }
}

async function fill(store: Store, seed: number, batches = 20): Promise<void> {
  const random = new SeededRandom(seed)
  for (let n = 0; n < batches; n++) {
    await store.append(encodeSample(batch(random, n % 5 === 0 ? `key-${seed}-${n}` : undefined)))
  }
}

/** Two parts, of which one has deleted rows, a file of keys each, and a segment that is written to. */
async function filled(directory: TestDirectory, options = {}): Promise<Store> {
  const store = await directory.open({ ...MANUAL, ...options })
  await fill(store, 1)
  await store.flush()
  const [{ number }] = store.maintenance.parts()
  const rows = new Bitset(400)
  rows.set(3)
  await store.maintenance.deleteRows(new Map([[number, new Map([[0, rows]])]]))
  await fill(store, 2)
  await store.flush()
  await fill(store, 3, 5)
  return store
}

describe('maintenance.verify', () => {
  it('reads every file and finds nothing wrong with a store that is well', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    const seen: number[] = []
    const report = await store.maintenance.verify({ progress: ({ files }) => seen.push(files) })
    assert.deepEqual(report.damaged, [])
    assert.equal(report.records, store.stats().records)
    // Manifest, two parts, deleted rows, two files of keys, the active segment.
    assert.equal(report.files, 7)
    assert.ok(report.bytes >= store.stats().bytes)
    assert.deepEqual(seen, [2, 3, 4, 5, 6])
    await store.close()
  })

  it('names every file of which a byte was turned over, with the ids that it holds', async () => {
    const origin = new TestDirectory()
    await (await filled(origin)).close()
    const names = origin.names().filter((name) => !name.startsWith('manifest') && name !== 'lock')
    assert.equal(names.length, 6, names.join(' '))
    const random = new SeededRandom(7)
    for (const name of names) {
      for (let round = 0; round < 12; round++) {
        const directory = origin.copy()
        const store = await directory.open(MANUAL)
        const victim = directory.names(name).at(0) ?? directory.newest(name.replace(/-.*/, ''))
        const at = random.below(directory.bytes(victim).length)
        directory.damage(victim, at)
        const { damaged } = await store.maintenance.verify()
        assert.deepEqual([...new Set(damaged.map(({ file }) => file))], [victim], `byte ${at} of ${victim}`)
        if (victim.startsWith('part')) {
          const part = store.maintenance.parts().find(({ number }) => Number(victim.slice(5)) === number)
          assert.ok(part !== undefined)
          assert.ok((damaged[0].fromId ?? 0) >= part.summary.firstId)
          assert.ok((damaged[0].toId ?? 0) < part.summary.endId)
          assert.ok(store.stats().damaged.length > 0)
        }
        await store.close()
      }
    }
  })

  it('names a part that is missing, and one that is too short', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    const name = directory.newest('part')
    await directory.remove(name)
    const { damaged } = await store.maintenance.verify()
    assert.deepEqual(
      damaged.map(({ file }) => file),
      [name],
    )
    await store.close()
  })

  it('names a segment that was missing, or too short, when the store was opened', async () => {
    for (const harm of ['gone', 'short']) {
      const directory = new TestDirectory()
      await (await filled(directory)).close()
      const name = directory.newest('segment')
      const bytes = directory.bytes(name)
      await directory.remove(name)
      if (harm === 'short') await directory.write(name, bytes.subarray(0, bytes.length - 1))
      const store = await directory.open(MANUAL)
      assert.equal(store.stats().state, 'readOnly', harm)
      const { damaged } = await store.maintenance.verify()
      const { disk, clock, path } = directory
      const asleep = await verifyDirectory({ disk, clock, directory: path })
      assert.deepEqual(
        [damaged, asleep.damaged].map((each) => each.map(({ file }) => file)),
        [[name], [name]],
        harm,
      )
      await store.close()
    }
  })

  it('finds a manifest that does not say what is in use', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    const name = directory.newest('manifest')
    directory.damage(name, directory.bytes(name).length - 20)
    const { damaged } = await store.maintenance.verify()
    assert.deepEqual(
      damaged.map(({ file }) => file),
      [name],
    )
    await store.close()
  })

  it('does not merge a part that it found damaged', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    directory.damage(directory.newest('part'), 100)
    await store.maintenance.verify()
    const before = store.maintenance.parts().length
    await assert.rejects(store.maintenance.merge(), hasCode('PART_CORRUPT'))
    assert.equal(store.stats().housekeeping.failures, 0)
    assert.ok(store.maintenance.parts().length >= before - 1)
    assert.ok(directory.names('part').includes(directory.names('part')[0]))
    await store.close()
  })

  it('ends when it is told to, and one runs at a time', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    const stop = new AbortController()
    const running = store.maintenance.verify({ signal: stop.signal, progress: () => stop.abort() })
    await assert.rejects(store.maintenance.storage(), hasCode('SERVER_BUSY'))
    await assert.rejects(running, hasCode('QUERY_CANCELLED'))
    assert.deepEqual((await store.maintenance.verify()).damaged, [])
    await store.close()
    await assert.rejects(store.maintenance.verify(), hasCode('STORE_CLOSED'))
  })

  it('works on a directory that nobody has open, also after a crash', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    const { records } = store.stats()
    directory.kill()
    const { disk, clock, path } = directory
    const report = await verifyDirectory({ disk, clock, directory: path })
    assert.deepEqual([report.records, report.damaged], [records, []])
    const name = directory.newest('part')
    directory.damage(name, 60)
    const damaged = await verifyDirectory({ disk, clock, directory: path })
    assert.equal(damaged.damaged[0].file, name)
  })
})

/** Lets so much time pass, minute by minute, and everything happen that it brings about. */
async function pass(directory: TestDirectory, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    directory.clock.advance(60_000)
    for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}

const DAY_MINUTES = 24 * 60

describe('the check in the background', () => {
  it('goes through all files in its days, at an even pace, and begins again', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory, { scrubDays: 1 })
    await pass(directory, DAY_MINUTES / 4)
    assert.equal(store.stats().scrub.files, 0)
    await pass(directory, DAY_MINUTES / 2)
    assert.equal(store.stats().scrub.files, 1)
    await pass(directory, DAY_MINUTES / 4 + 10)
    const { files, bytes, rounds } = store.stats().scrub
    // Two parts and two files of keys; the one segment is written to.
    assert.deepEqual([files, bytes, rounds], [4, store.stats().partBytes, 1])
    await pass(directory, DAY_MINUTES)
    assert.equal(store.stats().scrub.rounds, 2)
    await store.close()
  })

  it('goes on after a restart, and does not begin again', async () => {
    const directory = new TestDirectory()
    let store = await filled(directory, { scrubDays: 1 })
    await pass(directory, (3 * DAY_MINUTES) / 4)
    assert.equal(store.stats().scrub.files, 1)
    const [, second] = store.maintenance.parts()
    await store.close()
    directory.damage(partFileName(second.number), 200)
    store = await directory.open({ ...MANUAL, scrubDays: 1 })
    await pass(directory, 10)
    assert.equal(store.stats().scrub.files, 0, 'a restart reads nothing at once')
    await pass(directory, (3 * DAY_MINUTES) / 4)
    assert.equal(store.stats().damaged.length, 1, 'the part that was not read before is the first')
    assert.deepEqual(directory.damagedFiles, [partFileName(second.number)])
    await store.close()
  })

  it('rests after each file in proportion to what it took, and no longer once it is stopped', async () => {
    const clock = new SimulatedClock()
    const stop = new AbortController()
    let checked = 0
    const run = async (): Promise<VerifyResult> => {
      stop.signal.throwIfAborted()
      checked++
      clock.advance(100)
      return { bytes: 1, records: 0, next: null, damage: [] }
    }
    const keys = ['a', 'b', 'c'].map((path) => ({ path, keys: 1 }))
    const files = { directory: '/', parts: [], segments: [], keys }
    const done = verifyFiles(files, { clock, run, pauseShare: 4, pauseMsMax: 5000, signal: stop.signal })
    const turns = async (): Promise<void> => {
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    await turns()
    clock.advance(399)
    await turns()
    assert.equal(checked, 1)
    clock.advance(1)
    await turns()
    assert.equal(checked, 2)
    stop.abort(new Error('stopped'))
    await assert.rejects(done, /stopped/)
    assert.equal(checked, 2)
  })

  it('reads nothing where it is turned off', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory, { scrubDays: 0 })
    await pass(directory, 2 * DAY_MINUTES)
    assert.equal(store.stats().scrub.files, 0)
    await store.close()
  })

  it('serves what is left of a damaged part, and nothing of it wrongly', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory, { scrubDays: 1, cacheBytesMax: 0 })
    const expected = new Map((await readStore(store)).map((record) => [record.id, record]))
    const name = directory.newest('part')
    directory.damage(name, directory.bytes(name).length >> 1)
    await pass(directory, DAY_MINUTES + 10)
    assert.equal(store.stats().damaged.length, 1)
    const found = await readStore(store)
    assert.ok(found.length >= store.maintenance.parts()[0].summary.records - 1, `${found.length} records`)
    for (const record of found) assert.deepEqual(record, expected.get(record.id))
    await assert.rejects(store.maintenance.merge(), hasCode('PART_CORRUPT'))
    await store.close()
  })

  it('finds damaged keys, and says so', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory, { scrubDays: 1 })
    const name = directory.newest('keys')
    directory.damage(name, 30)
    await pass(directory, DAY_MINUTES + 10)
    assert.deepEqual(directory.damagedFiles, [name])
    await store.close()
  })

  it('reads every part within its days, notes what is damaged and lets everything else go on', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory, { scrubDays: 2 })
    const name = directory.newest('part')
    directory.damage(name, 200)
    for (let turn = 0; turn < 2 * 24 * 60 + 1; turn++) {
      directory.clock.advance(60_000)
      if (turn % 60 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await new Promise((resolve) => setImmediate(resolve))
    const { damaged } = store.stats()
    const part = store.maintenance.parts().find(({ number }) => Number(name.slice(5)) === number)
    assert.ok(part !== undefined)
    assert.equal(damaged.length, 1, 'found')
    assert.ok(damaged[0].fromId >= part.summary.firstId && damaged[0].toId < part.summary.endId)
    await store.close()
  })
})

describe('maintenance.storage', () => {
  it('tells of columns and encodings that add up to the bytes of the parts', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    const report = await store.maintenance.storage()
    const total = report.columns.reduce((sum, { bytes }) => sum + bytes, 0)
    const ofParts = report.parts.reduce((sum, { bytes }) => sum + bytes, 0)
    assert.equal(ofParts, store.stats().partBytes)
    assert.ok(Math.abs(total - ofParts) <= report.columns.length, `${total} of ${ofParts}`)
    const outside = ['templates', 'overhead']
    const strings = report.columns.reduce(
      (sum, { kind, bytes }) => sum + (outside.includes(kind) ? 0 : bytes),
      0,
    )
    const encoded = report.encodings.reduce((sum, { bytes }) => sum + bytes, 0)
    // Lengths between the columns of a template belong to none of them.
    assert.ok(
      encoded <= strings + report.encodings.length && encoded > strings * 0.9,
      `${encoded} of ${strings}`,
    )
    const fields = report.columns.filter(({ kind }) => kind === 'field').map(({ name }) => name)
    assert.deepEqual(fields.sort(), ['host', 'size'])
    assert.deepEqual(
      report.parts.map(({ records, deleted, day }) => [records, deleted, day]),
      [
        [400, 1, '2027-01-14'],
        [400, 0, '2027-01-14'],
      ],
    )
    assert.equal(report.records, 799)
    assert.equal(report.unsealed.records, 100)
    assert.ok(report.ratio !== null && report.ratio > 1)
    await store.close()
  })

  it('knows the bytes of all values exactly', async () => {
    const directory = new TestDirectory()
    const store = await directory.open(MANUAL)
    const random = new SeededRandom(9)
    let bytes = 0
    for (let n = 0; n < 10; n++) {
      const sample = batch(random)
      for (const { message, fields = [] } of sample.records)
        bytes += message.length + fields.reduce((sum, { value = '' }) => sum + value.length, 0)
      await store.append(encodeSample(sample))
    }
    await store.flush()
    assert.equal((await store.maintenance.storage()).rawBytes, bytes)
    await store.close()
  })

  it('names a part that is damaged and tells of the others', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    directory.damage(directory.newest('part'), 100)
    const { parts, bytes } = await store.maintenance.storage()
    assert.equal(parts.filter(({ damage }) => damage !== null).length, 1)
    assert.equal(bytes, parts.find(({ damage }) => damage === null)?.bytes)
    await store.close()
  })
})

describe('maintenance.backup', () => {
  const TO = '/backup/logs'

  function opened(directory: TestDirectory): TestDirectory {
    const copy = new TestDirectory(directory.disk)
    Object.assign(copy, { path: TO })
    return copy
  }

  it('copies what is there at one moment while more comes in', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    const before = await readStore(store)
    const copying = store.maintenance.backup(TO)
    await fill(store, 4, 5)
    await store.flush()
    await store.maintenance.merge()
    const report = await copying
    assert.deepEqual(report.damaged, [])
    assert.equal(report.records, before.length)
    assert.ok((await readStore(store)).length > before.length)
    const copy = await opened(directory).open(MANUAL)
    assert.deepEqual(await readStore(copy), before)
    assert.equal(copy.stats().state, 'writable')
    assert.deepEqual(copy.stats().quarantinedFiles, [])
    assert.deepEqual((await copy.maintenance.verify()).damaged, [])
    assert.ok((await copy.append(encodeSample(batch(new SeededRandom(5))))) >= report.fenceId)
    const again = encodeSample(batch(new SeededRandom(1), 'key-2-0'))
    assert.ok((await copy.append(again)) < report.fenceId, 'keys are known to the copy')
    await copy.close()
    await store.close()
  })

  it('is refused where the directory is not empty, and touches nothing', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    await store.maintenance.backup(TO)
    const names = directory.disk.files()
    await assert.rejects(store.maintenance.backup(TO), hasCode('BACKUP_REFUSED'))
    await assert.rejects(store.maintenance.backup(directory.path), hasCode('BACKUP_REFUSED'))
    await assert.rejects(store.maintenance.backup(`${directory.path}/copy`), hasCode('BACKUP_REFUSED'))
    assert.deepEqual(directory.disk.files(), names)
    await store.close()
  })

  it('leaves no store behind when it is interrupted, wherever that is', async () => {
    for (let calls = 1; calls < 60; calls += 3) {
      const directory = new TestDirectory(new SimulatedDisk({ seed: calls }))
      const store = await filled(directory)
      let left = calls
      const stop = new AbortController()
      const { disk } = directory
      const open = disk.open.bind(disk)
      disk.open = async (path, mode) => {
        if (path.startsWith(TO) && mode === 'create' && --left === 0)
          throw Object.assign(new Error('EIO: the test'), { code: 'EIO' })
        return open(path, mode)
      }
      const outcome = await store.maintenance.backup(TO, { signal: stop.signal }).catch(() => null)
      disk.open = open
      const manifests = disk.files().filter((path) => path.startsWith(`${TO}/manifest`))
      assert.equal(manifests.length, outcome === null ? 0 : 1, `call ${calls}`)
      await store.close()
      if (outcome !== null) return
    }
    assert.fail('no backup came through')
  })

  it('leaves no store behind when the power fails before its end', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    const { disk } = directory
    const open = disk.open.bind(disk)
    let cut: SimulatedDisk | null = null
    disk.open = async (path, mode) => {
      if (path.startsWith(`${TO}/manifest`)) cut = disk.processKill()
      return open(path, mode)
    }
    await store.maintenance.backup(TO).catch(() => {})
    assert.ok(cut !== null)
    const copy = new TestDirectory(cut)
    Object.assign(copy, { path: TO })
    await assert.rejects(copy.open(MANUAL), hasCode('MANIFEST_CORRUPT'))
  })

  it('copies a damaged part as it is, and names it', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    const name = directory.newest('part')
    directory.damage(name, 100)
    const { damaged } = await store.maintenance.backup(TO)
    assert.deepEqual(
      damaged.map(({ file }) => file),
      [name],
    )
    await store.close()
  })
})
