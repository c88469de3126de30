/**
 * Random records in blocks of parts, for tests: batches of all shapes, the part that is written of them, the plain
 * block (record/batch-block.ts) that must read the same, and tests of values with all that they may declare.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { SeededRandom, type SimulatedDisk } from '../../base/base.ts'
import {
  type BatchBlock,
  type Block,
  BlockBuilder,
  batchCount,
  type Column,
  FIELD_FALSE,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
  RECORD_FLAG_TRUNCATED,
  setBatchFirstId,
  type TestNeedle,
  type ValueTest,
  wordEnd,
  wordStart,
} from '../../record/record.ts'
import {
  encodeSample,
  latin1,
  SAMPLE_WALL_MS,
  type SampleBatch,
  type SampleField,
  type SampleRecord,
} from '../../testing/sample-records.ts'
import { FrameCache } from '../part/frame-cache.ts'
import type { BlockContent } from './block-content.ts'
import { BlockWriter } from './block-writer.ts'
import { BatchContent } from './content-of-batches.ts'
import { type PartTotals, PartWriter } from './part-writer.ts'
import { StoredPart } from './stored-part.ts'

const CORPUS = new URL('../../../../shared/corpus/', import.meta.url)
const utf8 = new TextEncoder()

export function pick<T>(random: SeededRandom, from: readonly T[]): T {
  return from[random.below(from.length)]
}

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

// ---- values -----------------------------------------------------------------------------------------------------

type MakeText = (random: SeededRandom) => string | Uint8Array

const WORDS = [
  'error',
  'disk',
  'connection',
  'Größe',
  '日本語',
  'a',
  'user_name',
  'x1',
  'Ελλάδα',
  '🙂',
  'ERR',
  'é',
]
const MARKS = [' ', ' ', ' ', ': ', '=', '/', ', ', ' [', '] ', '-', '', '_', '\n', '"', ' «', '\u00a0']

const number = (random: SeededRandom): string => String(random.below(10 ** (1 + random.below(9))))
const hex = (random: SeededRandom, digits: number): string =>
  times(digits, () => random.below(16).toString(16)).join('')
const address = (random: SeededRandom): string =>
  `10.${random.below(3)}.${random.below(256)}.${random.below(256)}`
const decimal = (random: SeededRandom): string => ((random.below(2_000_000) - 1_000_000) / 1000).toFixed(3)
const uuid = (random: SeededRandom): string =>
  `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-a${hex(random, 3)}-${hex(random, 12)}`
const isoTime = (random: SeededRandom): string =>
  new Date(SAMPLE_WALL_MS + random.below(100_000_000)).toISOString()
const rubbish = (random: SeededRandom): Uint8Array =>
  Uint8Array.from({ length: random.below(60) }, () => random.below(256))
const brokenText = (random: SeededRandom): Uint8Array => {
  const bytes = utf8.encode(
    `${pick(random, WORDS)} ${pick(random, WORDS)}${pick(random, WORDS)} ${number(random)}`,
  )
  for (let n = random.below(3); n > 0; n--) bytes[random.below(bytes.length)] = random.below(256)
  return bytes.subarray(random.below(2), bytes.length - random.below(2))
}
const longWord = (random: SeededRandom): string => `session${hex(random, 6 + random.below(6))}`
const mixed = (random: SeededRandom): string =>
  times(1 + random.below(4), () => pick(random, WORDS) + pick(random, MARKS)).join('')

const VARIABLES: readonly MakeText[] = [
  number,
  address,
  decimal,
  uuid,
  isoTime,
  longWord,
  mixed,
  brokenText,
  rubbish,
  (random) => hex(random, 1 + random.below(16)),
  (random) => pick(random, ['alpha', 'beta', 'gamma gamma', '', 'user é']),
]

function joined(pieces: readonly (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? utf8.encode(piece) : piece)))
}

/** Texts that share what does not change: words and marks between variables, which may lie within words. */
function templated(random: SeededRandom, slots = 1 + random.below(4)): MakeText {
  const statics = times(slots + 1, () => mixed(random))
  const variables = times(slots, () => pick(random, VARIABLES.slice(0, random.chance(0.8) ? 6 : undefined)))
  return (seeded) =>
    joined(statics.flatMap((text, slot) => (slot < slots ? [text, variables[slot](seeded)] : [text])))
}

