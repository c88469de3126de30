/** Exports of parts, and their import into another store, on simulated disks. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Bitset, CodedError, isCodedError, SeededRandom, SimulatedDisk, writeAll } from '../base/base.ts'
import { FIELD_JSON, FIELD_NULL, FIELD_NUMBER, RECORD_FLAG_TRUNCATED } from '../record/record.ts'
import {
  encodeSample,
  hasCode,
  messages,
  readMessages,
  readStore,
  SAMPLE_WALL_MS,
  type SampleBatch,
  type SampleField,
} from '../testing/sample-records.ts'
import { shortOrLong } from '../testing/test-length.ts'
import { SUMS_FILE } from './export-files.ts'
import type { ImportReport } from './part-import.ts'
import type { Store } from './store.ts'
import { TestDirectory } from './test-directory.ts'

const MANUAL = { sealing: false, segmentBytesMax: 256 * 1024, blockRowsMax: 100 }
const TO = '/exports/one'
const DAY_MS = 86_400_000
const KILLS = shortOrLong(4, 8)
const TURNED_BYTES = shortOrLong(10, 30)

function requests(random: SeededRandom, count: number, timeMs: number): SampleBatch {
  return {
    shared: [{ name: 'service', value: 'shop', isStream: true }],
    records: Array.from({ length: count }, (_, n) => ({
      message: `request ${random.below(10_000)} of user${random.below(50)} took ${random.below(900)} ms`,
      timeMs: timeMs + n,
      timeNs: random.below(1_000_000),
      severity: random.below(25),
      fields: [
        { name: 'host', value: `web-${random.below(4)}`, isStream: true },
        { name: 'size', value: String(random.below(100_000)), kind: FIELD_NUMBER },
      ],
    })),
  }
}

/** What records may be, and a reader easily forgets. */
const ODD: SampleBatch = {
  key: 'a key of a sender',
  shared: [
    { name: 'region', value: 'eu', isStream: true },
    { name: 'level', value: 'shared' },
  ],
  records: [
    { message: '' },
    { message: Uint8Array.from([0, 0xff, 0xfe, 0x0a]), flags: RECORD_FLAG_TRUNCATED },
    { message: 'a word', severity: 10, levelWord: 'Notice' },
    { message: 'own fields hide shared ones', fields: [{ name: 'level', value: 'own' }] },
    {
      message: 'kinds',
      fields: [
        { name: 'json', value: '{"a":[1]}', kind: FIELD_JSON },
        { name: 'null', kind: FIELD_NULL },
        { name: '_truncated', value: 'sent' },
        { name: '한국어', value: 'ünïcödé 💥' },
      ],
    },
    { message: 'far ahead', timeMs: SAMPLE_WALL_MS + 400 * DAY_MS },
    { message: 'long ago', timeMs: -1, timeNs: 999_999 },
  ],
}

/** More fields than a record has by itself. */
function wide(): SampleBatch {
  const fields = (from: number, count: number): SampleField[] =>
    Array.from({ length: count }, (_, n) => ({
      name: `f${String(from + n).padStart(4, '0')}`,
      value: String(n % 7),
      isStream: n === 0,
    }))
  return {
    shared: fields(0, 900),
    records: [{ message: 'wide', fields: fields(900, 900) }, { message: 'narrow' }],
  }
}

/** Parts of two days, one of them with deleted rows, and records in a segment. */
async function filled(directory: TestDirectory, seed = 1): Promise<Store> {
  const store = await directory.open(MANUAL)
  const random = new SeededRandom(seed)
  await store.append(encodeSample(ODD))
  for (let n = 0; n < 10; n++) await store.append(encodeSample(requests(random, 40, SAMPLE_WALL_MS - 5000)))
  await store.flush()
  const part = store.maintenance.parts().find(({ summary }) => summary.records > 300)
  assert.ok(part !== undefined)
  const rows = new Bitset(80)
  for (const row of [0, 7, 79]) rows.set(row)
  assert.deepEqual(await store.maintenance.deleteRows(new Map([[part.number, new Map([[1, rows]])]])), [])
  await store.append(encodeSample(wide()))
  for (let n = 0; n < 5; n++) await store.append(encodeSample(requests(random, 40, SAMPLE_WALL_MS + n)))
  return store
}

const textsOf = async (store: Store): Promise<string[]> =>
  (await readStore(store)).map(({ text }) => text).sort()

