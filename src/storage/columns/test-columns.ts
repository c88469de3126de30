/** Columns for the tests and the bench of this folder: from literal values, from seeds, and cut out of real logs. */
import { readFileSync } from 'node:fs'
import { SeededRandom } from '../../base/base.ts'
import { classesOf } from './byte-classes.ts'
import { ByteSink } from './byte-sink.ts'
import { type ColumnFacts, FactsWorkspace } from './column-facts.ts'
import type { ColumnValues } from './column-values.ts'
import type { EncodedColumn, Encoding } from './encoding.ts'

/** Values as latin1 text, so that any byte can be written. */
export function columnOf(rows: readonly string[]): ColumnValues {
  // Something of another column stands first: encodings must not take the whole table for theirs.
  const texts = ['of another column']
  const entryOf = new Map<string, number>()
  const entries = Uint32Array.from(rows, (row) => {
    const known = entryOf.get(row)
    if (known !== undefined) return known
    entryOf.set(row, texts.length)
    return texts.push(row) - 1
  })
  const lengths = texts.map((text) => text.length)
  const ends = new Uint32Array(texts.length)
  let end = 0
  for (let i = 0; i < texts.length; i++) ends[i] = end += lengths[i]
  const bytes = Buffer.from(texts.join(''), 'latin1')
  const starts = ends.map((at, i) => at - lengths[i])
  const table = {
    ...{ bytes, starts, ends },
    classes: Uint16Array.from(ends, (to, i) => classesOf(bytes, starts[i], to)),
    count: texts.length,
  }
  return { table, entries, rowCount: rows.length }
}

const workspace = new FactsWorkspace()

export function factsOf(values: ColumnValues): ColumnFacts {
  return workspace.facts(values)
}

/** The bytes of the column in one encoding, or null where it does not take it. */
export function encodeRows(encoding: Encoding, rows: readonly string[]): Uint8Array | null {
  const values = columnOf(rows)
  const plan = encoding.plan(values, factsOf(values))
  if (plan === null) return null
  const sink = new ByteSink(16)
  plan.write(sink)
  return sink.written().slice()
}

export function rowsOf(column: EncodedColumn): string[] {
  const { data, starts, lengths } = column.materialize()
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length)
  return Array.from(starts, (start, row) => bytes.toString('latin1', start, start + lengths[row]))
}

export function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex')
}

// ---- from seeds ----------------------------------------------------------------------------------------------------

type MakeValue = (random: SeededRandom, row: number) => string

function digits(random: SeededRandom, count: number, of = '0123456789'): string {
  let text = ''
  for (let left = count; left > 0; left--) text += of[random.below(of.length)]
  return text
}
const hexDigits = (random: SeededRandom, count: number): string => digits(random, count, '0123456789abcdef')
const pick = <T>(random: SeededRandom, from: readonly T[]): T => from[random.below(from.length)]

const AWKWARD = [
  '', '0', '-0', '-1', '007', '7', '+1', '1e5', '1.0', '1.', '.5', '-.5', '-0.0', '0.50', '00', '--1', '-',
  '9007199254740991', '9007199254740992', '999999999999999', '-999999999999999', '1000000000000000',
  '123456789012345678901234567890123', '000000000000000000000000000000000001', '01.2.3.4', '1.2.3.4', '256.1.1.1',
  '\xff\xfe', '\x00', '\x000\x00', ' 1', '1 ', '2015-02-29 00:00:00', '2016-02-29 23:59:60', 'NaN',
] // biome-ignore format: a list

/** Kinds of values as they stand in logs, and some that do not. */
export const VALUE_KINDS: Readonly<Record<string, MakeValue>> = {
  'small integers': (random) => String(random.below(200) - 20),
  'process ids': (random, row) => String(20_000 + (row >> 4) + random.below(5) * 31),
  'counters that grow': (_, row) => String(1_117_838_570 + row * 3),
  'large integers': (random) => String(random.uint32() * 200_000 - 4e14),
  'digits of one width': (random) => digits(random, 6),
  'block ids': (random) => `blk_${random.chance(0.5) ? '-' : ''}${1 + random.below(9)}${digits(random, 17 + random.below(2))}`,
  decimals: (random) => (random.below(5_000_000) / 10 ** random.below(7)).toString(),
  'addresses': (random) => `10.251.${random.below(8)}.${random.below(256)}`,
  'addresses with ports': (random) => `10.0.${random.below(8)}.${random.below(256)}:${random.below(65_536)}`,
  uuids: (random) =>
    `${hexDigits(random, 8)}-${hexDigits(random, 4)}-4${hexDigits(random, 3)}-a${hexDigits(random, 3)}-${hexDigits(random, 12)}`,
  'request ids': (random) => `req-${hexDigits(random, 8).toUpperCase()}`,
  times: (random, row) => new Date(1_750_000_000_000 + row * 40 + random.below(30)).toISOString(),
  'times to the nanosecond': (random, row) =>
    new Date(1_750_000_000_000 + row * 40 + random.below(30)).toISOString().replace('Z', `${digits(random, 6)}+02:00`),
  'dates and times with a comma': (random, row) => {
    const seconds = (row >> 2) % 3600
    const pair = (value: number) => String(value).padStart(2, '0')
    return `2015-07-29 17:${pair((seconds / 60) | 0)}:${pair(seconds % 60)},${String((row & 3) * 250 + random.below(250)).padStart(3, '0')}`
  },
  places: (random) => `R${random.below(4)}${random.below(8)}-M${random.below(2)}-N${pick(random, ['0', 'A', 'B', 'C'])}`,
  levels: (random) => pick(random, ['INFO', 'INFO', 'INFO', 'INFO', 'WARN', 'ERROR']),
  words: (random) => Array.from({ length: 1 + random.below(4) }, () => pick(random, ['get', 'put', 'user', 'of', 'disk'])).join(' '),
  'integers or a dash': (random) => (random.chance(0.1) ? '-' : String(random.below(100_000))),
  'awkward ones': (random) => pick(random, AWKWARD),
  bytes: (random) => Array.from({ length: random.below(12) }, () => String.fromCharCode(random.below(256))).join(''),
  'runs of one': (_, row) => String(row >> 7),
} // biome-ignore format: a list

export function randomRows(kind: string, seed: number, rowCount: number): string[] {
  const random = new SeededRandom(seed)
  return Array.from({ length: rowCount }, (_, row) => VALUE_KINDS[kind](random, row))
}

// ---- from real logs ------------------------------------------------------------------------------------------------

/** The first words of each line as columns, and every word with a digit in it as one more. */
export function logColumns(path: string): string[][] {
  const words = readFileSync(path, 'latin1')
    .split('\n')
    .map((line) => line.split(/[ \t[\]()=,"]+/).filter((word) => word !== ''))
    .filter((line) => line.length > 0)
  const leading = Array.from({ length: 8 }, (_, place) => words.map((line) => line[place] ?? ''))
  const variables = words.flat().filter((word) => /\d/.test(word))
  return [...leading, variables]
}