const corpusLines = new Map<string, string[]>()

/** Lines that follow each other in a file of real logs; null where there is none. */
function realLines(random: SeededRandom, count: number): string[] | null {
  const file = pick(random, [
    'Apache.log',
    'HDFS.log',
    'OpenSSH.log',
    'Linux.log',
    'Spark.log',
    'more/access.log',
  ])
  let lines = corpusLines.get(file)
  if (lines === undefined) {
    const url = new URL(file, CORPUS)
    lines = existsSync(url) ? readFileSync(url, 'utf8').split('\n').slice(0, 5000) : []
    corpusLines.set(file, lines)
  }
  if (lines.length < count) return null
  const from = random.below(lines.length - count + 1)
  return lines.slice(from, from + count)
}

const jsonText = (random: SeededRandom): string =>
  JSON.stringify({
    id: random.below(1e6),
    name: pick(random, WORDS),
    at: isoTime(random),
    nested: { ok: random.chance(0.5) },
  })
const logfmt = (random: SeededRandom): string =>
  `level=${pick(random, ['info', 'warn'])} took=${random.below(5000)}ms user=${pick(random, WORDS)} trace=${hex(random, 16)}`
const manyVariables = (random: SeededRandom): string =>
  times(200 + random.below(100), () => random.below(1000)).join(' ')
const stackTrace = (random: SeededRandom): string =>
  `Error: ${pick(random, WORDS)}\n${times(3, () => `    at run (/srv/app.js:${random.below(900)}:${random.below(80)})`).join('\n')}`
const large = (random: SeededRandom): Uint8Array => {
  const bytes = new Uint8Array(256 * 1024).fill(0x61 + random.below(26))
  for (let at = 0; at < bytes.length; at += 1 + random.below(5000)) bytes[at] = random.below(256)
  return bytes
}

/** What the messages of one block are made by. */
function messageMaker(random: SeededRandom, rows: number): (row: number) => string | Uint8Array {
  const roll = random.below(12)
  if (roll < 3) {
    const lines = realLines(random, rows)
    if (lines !== null) return (row) => lines[row]
  }
  if (roll === 3) return () => 'one message'
  const shapes: MakeText[] = times(1 + random.below(5), () => templated(random))
  if (roll > 6)
    shapes.push(pick(random, [jsonText, logfmt, manyVariables, stackTrace, rubbish, brokenText, () => '']))
  if (roll === 11 && random.chance(0.1))
    return (row) => (row === 0 ? large(random) : pick(random, shapes)(random))
  return () => pick(random, shapes)(random)
}

interface FieldShape {
  readonly name: string
  readonly isStream: boolean
  readonly chance: number
  readonly make: (random: SeededRandom) => Pick<SampleField, 'value' | 'kind'>
}

function fieldMaker(random: SeededRandom): FieldShape['make'] {
  const few = times(1 + random.below(5), () => pick(random, VARIABLES)(random))
  const text = templated(random, 3 + random.below(3))
  const wordy = times(6, () => mixed(random)).join(' ')
  const makers: FieldShape['make'][] = [
    (seeded) => ({ value: pick(seeded, few) }),
    (seeded) => ({ value: joined([wordy, text(seeded)]) }),
    (seeded) => ({ value: String(seeded.below(500)), kind: FIELD_NUMBER }),
    (seeded) => ({ value: decimal(seeded), kind: FIELD_NUMBER }),
    (seeded) => ({ value: String(SAMPLE_WALL_MS + seeded.below(10_000)), kind: FIELD_NUMBER }),
    (seeded) =>
      pick(seeded, [
        { value: 'true', kind: FIELD_TRUE },
        { value: 'false', kind: FIELD_FALSE },
        { value: 'null', kind: FIELD_NULL },
        { value: '{"a":[1,2]}', kind: FIELD_JSON },
        { value: '12', kind: FIELD_NUMBER },
        { value: '12', kind: FIELD_STRING },
        { value: '' },
      ]),
    ...VARIABLES.map((make) => (seeded: SeededRandom) => ({ value: make(seeded) })),
  ]
  return pick(random, makers)
}

