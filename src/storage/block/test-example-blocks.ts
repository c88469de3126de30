/**
 * What went into test/data/format-v1-blocks, which was written once and never again: `example.part`, and `records.jsonl`,
 * its records as text. Made from the repository's root with
 *
 *   node -e "import('./src/storage/block/test-example-blocks.ts').then((m) => m.writeExample('test/data/format-v1-blocks'))"
 *
 * The bytes of a part depend on the seed, on zstd and on what the writer prefers, so they are not made again; the
 * records are the same each time. Six blocks: a field for each encoding of columns and one in templates; real text
 * with times of its own; more fields than have columns; messages without templates; one empty record; repeated ones.
 */
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { realDisk, SeededRandom } from '../../base/base.ts'
import {
  FIELD_FALSE,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
  setBatchFirstId,
} from '../../record/record.ts'
import {
  bytesOf,
  encodeSample,
  SAMPLE_WALL_MS,
  type SampleBatch,
  type SampleField,
  type SampleRecord,
} from '../../testing/sample-records.ts'
import { BlockWriter } from './block-writer.ts'
import { BatchContent } from './content-of-batches.ts'
import { PartWriter } from './part-writer.ts'

export const LEVEL = 1
const KINDS = ['string', 'number', 'true', 'false', 'null', 'json']

/** A text, or bytes that are no UTF-8 as hexadecimal digits. */
export type ExampleText = string | { readonly hex: string }

/** A line of `records.jsonl`. What has nothing is left out. */
export interface ExampleRecord {
  readonly id: number
  /** Unix milliseconds, and nanoseconds within. */
  readonly time: readonly [ms: number, ns: number]
  readonly received: readonly [ms: number, ns: number]
  readonly severity?: number
  readonly flags?: number
  readonly levelWord?: ExampleText
  readonly message: ExampleText
  /** By name. `stream`: the field is one of the record's stream. */
  readonly fields?: readonly (readonly [name: string, kind: string, value: ExampleText, stream?: 'stream'])[]
}

/** The batches of a block, each with the id of its first record. */
export type ExampleBlock = readonly { readonly firstId: number; readonly batch: SampleBatch }[]

const number = (name: string, value: string): SampleField => ({ name, value, kind: FIELD_NUMBER })
const hex = (random: SeededRandom, digits: number): string =>
  Array.from({ length: digits }, () => random.below(16).toString(16)).join('')
const address = (random: SeededRandom): string => Array.from({ length: 4 }, () => random.below(256)).join('.')
const word = (random: SeededRandom): string =>
  Array.from({ length: 3 + random.below(9) }, () => String.fromCharCode(0x61 + random.below(26))).join('')

/** A field for each encoding of columns: see FIELD_ENCODINGS. */
function encodedFields(random: SeededRandom): SampleField[] {
  return [
    { name: 'constant', value: 'the same in all rows' },
    { name: 'plain', value: `${word(random)} ${word(random)}` },
    number('integers', String(random.below(2_000_000) - 1_000_000)),
    number('decimals', ((random.below(2_000_000) - 1_000_000) / 1000).toFixed(random.below(4))),
    { name: 'ipv4', value: address(random) },
    {
      name: 'positions',
      value: `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-${hex(random, 12)}`,
    },
    { name: 'timestamps', value: new Date(SAMPLE_WALL_MS + random.below(1e9)).toISOString() },
    { name: 'shapes', value: `${random.chance(0.5) ? 'blk_-' : 'rdd_'}${random.below(1e9)}` },
    { name: 'dictionary', value: ['GET', 'POST', 'a longer word', 'größer'][random.below(4)] },
  ]
}

/** The encoding that each of the fields above is to have in block 0. */
export const FIELD_ENCODINGS: Readonly<Record<string, number>> = {
  constant: 1,
  plain: 2,
  integers: 3,
  decimals: 4,
  ipv4: 5,
  positions: 6,
  timestamps: 7,
  shapes: 8,
  dictionary: 9,
}

