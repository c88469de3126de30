/**
 * Records come back byte for byte and in order: as they lie in the log, sealed, merged, and merged to the end; real logs,
 * random bytes, and what is hard to store.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sharedFolder } from '../../test/shared-folder.ts'
import { SeededRandom } from '../base/base.ts'
import {
  appendSample,
  type FoundRecord,
  readStore,
  type SampleBatch,
  type SampleRecord,
} from '../testing/sample-records.ts'
import type { Store } from './store.ts'
import { TestDirectory } from './test-directory.ts'

const BATCH_RECORDS = 100
const MIB = 1024 * 1024

function batchesOf(records: readonly SampleRecord[], size = BATCH_RECORDS): SampleBatch[] {
  return Array.from({ length: Math.ceil(records.length / size) }, (_, n) => ({
    records: records.slice(n * size, (n + 1) * size),
  }))
}

/** Writes in several segments, and reads after each thing that is done to them. */
async function checkStages(batches: readonly SampleBatch[]): Promise<void> {
  const directory = new TestDirectory()
  const options = { sealing: false, mergeFanIn: 2, blockRowsMax: 1024, batchBytesMax: 16 * MIB }
  const store = await directory.open(options)
  const expected: FoundRecord[] = []
  const check = async (stage: string, of: Store = store): Promise<void> =>
    assert.deepEqual(await readStore(of), expected, stage)
  const share = Math.ceil(batches.length / 4)
  for (const [at, batch] of batches.entries()) {
    expected.push(...(await appendSample(store, batch)))
    if (at % share !== share - 1 || at < share) continue
    await store.flush()
  }
  await check('as it lies in parts and in the log')
  await store.flush()
  await check('sealed')
  await store.close()
  const merging = await directory.open({ ...options, sealing: true })
  await merging.flush()
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  await check('merged in the background', merging)
  await merging.maintenance.merge()
  await check('merged to the end', merging)
  await merging.close()
}

test('every line of the corpus comes back byte for byte, before sealing and after each merge', async (t) => {
  const folder = sharedFolder(t, 'corpus')
  if (folder === null) return
  const files = [folder, join(folder, 'more')].flatMap((path) =>
    readdirSync(path)
      .filter((name) => name.endsWith('.log'))
      .map((name) => join(path, name)),
  )
  assert.ok(files.length > 0)
  for (const file of files) {
    const lines = readFileSync(file).toString('latin1').split('\n').slice(0, 6000)
    const records = lines.map((line, at) => ({ message: Buffer.from(line, 'latin1'), severity: at % 25 }))
    await checkStages(batchesOf(records))
  }
})

test('random bytes come back byte for byte', async () => {
  const random = new SeededRandom(20_270_115)
  const bytes = (max: number): Uint8Array =>
    Uint8Array.from({ length: random.below(max) }, () => random.below(256))
  const records = Array.from({ length: 1000 }, () => ({
    message: bytes(400),
    levelWord: bytes(20),
    fields: Array.from({ length: random.below(4) }, (_, n) => ({ name: `f${n}`, value: bytes(60) })),
  }))
  await checkStages(batchesOf(records))
})

const many = (count: number, make: (n: number) => SampleRecord): SampleRecord[] =>
  Array.from({ length: count }, (_, n) => make(n))

const hardCases: Readonly<Record<string, readonly SampleRecord[]>> = {
  'templates that are nearly one another': many(800, (n) => ({
    message: `user ${n} of ${n % 7} ${n % 3 === 0 ? 'logged in' : 'left'} at 0${n % 10}:0${n % 6}:01.${n}`,
  })),
  'JSON in messages': many(800, (n) => ({
    message: JSON.stringify({ n, ok: n % 2 === 0, path: `/a/${n % 5}`, nested: { list: [n, `${n}`, null] } }),
  })),
  'hundreds of variables in a line': many(60, (n) => ({
    message: Array.from({ length: 400 }, (_, at) => `k${at}=${n * at}`).join(' '),
  })),
  'stack traces with newlines': many(200, (n) => ({
    message: `Error: no ${n}\n${Array.from({ length: 30 }, (_, at) => `    at f${at} (/srv/a.js:${n}:${at})`).join('\r\n')}\n`,
  })),
  'messages of 256 KiB': many(6, (n) => ({ message: `${n} `.repeat(256 * 512).slice(0, 256 * 1024) })),
  '2,000 names of fields': many(200, (n) => ({
    message: '',
    fields: Array.from({ length: 10 }, (_, at) => ({ name: `name.${n * 10 + at}`, value: `${at}` })),
  })),
  'a template for every record': many(800, (n) => ({ message: `${'abcdefghij'[n % 10].repeat(n)} end` })),
  'numbers that print otherwise than they read': many(400, (n) => ({
    message: ['007', '1e3', '-0', '1.50', '+4', '0x1F', '18446744073709551616', '.5', '5.', '１２'][n % 10],
    fields: [{ name: 'n', value: ['00', '1', '-1', '9007199254740993', '1.0', ''][n % 6] }],
  })),
  'empty messages, NUL and all of Latin-1': many(257, (n) => ({
    message: n === 256 ? '' : Uint8Array.of(n, 0, n),
  })),
}

for (const [name, records] of Object.entries(hardCases)) {
  test(`${name} come back byte for byte`, async () => {
    await checkStages(batchesOf(records, 20))
  })
}