/** Batches that make one block together, of about `rows` records. */
export function randomBatches(random: SeededRandom, rows: number): SampleBatch[] {
  const message = messageMaker(random, rows)
  const names = ['app', 'host', 'f', 'field é', '_truncated', 'n', 'x'.repeat(128), 'text', 'stream', 'other']
  const shapes: FieldShape[] = times(random.below(7), () => ({
    name: pick(random, names),
    isStream: random.chance(0.2),
    chance: pick(random, [1, 1, 0.5, 0.05]),
    make: fieldMaker(random),
  }))
  const hasLevels = random.chance(0.5)
  const hasOwnTimes = random.chance(0.6)
  const batches: SampleBatch[] = []
  for (let row = 0; row < rows; ) {
    const count = Math.min(rows - row, 1 + random.below(random.chance(0.3) ? 4 : rows))
    const receivedMs =
      SAMPLE_WALL_MS + random.below(1_000_000) - (random.chance(0.02) ? SAMPLE_WALL_MS * 3 : 0)
    const first = row
    batches.push({
      receivedMs,
      receivedNs: random.below(1_000_000),
      shared: random.chance(0.5)
        ? streamFirst(
            shapes.filter(() => random.chance(0.4)).map((shape) => ({ ...shape, ...shape.make(random) })),
          )
        : [],
      records: times(count, (at) =>
        randomRecord(random, message(first + at), shapes, hasLevels, hasOwnTimes),
      ),
    })
    row += count
  }
  return batches
}

const streamFirst = (fields: readonly SampleField[]): SampleField[] => [
  ...fields.filter(({ isStream }) => isStream),
  ...fields.filter(({ isStream }) => !isStream),
]

function randomRecord(
  random: SeededRandom,
  message: string | Uint8Array,
  shapes: readonly FieldShape[],
  hasLevels: boolean,
  hasOwnTimes: boolean,
): SampleRecord {
  const own = shapes.filter(({ chance }) => random.chance(chance))
  if (random.chance(0.05)) own.reverse()
  const fields = own.map(({ name, isStream, make }) => ({ name, isStream, ...make(random) }))
  const time = hasOwnTimes
    ? { timeMs: SAMPLE_WALL_MS + random.below(100_000) - 50_000, timeNs: random.below(1_000_000) }
    : {}
  return {
    message,
    ...time,
    severity: hasLevels ? random.below(25) : 0,
    levelWord: hasLevels && random.chance(0.3) ? pick(random, ['Warn', 'E', 'très grave']) : undefined,
    flags: random.chance(0.05) ? RECORD_FLAG_TRUNCATED | random.below(256) : 0,
    fields: streamFirst(fields),
  }
}

// ---- blocks -----------------------------------------------------------------------------------------------------

export interface Batches {
  readonly data: Uint8Array
  /** Where each batch begins. */
  readonly starts: readonly number[]
  readonly endId: number
}

/** The batches one behind the other, with gaps between their ids. */
export function layBatches(
  batches: readonly SampleBatch[],
  random: SeededRandom,
  firstId = random.below(1000),
): Batches {
  const encoded = batches.map((batch) => encodeSample(batch))
  let id = firstId
  let at = 0
  const starts: number[] = []
  for (const [index, bytes] of encoded.entries()) {
    setBatchFirstId(new DataView(bytes.buffer, bytes.byteOffset), 0, id)
    starts.push(at)
    at += bytes.length
    id += batches[index].records.length + (random.chance(0.3) ? random.below(1000) : 0)
  }
  return { data: new Uint8Array(Buffer.concat(encoded)), starts, endId: id }
}

export function plainBlock({ data, starts }: Batches): BatchBlock {
  const builder = new BlockBuilder(data)
  for (const at of starts) builder.addBatch(at)
  return builder.build()
}

export function contentOf({ data, starts }: Batches): BlockContent {
  const content = new BatchContent(data)
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  for (const at of starts) content.addRecords(at, 0, batchCount(view, at))
  return content.build()
}

/** Warm memory across blocks is part of what is tested: so one writer for all. */
export const testWriter = new BlockWriter(new SeededRandom(1))