const templatedText = (random: SeededRandom): string =>
  random.chance(0.5)
    ? `the request ${random.below(1e6)} for /srv/${hex(random, 12)}/index was answered with ${random.below(600)} in ${random.below(9999)} ms by worker ${hex(random, 8)}-${hex(random, 6)}`
    : `the connection ${hex(random, 16)} from ${address(random)} was refused after ${random.below(100)} attempts because the token ${hex(random, 24)} is not known here`

function encodedBlock(random: SeededRandom): ExampleBlock {
  const records = Array.from({ length: 64 }, (_, row): SampleRecord => {
    const message = [
      `job ${random.below(1000)} took ${random.below(99_999) / 100}ms on 10.0.${random.below(4)}.${random.below(256)}`,
      `session opened for user ${['root', 'alice', 'bob'][random.below(3)]} by (uid=${random.below(3)})`,
      'starting',
    ][row % 3]
    return { message, severity: [9, 13, 17][row % 3], fields: encodedFields(random) }
  })
  return [
    {
      firstId: 1,
      batch: { records, shared: [{ name: 'host', value: 'alpha', isStream: true }], receivedNs: 5 },
    },
  ]
}

function textBlock(random: SeededRandom): ExampleBlock {
  const half = (from: number): SampleBatch => ({
    receivedMs: SAMPLE_WALL_MS + 1000 + from,
    receivedNs: 123_456,
    shared: [{ name: 'service', value: from === 0 ? 'shop' : 'till', isStream: true }],
    records: Array.from({ length: 146 }, (_, row) => ({
      message: `line ${from + row}\n    at run (/srv/app.js:${random.below(900)}:${random.below(80)})`,
      timeMs: SAMPLE_WALL_MS + random.below(5000) - 3000,
      timeNs: random.below(1_000_000),
      flags: 4,
      fields: row % 25 === 7 ? [] : [{ name: 'text', value: templatedText(random) }],
    })),
  })
  return [
    { firstId: 1000, batch: half(0) },
    { firstId: 1500, batch: half(146) },
  ]
}

function manyFieldsBlock(): ExampleBlock {
  const some = (from: number, count: number): SampleField[] =>
    Array.from({ length: count }, (_, n) => ({ name: `f${from + n}`, value: `v${(from + n) % 7}` }))
  return [
    {
      firstId: 2000,
      batch: {
        records: [
          { message: 'the first fields', fields: some(0, 505) },
          { message: 'the others', fields: some(505, 505) },
          { message: 'again', fields: [...some(3, 2), number('f1008', '17'), ...some(1009, 1)] },
        ],
      },
    },
  ]
}

function rubbishBlock(random: SeededRandom): ExampleBlock {
  const kinds: SampleField[] = [
    { name: 'value', value: '5' },
    { name: 'value', value: '5', kind: FIELD_NUMBER },
    { name: 'value', value: 'true', kind: FIELD_TRUE },
    { name: 'value', value: 'false', kind: FIELD_FALSE },
    { name: 'value', kind: FIELD_NULL },
    { name: 'value', value: '{"a":[1]}', kind: FIELD_JSON },
  ]
  const records = kinds.map(
    (field, row): SampleRecord => ({
      message: Uint8Array.from({ length: 5 + row * 3 }, () => random.below(256)),
      timeMs: [-9_223_372_036_853, -1, 0, SAMPLE_WALL_MS, 7_258_118_400_000, 9_223_372_036_853][row],
      timeNs: [0, 999_999, 0, 1, 500_000, 999_999][row],
      severity: row * 4,
      flags: row,
      levelWord: row % 2 === 0 ? undefined : ['Notice', 'très grave', 'E'][(row - 1) / 2],
      // Two orders of the same fields are two layouts.
      fields: row < 3 ? [field, { name: 'x', value: `${row}` }] : [{ name: 'x', value: '' }, field],
    }),
  )
  const own = { name: 'service', value: '한국어', isStream: true }
  const last = { message: '한국어 ünïcödé 💥', fields: [own, { name: 'client.address', value: '192.0.2.7' }] }
  const shared: SampleField[] = [
    { name: 'service', value: 'hidden by its own', isStream: true },
    { name: 'client.address', value: 'hidden too' },
  ]
  return [
    { firstId: 3000, batch: { records } },
    { firstId: 3010, batch: { records: [last], shared, receivedMs: SAMPLE_WALL_MS - 86_400_000 } },
  ]
}