/** Another machine, to which the export was carried. */
async function carried(from: SimulatedDisk, path = TO): Promise<TestDirectory> {
  const other = new TestDirectory(new SimulatedDisk({ seed: 2 }))
  await other.disk.makeDirectory(path)
  for (const name of from.files().filter((each) => each.startsWith(`${path}/`))) {
    const file = await other.disk.open(name, 'create')
    await writeAll(file, from.peek(name) ?? new Uint8Array(0), 0)
    await file.datasync()
    await file.close()
  }
  await other.disk.syncDirectory(path)
  other.clock.advance(60_000)
  return other
}

async function exported(): Promise<{ readonly texts: readonly string[]; readonly disk: SimulatedDisk }> {
  const directory = new TestDirectory()
  const store = await filled(directory)
  await store.maintenance.exportParts(TO)
  const texts = await textsOf(store)
  await store.close()
  return { texts, disk: directory.disk }
}

const counts = ({ files, records, repeatedRecords, tooLargeRecords, damaged }: ImportReport): unknown[] => [
  files,
  records,
  repeatedRecords,
  tooLargeRecords,
  damaged,
]

const namesIn = (disk: SimulatedDisk, path = TO): string[] =>
  disk
    .files()
    .filter((each) => each.startsWith(`${path}/`))
    .map((each) => each.slice(path.length + 1))

describe('maintenance.exportParts', () => {
  it('writes all that is stored, without deleted rows, with a list that sha256sum reads', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    const { parts, records, bytes, damaged, unsealed } = await store.maintenance.exportParts(TO)
    assert.deepEqual([damaged, unsealed], [[], { records: 0, reason: null }])
    assert.equal(records, store.stats().records)
    const { disk } = directory
    assert.deepEqual(namesIn(disk), [SUMS_FILE, ...parts.map(({ file }) => file)].sort())
    const lines = new TextDecoder()
      .decode(disk.peek(`${TO}/${SUMS_FILE}`) ?? undefined)
      .trimEnd()
      .split('\n')
    const expected = parts.map(({ file }) => {
      const content = disk.peek(`${TO}/${file}`) ?? new Uint8Array(0)
      return `${createHash('sha256').update(content).digest('hex')}  ${file}`
    })
    assert.deepEqual(lines, expected)
    assert.equal(
      bytes,
      parts.reduce((sum, { file }) => sum + (disk.peek(`${TO}/${file}`)?.length ?? 0), 0),
    )
    assert.match(parts[0].file, /^(\d{4}-\d\d-\d\d|mixed)-\d{6}\.part$/)
    await store.close()
  })

  it('takes the parts that have a record of the time, and no others', async () => {
    const directory = new TestDirectory()
    const store = await directory.open(MANUAL)
    for (const day of [0, 1, 2]) {
      await store.append(encodeSample(requests(new SeededRandom(day), 10, SAMPLE_WALL_MS - day * DAY_MS)))
    }
    const { parts } = await store.maintenance.exportParts(TO, {
      timeMsMin: SAMPLE_WALL_MS - DAY_MS,
      timeMsMax: SAMPLE_WALL_MS - 1,
    })
    assert.deepEqual(
      parts.map(({ day, records }) => [day, records]),
      [['2027-01-14', 10]],
    )
    const [{ timeMsMin, timeMsMax }] = parts
    const ends = await store.maintenance.exportParts('/exports/ends', {
      timeMsMin: timeMsMax,
      timeMsMax: timeMsMin + DAY_MS,
    })
    assert.deepEqual(
      ends.parts.map(({ day }) => day),
      ['2027-01-15', '2027-01-14'],
    )
    const none = await store.maintenance.exportParts('/exports/none', { timeMsMax: 0 })
    assert.deepEqual([none.parts, none.records], [[], 0])
    await store.close()
  })

  it('is refused where the directory is not empty', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    await store.maintenance.exportParts(TO)
    const before = directory.disk.files()
    await assert.rejects(store.maintenance.exportParts(TO), hasCode('BACKUP_REFUSED'))
    await assert.rejects(store.maintenance.exportParts(directory.path), hasCode('BACKUP_REFUSED'))
    assert.deepEqual(namesIn(directory.disk), namesIn(directory.disk))
    assert.ok(before.every((name) => directory.disk.files().includes(name)))
    await store.close()
  })

  it('leaves nothing that could be taken for an export when it fails, wherever that is', async () => {
    for (let calls = 1; ; calls++) {
      assert.ok(calls < 20, 'no export came through')
      const directory = new TestDirectory()
      const store = await filled(directory)
      const { disk } = directory
      let left = calls
      const open = disk.open.bind(disk)
      disk.open = async (path, mode) => {
        if (path.startsWith(TO) && mode === 'create' && --left === 0)
          throw Object.assign(new Error('EIO: the test'), { code: 'EIO' })
        return open(path, mode)
      }
      const outcome = await store.maintenance.exportParts(TO).catch(() => null)
      await store.close()
      assert.equal(namesIn(disk).includes(SUMS_FILE), outcome !== null, `call ${calls}`)
      if (outcome !== null) return
      assert.deepEqual(namesIn(disk), [], `call ${calls}`)
    }
  })

  it('names a damaged part, copies it as it is, and never brings deleted rows back', async () => {
    const directory = new TestDirectory()
    const store = await filled(directory)
    await store.flush()
    const parts = store.maintenance.parts()
    for (const { number } of parts) directory.damage(`part-${String(number).padStart(6, '0')}`, 100)
    const report = await store.maintenance.exportParts(TO)
    const deleted = parts.filter(({ deletes }) => deletes !== null)
    assert.equal(deleted.length, 1)
    assert.equal(report.damaged.length, parts.length)
    assert.equal(report.parts.length, parts.length - 1)
    assert.ok(report.damaged.some(({ reason }) => reason.startsWith('it is not exported')))
    await store.close()
  })

  it('says what could not be sealed', async () => {
    const directory = new TestDirectory()
    const first = await filled(directory)
    const segment = directory.newest('segment')
    await first.close()
    // Of what it takes itself a store would have no need of the disk.
    const store = await directory.open(MANUAL)
    directory.damage(segment, 200)
    const { unsealed, records } = await store.maintenance.exportParts(TO)
    assert.equal(unsealed.records + records, store.stats().records)
    assert.match(unsealed.reason ?? '', /damaged/)
    await store.close()
  })
})