export async function writeTestPart(
  disk: SimulatedDisk,
  path: string,
  blocks: readonly Batches[],
  level = 1,
): Promise<PartTotals> {
  const part = await PartWriter.create(disk, path, { level })
  for (const batches of blocks) await part.addBlock(contentOf(batches), testWriter)
  return part.finish()
}

export function openTestPart(disk: SimulatedDisk, path: string, level = 1): StoredPart {
  return StoredPart.open(disk, path, { cache: new FrameCache(1 << 26), level })
}

// ---- comparing --------------------------------------------------------------------------------------------------

const bytesAt = ({ data, starts, lengths }: Column, row: number): Uint8Array =>
  data.subarray(starts[row], starts[row] + lengths[row])

function checkColumn(actual: Column | null, expected: Column | null, rows: number, what: string): void {
  assert.equal(actual === null, expected === null, `${what}: there or not`)
  if (actual === null || expected === null) return
  for (let row = 0; row < rows; row++) {
    assert.equal(actual.kinds?.[row] ?? 0, expected.kinds?.[row] ?? 0, `${what}: kind of row ${row}`)
    if (Buffer.compare(bytesAt(actual, row), bytesAt(expected, row)) !== 0)
      assert.equal(latin1(bytesAt(actual, row)), latin1(bytesAt(expected, row)), `${what}: row ${row}`)
  }
}

const rowText = (block: Block, row: number): string =>
  JSON.stringify([
    block.fieldsOf(row).map(({ name, kind, value, isStream }) => [name, kind, latin1(value), isStream]),
    block.fieldNamesOf(row),
    block.streamFieldNamesOf(row).sort(),
  ])

export interface CompareOptions {
  /** Columns of so many names are compared. */
  readonly names?: number
  /** Only every so many rows are compared where that is costly. */
  readonly step?: number
}

/** Every accessor answers alike. `what` names the case. */
export function checkSameBlock(
  actual: Block,
  expected: Block,
  what: string,
  { names = 50, step = 1 }: CompareOptions = {},
): void {
  const rows = expected.rowCount
  assert.equal(actual.rowCount, rows, what)
  const arrays = ['ids', 'timesMs', 'timesNs', 'receivedMs', 'receivedNs', 'severities', 'flags'] as const
  for (const name of arrays) assert.deepEqual([...actual[name]], [...expected[name]], `${what}: ${name}`)
  assert.equal(actual.timeMsMin, expected.timeMsMin, what)
  assert.equal(actual.timeMsMax, expected.timeMsMax, what)
  for (let row = 0; row < rows; row += step) {
    const message = actual.messageOf?.(row) ?? assert.fail(`${what}: no messageOf`)
    assert.ok(Buffer.compare(message, bytesAt(expected.message, row)) === 0, `${what}: message of row ${row}`)
    assert.equal(rowText(actual, row), rowText(expected, row), `${what}: fields of row ${row}`)
  }
  checkColumn(actual.message, expected.message, rows, `${what}: message`)
  checkColumn(actual.levelWords, expected.levelWords, rows, `${what}: level words`)
  const known = expected.fieldNames().sort()
  assert.deepEqual(actual.fieldNames().sort(), known, `${what}: names`)
  const compared = known.filter((_, index) => index % Math.ceil(known.length / names) === 0)
  for (const name of [...compared, '_truncated', 'no such field', ''])
    checkColumn(actual.field(name), expected.field(name), rows, `${what}: ${name}`)
}

// ---- tests of values --------------------------------------------------------------------------------------------

const isWordAt = (data: Uint8Array, at: number, end: number): boolean =>
  at < end && wordStart(data, at, end) === at

/** Whether a word character ends right before `at`. */
function isWordBefore(data: Uint8Array, at: number, start: number): boolean {
  for (let from = at - 1; from >= Math.max(start, at - 4); from--)
    if (wordStart(data, from, at) === from && wordEnd(data, from, at) === at) return true
  return false
}

function inSmallLetters(bytes: Uint8Array): Uint8Array {
  const small = bytes.slice()
  for (let at = 0; at < small.length; at++) if (small[at] >= 0x41 && small[at] <= 0x5a) small[at] += 0x20
  return small
}

