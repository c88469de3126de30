/**
 * A directory that format version 1 wrote, test/data/format-v1, must open for ever and give what went in. It is never
 * written again. It was made like this, with nothing synced or closed at its end, and the segments of 1 KiB each:
 *
 *   open with a wall clock at SAMPLE_WALL_MS and SeededRandom(1); append the first six of BATCHES
 *   take the files as they lie there, as kill -9 leaves them; open again; append the rest of BATCHES
 *   take the files as they lie there: that is test/data/format-v1/stores/logs
 *
 * A new version of a format gets a directory and a test of its own; this one stays.
 */
import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RealDisk, SeededRandom, SimulatedClock } from '../base/base.ts'
import { FIELD_JSON, FIELD_NULL, FIELD_NUMBER, FIELD_TRUE } from '../record/record.ts'
import {
  encodeSample,
  expectedTexts,
  messages,
  readStore,
  SAMPLE_WALL_MS,
  type SampleBatch,
} from '../testing/sample-records.ts'
import { openStore } from './open-store.ts'
import type { Store } from './store.ts'
import { hashOfDirectory } from './test-stored-files.ts'

const DIRECTORY = join(import.meta.dirname, '../../test/data/format-v1')

const BATCHES: readonly SampleBatch[] = [
  messages('the first record', ''),
  {
    key: 'sender:1',
    shared: [
      { name: 'service', value: 'shop', isStream: true },
      { name: 'client.address', value: '192.0.2.7' },
    ],
    records: [
      { message: 'shared fields', severity: 9 },
      {
        message: 'own fields',
        severity: 17,
        flags: 1,
        fields: [{ name: 'service', value: 'till', isStream: true }],
      },
      { message: 'a word of the sender', severity: 10, levelWord: 'Notice' },
    ],
  },
  {
    records: [
      {
        message: 'kinds',
        fields: [
          { name: 'text', value: '5' },
          { name: 'number', value: '5', kind: FIELD_NUMBER },
          { name: 'true', value: 'true', kind: FIELD_TRUE },
          { name: 'null', kind: FIELD_NULL },
          { name: 'json', value: '{"a":[1]}', kind: FIELD_JSON },
        ],
      },
      { message: 'cut', flags: 2 | 4 },
      { message: Uint8Array.from([0, 0x1b, 0x5b, 0xff, 0xfe, 0x0a, 0x0d]) },
      { message: '한국어 ünïcödé 💥' },
    ],
  },
  {
    records: [-9_223_372_036_853, -1, 0, 7_258_118_400_000, 9_223_372_036_853].map((timeMs) => ({
      message: `time ${timeMs}`,
      timeMs,
      timeNs: 999_999,
    })),
  },
  { receivedMs: SAMPLE_WALL_MS + 1000, receivedNs: 123_456, ...messages('received later') },
  { key: new Uint8Array(256).fill(0xfe), ...messages('x'.repeat(700)) },
  messages('after a kill'),
  messages('y'.repeat(900)),
  { key: 'sender:2', ...messages('the last record') },
]

/** The ids that were given: those after the kill leave a gap. */
const FIRST_IDS = [1, 3, 6, 10, 15, 16, 65_536, 65_537, 65_538]

async function withCopy(
  run: (open: () => Promise<Store>, directory: string) => Promise<void>,
): Promise<void> {
  const copy = await mkdtemp(join(tmpdir(), 'logcaster-format-v1-'))
  const clock = new SimulatedClock({ wallMs: SAMPLE_WALL_MS + 60_000 })
  const directory = `${copy}/stores/logs`
  const open = (): Promise<Store> =>
    openStore({
      disk: new RealDisk(),
      clock,
      random: new SeededRandom(2),
      directory,
      options: { freeBytesMin: 0 },
    })
  try {
    await cp(DIRECTORY, copy, { recursive: true })
    await run(open, directory)
  } finally {
    await rm(copy, { recursive: true })
  }
}

test('the stored directory is what it was', async () => {
  assert.equal(
    await hashOfDirectory(join(DIRECTORY, 'stores/logs')),
    'a733bd79f0733d27a3df8532cd90daf29fd6dd7cddb9fbddfb8ed8b3787aa94f',
  )
})

test('a directory of format version 1 gives every record that went in', async () => {
  await withCopy(async (open) => {
    const expected = BATCHES.flatMap((batch, at) =>
      expectedTexts(batch).map((text, index) => ({ id: FIRST_IDS[at] + index, text })),
    )
    for (let start = 0; start < 2; start++) {
      const store = await open()
      const found = await readStore(store)
      assert.deepEqual(
        found.map(({ id, text }) => ({ id, text })),
        expected,
      )
      const { state, records, damaged, lost } = store.stats()
      assert.deepEqual(
        { state, records, damaged, lost },
        { state: 'writable', records: 19, damaged: [], lost: [] },
      )
      await store.close()
    }
  })
})

test('a directory of format version 1 becomes one of today, and has what it had', async () => {
  await withCopy(async (open, directory) => {
    const versionOf = async (): Promise<number> => {
      const name = (await readdir(directory))
        .filter((each) => each.startsWith('manifest-'))
        .sort()
        .at(-1)
      const text = await readFile(join(directory, name ?? ''), 'utf8')
      return JSON.parse(text.split('\n')[0].slice('00000000 '.length)).version
    }
    assert.equal(await versionOf(), 1)
    const store = await open()
    const before = await readStore(store)
    await store.maintenance.merge()
    assert.deepEqual(await readStore(store), before)
    assert.equal(store.stats().segments, 1, 'all is sealed but the segment that is written to')
    assert.deepEqual((await store.maintenance.verify()).damaged, [])
    await store.close()
    assert.equal(await versionOf(), 2)
    const reopened = await open()
    assert.deepEqual(await readStore(reopened), before)
    const key = BATCHES[5].key
    assert.equal(await reopened.append(encodeSample({ ...messages('again'), key })), FIRST_IDS[5])
    await reopened.close()
  })
})

test('a directory of format version 1 is written on: keys are known, ids go on', async () => {
  await withCopy(async (open) => {
    const store = await open()
    for (const at of [1, 5, 8]) {
      assert.equal(
        await store.append(encodeSample({ ...messages('again'), key: BATCHES[at].key })),
        FIRST_IDS[at],
      )
    }
    const id = await store.append(encodeSample(messages('of today')))
    assert.equal(id, 131_072)
    await store.close()
    const reopened = await open()
    assert.equal(reopened.stats().records, 20)
    assert.equal(await reopened.append(encodeSample(messages('and tomorrow'))), 131_073)
    await reopened.close()
  })
})
