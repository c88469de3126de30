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
  FIELD_FALSE,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
} from '../record/record.ts'
import {
  appendSample,
  type FoundRecord,
  readStore,
  type SampleBatch,
  type SampleField,
  type SampleRecord,
} from '../testing/sample-records.ts'
import { sampled } from '../testing/test-length.ts'
import type { Store } from './store.ts'
import { TestDirectory } from './test-directory.ts'

const BATCHES_MIN = 16
const BATCH_RECORDS_MAX = 100
/** Sealed parts, which merge by two, and their outputs by two again. */
const PARTS = 8
const MIB = 1024 * 1024

function batchesOf(records: readonly SampleRecord[]): SampleBatch[] {
  const size = Math.min(BATCH_RECORDS_MAX, Math.ceil(records.length / BATCHES_MIN))
  return Array.from({ length: Math.ceil(records.length / size) }, (_, n) => ({
    records: records.slice(n * size, (n + 1) * size),
  }))
}

/** Writes what becomes several parts, and reads after each thing that is done to them. */
async function checkStages(batches: readonly SampleBatch[]): Promise<void> {
  const directory = new TestDirectory()
  const options = { sealing: false, mergeFanIn: 2, blockRowsMax: 1024, batchBytesMax: 16 * MIB }
  const store = await directory.open(options)
  const expected: FoundRecord[] = []
  const check = async (stage: string, of: Store = store): Promise<void> =>
    assert.deepEqual(await readStore(of), expected, stage)
  for (let part = 0; part < PARTS; part++) {
    const share = (at: number): number => Math.floor((at * batches.length) / PARTS)
    for (const batch of batches.slice(share(part), share(part + 1)))
      expected.push(...(await appendSample(store, batch)))
    if (part === 0) await check('as they lie in the log')
    if (part === PARTS - 1) await check('in parts and in the log')
    await store.flush()
  }
  await check('sealed')
  await store.close()
  const merging = await directory.open({ ...options, sealing: true })
  const levels = await checkEachMerge(merging, (stage) => check(stage, merging))
  assert.ok(levels >= 3, `merged ${levels} times over`)
  await merging.maintenance.merge()
  await check('merged to the end', merging)
  await merging.close()
}

/** Reads after each merge in the background; how often a record was merged. */
async function checkEachMerge(store: Store, check: (stage: string) => Promise<void>): Promise<number> {
  let merges = 0
  for (let quiet = 0; quiet < 20; quiet++) {
    await new Promise((resolve) => setImmediate(resolve))
    const { merges: all } = store.stats().housekeeping
    if (all === merges) continue
    merges = all
    quiet = 0
    await check(`merged, ${merges} merges`)
  }
  return Math.max(...store.maintenance.parts().map(({ summary }) => summary.level))
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
  for (const file of sampled(files, 2)) {
    const lines = readFileSync(file).toString('latin1').split('\n')
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

/** One name, another kind and value from record to record. */
const ANY_KIND: readonly SampleField[] = [
  { name: 'any', value: 'true', kind: FIELD_STRING },
  { name: 'any', value: 'true', kind: FIELD_TRUE },
  { name: 'any', value: '7', kind: FIELD_NUMBER },
  { name: 'any', value: '7', kind: FIELD_STRING },
  { name: 'any', value: '', kind: FIELD_NULL },
  { name: 'any', value: '', kind: FIELD_STRING },
  { name: 'any', value: '{}', kind: FIELD_JSON },
]

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
  'messages of 256 KiB': many(16, (n) => ({ message: `${n} `.repeat(256 * 512).slice(0, 256 * 1024) })),
  'logfmt in messages': many(800, (n) => ({
    message: `level=info msg="took ${n} ms, \\"${n % 3}\\"" path=/a/${n % 5}?q=a%20b err= ok user="" n=0${n}`,
  })),
  'fields of every JSON type': many(400, (n) => ({
    message: `with ${n % 3} fields`,
    fields: [
      { name: 'text', value: `${n % 4}` },
      {
        name: 'number',
        value: ['1', '-0', '1e400', '0.10', '12345678901234567890'][n % 5],
        kind: FIELD_NUMBER,
      },
      { name: 'yes', value: 'true', kind: FIELD_TRUE },
      { name: 'no', value: 'false', kind: FIELD_FALSE },
      { name: 'none', value: '', kind: FIELD_NULL },
      { name: 'list', value: `[${n},{"a":[]}, "\\u00e9"]`, kind: FIELD_JSON },
      ANY_KIND[n % ANY_KIND.length],
    ].filter((_, at) => at === 6 || (n + at) % 3 > 0),
  })),
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
    await checkStages(batchesOf(records))
  })
}
