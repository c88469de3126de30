/**
 * A directory with a manifest of version 2, test/data/format-v2-store, must open for ever and give what went in. It is
 * never written again: a new version of a format gets a directory and a test of its own. test-format-v2.ts says what
 * went in, and how it was made.
 */
import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RealDisk, SeededRandom, SimulatedClock } from '../base/base.ts'
import {
  encodeSample,
  expectedTexts,
  type FoundRecord,
  messages,
  readStore,
  SAMPLE_WALL_MS,
} from '../testing/sample-records.ts'
import { openStore } from './open-store.ts'
import type { Store } from './store.ts'
import { exampleStore, SEALED_RECORDS, STORED_BATCHES, TASK } from './test-format-v2.ts'
import { hashOfDirectory } from './test-stored-files.ts'

const DIRECTORY = join(import.meta.dirname, '../../test/data/format-v2-store')

type Expected = Pick<FoundRecord, 'id' | 'text'>

/** Ids follow each other from 1. */
function expectedRecords(): Expected[] {
  let firstId = 1
  return STORED_BATCHES.flatMap(({ batch, visible }) => {
    const first = firstId
    firstId += batch.records.length
    const texts = expectedTexts(batch)
    return visible.map((index) => ({ id: first + index, text: texts[index] }))
  })
}

const found = async (store: Store): Promise<Expected[]> =>
  (await readStore(store)).map(({ id, text }) => ({ id, text }))

/**
 * A line of records.jsonl: the id, and the record as `[time, ms; nanoseconds; severity; flags; level word; message;
 * fields]`, each field `[name, kind, value, is it a stream field]` (docs/formats/batch.md), by name. Bytes are Latin-1.
 */
const lineOf = ({ id, text }: Expected): string => `{"id":${id},"record":${text}}`

async function withCopy(run: (open: () => Promise<Store>) => Promise<void>): Promise<void> {
  const copy = await mkdtemp(join(tmpdir(), 'logcaster-format-v2-'))
  const clock = new SimulatedClock({ wallMs: SAMPLE_WALL_MS + 60_000 })
  const open = (): Promise<Store> =>
    openStore({
      disk: new RealDisk(),
      clock,
      random: new SeededRandom(2),
      directory: `${copy}/stores/logs`,
      options: { freeBytesMin: 0, sealing: false },
    })
  try {
    await cp(DIRECTORY, copy, { recursive: true })
    await run(open)
  } finally {
    await rm(copy, { recursive: true })
  }
}

test('the stored directory is what it was', async () => {
  assert.equal(
    await hashOfDirectory(join(DIRECTORY, 'stores/logs')),
    '11dccacd415129eecf896f64e881f772e3790142ed21ea80bc05a07df7401c49',
  )
})

test('a directory with parts gives the records that are written down beside it', async () => {
  const lines = (await readFile(join(DIRECTORY, 'records.jsonl'), 'utf8')).trimEnd().split('\n')
  await withCopy(async (open) => {
    const store = await open()
    assert.deepEqual((await found(store)).map(lineOf), lines)
    const { damaged, records } = await store.maintenance.verify()
    assert.deepEqual([damaged, records], [[], lines.length])
    await store.maintenance.merge()
    assert.deepEqual((await found(store)).map(lineOf), lines)
    await store.close()
  })
})

test('a directory with parts gives every record that went in and was not deleted', async () => {
  await withCopy(async (open) => {
    for (let start = 0; start < 2; start++) {
      const store = await open()
      assert.deepEqual(await found(store), expectedRecords())
      const { state, records, parts, damaged, lost, quarantinedFiles } = store.stats()
      assert.deepEqual(
        { state, records, parts, damaged, lost, quarantinedFiles },
        {
          state: 'writable',
          records: expectedRecords().length,
          parts: 3,
          damaged: [],
          lost: [],
          quarantinedFiles: [],
        },
      )
      const sealed = store.maintenance.parts()
      assert.equal(
        sealed.reduce((sum, { summary }) => sum + summary.records, 0),
        SEALED_RECORDS,
      )
      assert.deepEqual(
        sealed.map(({ summary, deletes }) => ({ level: summary.level, deleted: deletes?.records ?? 0 })),
        [
          { level: 1, deleted: 2 },
          { level: 1, deleted: 0 },
          { level: 0, deleted: 0 },
        ],
      )
      await store.close()
    }
  })
})

test('a directory with parts is written on: keys and tasks are known, ids go on, all is merged', async () => {
  await withCopy(async (open) => {
    const store = await open()
    let firstId = 1
    for (const { batch } of STORED_BATCHES) {
      if (batch.key !== undefined)
        assert.equal(await store.append(encodeSample({ ...messages('again'), key: batch.key })), firstId)
      firstId += batch.records.length
    }
    assert.deepEqual(
      store.maintenance.tasks().map(({ kind, text, endId, progress }) => ({ kind, text, endId, progress })),
      [TASK],
    )
    const more = messages('of today')
    assert.equal(await store.append(encodeSample(more)), 65_536)
    const expected = [...expectedRecords(), { id: 65_536, text: expectedTexts(more)[0] }]
    await store.maintenance.merge()
    assert.deepEqual(await found(store), expected)
    assert.equal(store.stats().parts, 2)
    await store.close()
    const reopened = await open()
    assert.deepEqual(await found(reopened), expected)
    await reopened.close()
  })
})

test('what the generator makes today gives the same', async () => {
  const store = await (await exampleStore()).open({ sealing: false })
  assert.deepEqual(await found(store), expectedRecords())
  await store.close()
})
