/**
 * Claim: the column stage of sealing goes at 220 MB/s of JSONL and more, and its encodings are smaller than general
 * compression of the same values.
 *
 *   npm run -s node -- bench/column-encodings.ts [log file ...] [--rows 20000]
 *
 * Prints for each column, of made values and of the files' words: the encoding that was chosen, MB/s of values (the
 * bytes of all rows) to find facts and encode, and to decode, and bytes a value after zstd level 1, beside those of the
 * plain values after the same.
 */
import { parseArgs } from 'node:util'
import { constants as zlib, zstdCompressSync } from 'node:zlib'
import { ByteSink } from '../src/storage/columns/byte-sink.ts'
import { FactsWorkspace } from '../src/storage/columns/column-facts.ts'
import { decodeColumn, encodeColumn } from '../src/storage/columns/encodings.ts'
import { columnOf, logColumns, randomRows, VALUE_KINDS } from '../src/storage/columns/test-columns.ts'
import { printMachine } from './machine.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string', default: '20000' } },
})
const rowCount = Number(options.rows)
const workspace = new FactsWorkspace()
const sink = new ByteSink(1 << 20)
/** Milliseconds of CPU that each figure is taken over. */
const MEASURED_MS = 60

printMachine(`Column encodings, ${rowCount} rows a column`)
console.log(
  `  ${'column'.padEnd(34)} encoding      encode  decode MB/s   ns a row: enc dec   B/value  plain + zstd`,
)
for (const kind of Object.keys(VALUE_KINDS)) measureColumn(kind, randomRows(kind, 1, rowCount))
for (const path of positionals) {
  const name = path.slice(path.lastIndexOf('/') + 1)
  logColumns(path).forEach((rows, i) => {
    measureColumn(`${name} ${i}`, repeated(rows))
  })
}

/** As many rows as asked for; files are shorter than blocks. */
function repeated(rows: readonly string[]): string[] {
  return Array.from({ length: Math.min(rowCount, rows.length * 4) }, (_, row) => rows[row % rows.length])
}

function measureColumn(name: string, rows: readonly string[]): void {
  const values = columnOf(rows)
  const facts = workspace.facts(values)
  const { code, name: encoding } = encodeColumn(values, facts, cleared())
  const bytes = sink.written().slice()
  const encodeMs = millisecondsOf(() => encodeColumn(values, workspace.facts(values), cleared()))
  const decodeMs = millisecondsOf(() => decodeColumn(code, bytes, rows.length).materialize())
  const megabytes = facts.rowBytes / 1e6
  const speed = (ms: number): string => ((megabytes / ms) * 1000).toFixed(0).padStart(7)
  const rowTime = (ms: number): string => ((ms * 1e6) / rows.length).toFixed(0).padStart(4)
  const perValue = (length: number): string => (length / rows.length).toFixed(3).padStart(8)
  const plain = compressed(Buffer.from(rows.join('\n'), 'latin1'))
  console.log(
    `  ${name.padEnd(34)} ${encoding.padEnd(12)} ${speed(encodeMs)} ${speed(decodeMs)}      ${' '.repeat(8)}${rowTime(encodeMs)} ${rowTime(decodeMs)}   ${perValue(compressed(bytes))}  ${perValue(plain)}`,
  )
}

function cleared(): ByteSink {
  sink.clear()
  return sink
}

function compressed(bytes: Uint8Array): number {
  const level = { params: { [zlib.ZSTD_c_compressionLevel]: 1 } }
  return Math.min(bytes.length, zstdCompressSync(bytes, level).length)
}

function millisecondsOf(work: () => unknown): number {
  for (let round = 0; round < 5; round++) work()
  const start = process.cpuUsage()
  let rounds = 0
  let spent = 0
  while (spent < MEASURED_MS * 1000) {
    work()
    rounds++
    const { user, system } = process.cpuUsage(start)
    spent = user + system
  }
  return spent / 1000 / rounds
}