describe('maintenance.importParts', () => {
  it('stores every record as it was, once, however often it is asked', async () => {
    const { texts, disk } = await exported()
    const other = await carried(disk)
    const store = await other.open(MANUAL)
    await store.append(encodeSample(messages('was here before')))
    const first = await store.maintenance.importParts(TO)
    assert.deepEqual(counts(first), [namesIn(disk).length - 1, texts.length, 0, 0, []])
    const found = await readStore(store)
    assert.deepEqual(
      found
        .slice(1)
        .map(({ text }) => text)
        .sort(),
      texts,
    )
    assert.equal(found[1].id, 2)
    const again = await store.maintenance.importParts(TO)
    assert.deepEqual(counts(again), [namesIn(disk).length - 1, 0, texts.length, 0, []])
    await store.flush()
    assert.equal((await readStore(store)).length, texts.length + 1)
    other.clock.advance(1)
    const more = await store.maintenance.importParts(TO, { again: true })
    assert.equal(more.records, texts.length)
    assert.equal((await readStore(store)).length, 2 * texts.length + 1)
    await store.close()
  })

  it('takes a part of format version 1 with blocks of every form, from a file alone', async () => {
    const directory = join(import.meta.dirname, '../../test/data/format-v1-blocks')
    const other = new TestDirectory()
    await other.disk.makeDirectory('/files')
    const file = await other.disk.open('/files/any name', 'create')
    await writeAll(file, await readFile(join(directory, 'example.part')), 0)
    await file.close()
    const lines = (await readFile(join(directory, 'records.jsonl'), 'utf8')).trimEnd().split('\n')
    const store = await other.open()
    const report = await store.maintenance.importParts('/files/any name')
    assert.deepEqual(counts(report), [1, lines.length, 0, 0, []])
    const [first] = (await readStore(store)).map(({ text }) => JSON.parse(text))
    assert.equal(first.at(-2), JSON.parse(lines[0]).message)
    await store.close()
  })

  it('keeps the order in which records of a part lie, and gives them to live tails', async () => {
    const { disk } = await exported()
    const other = await carried(disk)
    const store = await other.open(MANUAL)
    const name = namesIn(disk).filter((each) => each.endsWith('.part'))[0]
    const stop = new AbortController()
    const seen: number[] = []
    const following = (async () => {
      for await (const { ids } of store.tail({ signal: stop.signal })) seen.push(...ids)
    })()
    const { records } = await store.maintenance.importParts(`${TO}/${name}`)
    assert.deepEqual(
      (await readStore(store)).map(({ id }) => id),
      Array.from({ length: records }, (_, n) => n + 1),
    )
    stop.abort()
    await following
    assert.ok(seen.length <= records)
    await store.close()
  })

  it('takes parts in the order of their ids, whatever the order of the list', async () => {
    const directory = new TestDirectory()
    const origin = await directory.open(MANUAL)
    for (const text of ['first', 'second', 'third']) {
      await origin.append(encodeSample(messages(text)))
      await origin.flush()
    }
    await origin.maintenance.exportParts(TO)
    const other = await carried(directory.disk)
    const list = new TextDecoder().decode(other.disk.peek(`${TO}/${SUMS_FILE}`) ?? undefined)
    await other.disk.unlink(`${TO}/${SUMS_FILE}`)
    const file = await other.disk.open(`${TO}/${SUMS_FILE}`, 'create')
    await writeAll(file, new TextEncoder().encode(list.trim().split('\n').reverse().join('\n')), 0)
    await file.close()
    const store = await other.open(MANUAL)
    await store.maintenance.importParts(TO)
    assert.deepEqual(await readMessages(store), { 1: 'first', 2: 'second', 3: 'third' })
    await store.close()
    await origin.close()
  })

  it('goes on where it ended when the process was killed, and stores nothing twice', async () => {
    const { texts, disk } = await exported()
    for (let seed = 1; seed <= KILLS; seed++) {
      const other = await carried(disk)
      let store = await other.open(MANUAL)
      const stop = new SeededRandom(seed).below(30)
      const into = {
        writable: () => store.writable(),
        append: async (batch: Uint8Array): Promise<number> => {
          if (++appends > stop) throw new CodedError('STORE_CLOSED', 'the test')
          return store.append(batch)
        },
      }
      let appends = 0
      const outcome = await store.maintenance.importParts(TO, { into }).catch((error: unknown) => error)
      assert.ok(isCodedError(outcome, 'STORE_CLOSED') || appends <= stop, `seed ${seed}`)
      if (seed % 2 === 0) await store.flush()
      other.kill()
      store = await other.open(MANUAL)
      const { records, repeatedRecords } = await store.maintenance.importParts(TO)
      assert.equal(records + repeatedRecords, texts.length, `seed ${seed}`)
      assert.deepEqual(await textsOf(store), texts, `seed ${seed}`)
      await store.close()
    }
  })

  it('is refused by the store that has the part itself, unless it is to be there twice', async () => {
    const directory = new TestDirectory()
    const store = await directory.open(MANUAL)
    await store.append(encodeSample(ODD))
    await store.maintenance.exportParts(TO)
    const { records } = store.stats()
    await assert.rejects(store.maintenance.importParts(TO), /has .*\.part already/)
    assert.equal(store.stats().records, records)
    assert.equal((await store.maintenance.importParts(TO, { again: true })).records, records)
    await store.close()
  })

  it('refuses a file of which any byte was turned over, and stores what can be read of it where that is wanted', async () => {
    const { texts, disk } = await exported()
    const names = namesIn(disk).filter((name) => name.endsWith('.part'))
    const random = new SeededRandom(3)
    for (let round = 0; round < TURNED_BYTES; round++) {
      const other = await carried(disk)
      const store = await other.open(MANUAL)
      const name = names[round % names.length]
      const at = random.below(other.disk.peek(`${TO}/${name}`)?.length ?? 0)
      other.disk.damage(
        `${TO}/${name}`,
        Uint8Array.of((other.disk.peek(`${TO}/${name}`)?.[at] ?? 0) ^ 0xff),
        at,
      )
      const what = `round ${round}: byte ${at} of ${name}`
      await assert.rejects(
        store.maintenance.importParts(TO),
        (error) => isCodedError(error, 'IMPORT_REFUSED') && error.message.includes(name),
        what,
      )
      assert.equal(store.stats().records, 0, what)
      const report = await store.maintenance
        .importParts(TO, { partial: true })
        .catch((error: unknown) => error)
      if (report instanceof CodedError) {
        assert.match(report.message, /^Nothing of /, what)
        assert.equal(store.stats().records, 0, what)
      } else {
        const { records, damaged } = report as ImportReport
        assert.ok(damaged.length > 0 && damaged.every(({ file }) => file === name), what)
        assert.equal(store.stats().records, records, what)
        const rest = new Set(texts)
        assert.ok(
          (await textsOf(store)).every((text) => rest.has(text)),
          what,
        )
        assert.ok(records >= texts.length - 200 || damaged.length > 2, `${what}: ${records} records`)
      }
      await store.close()
    }
  })

  it('takes no part for another one that is whole, too, but not the one in its list', async () => {
    const other = await carried((await exported()).disk)
    const [one, two] = namesIn(other.disk).filter((each) => each.endsWith('.part'))
    const content = other.disk.peek(`${TO}/${two}`) ?? new Uint8Array(0)
    await other.disk.unlink(`${TO}/${one}`)
    const file = await other.disk.open(`${TO}/${one}`, 'create')
    await writeAll(file, content, 0)
    await file.close()
    const store = await other.open(MANUAL)
    await assert.rejects(store.maintenance.importParts(TO), (error) => {
      assert.ok(isCodedError(error, 'IMPORT_REFUSED'), String(error))
      assert.match(error.message, /its bytes are not those that SHA256SUMS knows/)
      return error.message.includes(one)
    })
    assert.equal(store.stats().records, 0)
    await store.close()
  })

  it('wants a whole export: its list, its files, and no part of a store', async () => {
    const { disk } = await exported()
    const other = await carried(disk)
    const store = await other.open(MANUAL)
    const refuses = async (path: string, text: RegExp): Promise<void> => {
      await assert.rejects(store.maintenance.importParts(path), (error) => {
        assert.ok(isCodedError(error, 'IMPORT_REFUSED'), String(error))
        assert.match(error.message, text)
        return true
      })
    }
    const [name] = namesIn(disk).filter((each) => each.endsWith('.part'))
    await refuses('/exports/two', /There is nothing at/)
    await refuses(other.path, /belongs to a store or a backup/)
    await refuses(`${other.path}/${other.newest('segment')}`, /belongs to a store or a backup/)
    await refuses(`${TO}/${SUMS_FILE}`, /Nothing of SHA256SUMS can be read/)
    const content = other.disk.peek(`${TO}/${SUMS_FILE}`) ?? new Uint8Array(0)
    await other.disk.unlink(`${TO}/${name}`)
    await refuses(TO, new RegExp(`lacks files that it lists: ${name}`))
    await other.disk.unlink(`${TO}/${SUMS_FILE}`)
    await refuses(TO, /no whole export/)
    const file = await other.disk.open(`${TO}/${SUMS_FILE}`, 'create')
    await writeAll(file, content.subarray(1), 0)
    await file.close()
    await refuses(TO, /is damaged: it is no list/)
    assert.equal(store.stats().records, 0)
    await store.close()
  })

  it('counts records that this store does not take, and stores the others', async () => {
    const directory = new TestDirectory()
    const origin = await directory.open(MANUAL)
    await origin.append(encodeSample(messages('small', 'x'.repeat(100_000), 'small too')))
    await origin.maintenance.exportParts(TO)
    await origin.close()
    const other = await carried(directory.disk)
    const store = await other.open({ ...MANUAL, batchBytesMax: 50_000 })
    assert.deepEqual(counts(await store.maintenance.importParts(TO)), [1, 2, 0, 1, []])
    await store.close()
  })

  it('ends when it is told to, and says that the same import goes on', async () => {
    const { texts, disk } = await exported()
    const other = await carried(disk)
    const store = await other.open(MANUAL)
    const stop = new AbortController()
    const into = {
      writable: () => new Promise<void>(() => stop.abort(new CodedError('QUERY_CANCELLED', 'gone'))),
      append: (batch: Uint8Array) => store.append(batch),
    }
    await assert.rejects(
      store.maintenance.importParts(TO, { into, signal: stop.signal }),
      hasCode('QUERY_CANCELLED'),
    )
    const full = {
      writable: () => Promise.resolve(),
      append: () => Promise.reject(new CodedError('STORE_FULL', 'No room.')),
    }
    await assert.rejects(
      store.maintenance.importParts(TO, { into: full }),
      /No room\. 0 records .* goes on there/,
    )
    assert.equal((await store.maintenance.importParts(TO)).records, texts.length)
    await store.close()
  })
})