const emptyBlock = (): ExampleBlock => [{ firstId: 70_000, batch: { records: [{ message: '' }] } }]

const repeatedBlock = (): ExampleBlock => [
  {
    firstId: 2 ** 40,
    batch: {
      records: Array.from({ length: 60 }, () => ({ message: 'heartbeat of the service', severity: 5 })),
    },
  },
]

export function exampleBlocks(): ExampleBlock[] {
  const random = new SeededRandom(20_270_115)
  return [
    encodedBlock(random),
    textBlock(random),
    manyFieldsBlock(),
    rubbishBlock(random),
    emptyBlock(),
    repeatedBlock(),
  ]
}

// ---- as text ----------------------------------------------------------------------------------------------------

export function exampleText(value: string | Uint8Array): ExampleText {
  const bytes = Buffer.from(bytesOf(value))
  const text = bytes.toString()
  return Buffer.compare(Buffer.from(text), bytes) === 0 ? text : { hex: bytes.toString('hex') }
}

/** What must be read back, from the samples alone. */
export function expectedRecords(blocks: readonly ExampleBlock[]): ExampleRecord[] {
  return blocks.flat().flatMap(({ firstId, batch }) =>
    batch.records.map((record, index) => {
      const { receivedMs = SAMPLE_WALL_MS, receivedNs = 0, shared = [] } = batch
      const { severity = 0, flags = 0, levelWord = '', timeMs = receivedMs, timeNs = 0 } = record
      const fields = fieldsOf([...(record.fields ?? []), ...shared], (flags & 2) !== 0)
      return {
        id: firstId + index,
        time: [timeMs, timeNs],
        received: [receivedMs, receivedNs],
        ...(severity === 0 ? {} : { severity }),
        ...(flags === 0 ? {} : { flags }),
        ...(levelWord === '' ? {} : { levelWord: exampleText(levelWord) }),
        message: exampleText(record.message),
        ...(fields.length === 0 ? {} : { fields }),
      } satisfies ExampleRecord
    }),
  )
}

/** The first of a name counts. */
function fieldsOf(all: readonly SampleField[], isTruncated: boolean): NonNullable<ExampleRecord['fields']> {
  const truncated: SampleField = { name: '_truncated', kind: FIELD_TRUE, value: 'true' }
  const fields = isTruncated ? [truncated, ...all] : all
  return [...new Set(fields.map(({ name }) => name))].sort().map((name) => {
    const same = fields.filter((field) => field.name === name)
    const { kind = FIELD_STRING, value = '' } = same[0]
    const text = exampleText(value)
    const isStream = same.some((field) => field.isStream === true)
    return isStream ? [name, KINDS[kind], text, 'stream'] : [name, KINDS[kind], text]
  })
}

export const kindName = (kind: number): string => KINDS[kind]

// ---- as a part --------------------------------------------------------------------------------------------------

export async function writeExamplePart(
  disk: Parameters<typeof PartWriter.create>[0],
  path: string,
): Promise<void> {
  const part = await PartWriter.create(disk, path, { level: LEVEL })
  const writer = new BlockWriter(new SeededRandom(1))
  const known = writer.newKnownTemplates()
  for (const block of exampleBlocks()) {
    const encoded = block.map(({ firstId, batch }) => {
      const bytes = encodeSample(batch)
      setBatchFirstId(new DataView(bytes.buffer, bytes.byteOffset), 0, firstId)
      return bytes
    })
    const content = new BatchContent(new Uint8Array(Buffer.concat(encoded)))
    let at = 0
    for (const [index, bytes] of encoded.entries()) {
      content.addRecords(at, 0, block[index].batch.records.length)
      at += bytes.length
    }
    await part.addBlock(content.build(), writer, known)
  }
  await part.finish()
}

/** Makes both files, in a directory that has neither. */
export async function writeExample(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeExamplePart(realDisk, join(directory, 'example.part'))
  const path = join(directory, 'records.jsonl')
  await writeFile(path, '', { flag: 'wx' })
  for (const record of expectedRecords(exampleBlocks())) await appendFile(path, `${JSON.stringify(record)}\n`)
}