function stands(needle: TestNeedle, value: Uint8Array): boolean {
  const { bytes, startsWord, endsWord, isWhole, anyCase } = needle
  const text = Buffer.from(anyCase ? inSmallLetters(value) : value)
  if (isWhole) return Buffer.compare(bytes, text) === 0
  for (let at = text.indexOf(bytes); at >= 0; at = text.indexOf(bytes, at + 1)) {
    if (startsWord && isWordBefore(value, at, 0)) continue
    if (endsWord && isWordAt(value, at + bytes.length, value.length)) continue
    return true
  }
  return false
}

/** A needle that is cut out of one of the values. */
function randomNeedle(random: SeededRandom, values: readonly Uint8Array[]): Uint8Array {
  const value = pick(random, values)
  if (value.length === 0 || random.chance(0.05))
    return utf8.encode(pick(random, ['error', 'session', '1', 'é', ' ']))
  let from = random.below(value.length)
  let to = Math.min(value.length, from + 1 + random.below(random.chance(0.5) ? 12 : 60))
  if (random.chance(0.6)) {
    while (from > 0 && isWordBefore(value, from, 0)) from--
    if (random.chance(0.7)) to = wordEnd(value, to - 1, value.length)
    to = Math.max(to, from + 1)
  }
  const bytes = value.slice(from, to)
  if (random.chance(0.1)) bytes[random.below(bytes.length)] = random.below(256)
  return bytes
}

function asNeedle(random: SeededRandom, values: readonly Uint8Array[]): TestNeedle {
  const needle = asWrittenNeedle(random, values)
  return random.chance(0.3) ? { ...needle, bytes: inSmallLetters(needle.bytes), anyCase: true } : needle
}

function asWrittenNeedle(random: SeededRandom, values: readonly Uint8Array[]): TestNeedle {
  const decides = random.chance(0.8)
  if (random.chance(0.1)) {
    const value = pick(random, values)
    const bytes = value.length > 0 ? value.slice() : utf8.encode('x')
    return { bytes, startsWord: false, endsWord: false, isWhole: true, decides }
  }
  const bytes = randomNeedle(random, values)
  const isPhrase = random.chance(0.6)
  const isPrefix = random.chance(0.2)
  return {
    bytes,
    startsWord: isPhrase && isWordAt(bytes, 0, bytes.length),
    endsWord: isPhrase && !isPrefix && isWordBefore(bytes, bytes.length, 0),
    isWhole: false,
    decides,
  }
}

const NUMBER = /^-?\d+(?:\.\d+)?$/

function rangeTest(random: SeededRandom, values: readonly Uint8Array[]): ValueTest {
  const near = Number(latin1(pick(random, values)))
  const min =
    (Number.isFinite(near) ? near : random.below(1000)) - random.below(random.chance(0.5) ? 3 : 100_000)
  const max = min + random.below(random.chance(0.5) ? 5 : 1_000_000)
  return {
    cost: 1,
    range: { min, max },
    test: (data, start, end) => {
      const text = latin1(data.subarray(start, end))
      if (!NUMBER.test(text)) return text.length % 7 === 3
      return Number(text) >= min && Number(text) <= max
    },
  }
}

/** A test of the values, with any of the shapes that it may declare. The values are some that it is asked about. */
/** So much that nothing is tested before its row is asked for. */
const COST_MUCH = 1e7

export function randomTest(random: SeededRandom, values: readonly Uint8Array[]): ValueTest {
  const roll = random.below(20)
  if (roll < 2) return rangeTest(random, values)
  if (roll < 4) {
    const modulus = 1 + random.below(4)
    return { cost: 1, test: (_data, start, end) => (end - start) % modulus === 0 }
  }
  const needles = times(roll < 15 ? 1 : 1 + random.below(4), () => asNeedle(random, values))
  const isEven = (value: Uint8Array): boolean => value.reduce((sum, byte) => sum + byte, 0) % 2 === 0
  return {
    cost: random.chance(0.1) ? COST_MUCH : 5,
    needles,
    test: (data, start, end) => {
      const value = data.subarray(start, end)
      const found = needles.filter((needle) => stands(needle, value))
      return found.some(({ decides }) => decides) || (found.length > 0 && isEven(value))
    },
  }
}

export const describeTest = ({ needles, range }: ValueTest): string =>
  JSON.stringify({ range, needles: needles?.map((needle) => ({ ...needle, bytes: latin1(needle.bytes) })) })
