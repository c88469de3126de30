/**
 * Claim: the column stage of sealing goes at 220 MB/s of JSONL and more, its encodings are smaller than general
 * compression of the same values, and decoding them makes 300 MB/s of values and more.
 *
 *   npm run -s node -- bench/column-encodings.ts [log file ...] [--rows 20000]
 *   npm run -s node -- bench/column-encodings.ts --jsonl made.jsonl [--rows 65536] [--rounds 3]
 *
 * The first prints for each column, of made values and of the files' words: the encoding that was chosen, MB/s of values
 * (the bytes of all rows) to find facts and encode, and to decode, and bytes a value after zstd level 1, beside those of
 * the plain values after the same.
 *
 * The second seals the messages of a file that `amplify.mjs --format jsonl` made, as far as columns go, and prints what
 * each stage costs and what each encoding takes.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { constants as zlib, zstdCompressSync } from 'node:zlib'
import { systemRandom } from '../src/base/base.ts'
import { ByteSink } from '../src/storage/columns/byte-sink.ts'
import { FactsWorkspace } from '../src/storage/columns/column-facts.ts'
import { chooseEncoding, decodeColumn, ENCODINGS, encodeColumn } from '../src/storage/columns/encodings.ts'
import { columnOf, logColumns, randomRows, VALUE_KINDS } from '../src/storage/columns/test-columns.ts'
import { TemplateMiner } from '../src/storage/template/template-miner.ts'
import { ValueInterner } from '../src/storage/template/value-interner.ts'
import { measureZstd, printFigure, printMachine } from './machine.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string' }, jsonl: { type: 'string' }, rounds: { type: 'string', default: '3' } },
})
const rowCount = Number(options.rows ?? (options.jsonl === undefined ? 20_000 : 65_536))
const workspace = new FactsWorkspace()
const sink = new ByteSink(1 << 20)
/** Milliseconds of CPU that each figure of a column is taken over. */
const MEASURED_MS = 60
/** As the writer of parts shares frames. */
const FRAME_BYTES = 256 * 1024

// ---- single columns ------------------------------------------------------------------------------------------------

function measureColumns(): void {
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
  const megabytes = rows.reduce((sum, row) => sum + row.length, 0) / 1e6
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
  const level = { chunkSize: bytes.length + 1024, params: { [zlib.ZSTD_c_compressionLevel]: 1 } }
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

// ---- all stages ----------------------------------------------------------------------------------------------------

interface Messages {
  readonly data: Uint8Array
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
}

const STAGES = ['mine', 'intern', 'facts', 'choose', 'write', 'zstd'] as const
type Stage = (typeof STAGES)[number]

interface StoredColumn {
  readonly code: number
  readonly bytes: Uint8Array
  readonly rowCount: number
}

interface Round {
  readonly ms: Record<Stage, number>
  stored: number
  readonly columns: StoredColumn[]
}

function measureStages(path: string): void {
  const text = readFileSync(path)
  const megabytes = text.length / 1e6
  const messages = messagesOf(text)
  const records = messages.starts.length
  printMachine(`Column stage, ${rowCount} records a block`)
  const zstd = measureZstd(text)
  if (zstd !== null) printFigure('zstd -1 of the JSONL', `${(megabytes / zstd).toFixed(0)} MB/s`)
  const miner = new TemplateMiner(systemRandom)
  const interner = new ValueInterner(systemRandom)
  const rounds = Array.from({ length: Number(options.rounds) + 1 }, () => sealAll(messages, miner, interner))
  const best = rounds.slice(1).sort((a, b) => totalOf(a) - totalOf(b))[0]
  const speed = (ms: number): string => ((megabytes / ms) * 1000).toFixed(0)
  for (const stage of STAGES)
    printFigure(stage, `${speed(best.ms[stage])} MB/s of JSONL, ${best.ms[stage].toFixed(0)} ms`)
  const columnMs = best.ms.facts + best.ms.choose + best.ms.write
  printFigure('facts, choose, write', `${speed(columnMs)} MB/s of JSONL, ${columnMs.toFixed(0)} ms`)
  const total = totalOf(best)
  const ratio = zstd === null ? '?' : (total / 1000 / zstd).toFixed(2)
  printFigure('all', `${speed(total)} MB/s of JSONL, zstd -1 x ${ratio}`)
  printFigure('stored', `${(best.stored / records).toFixed(3)} B a record, ${best.columns.length} columns`)
  printKinds(best.columns, records)
}

function totalOf({ ms }: Round): number {
  return STAGES.reduce((sum, stage) => sum + ms[stage], 0)
}

/** The `_msg` of every line, one after the other. */
function messagesOf(text: Buffer): Messages {
  const data = new Uint8Array(text.length)
  const starts: number[] = []
  const lengths: number[] = []
  let end = 0
  for (let at = 0; at < text.length; ) {
    const lineEnd = text.indexOf(10, at)
    const line = text.toString('utf8', at, lineEnd)
    const { written } = new TextEncoder().encodeInto(messageOf(JSON.parse(line)), data.subarray(end))
    starts.push(end)
    lengths.push(written)
    end += written
    at = lineEnd + 1
  }
  return { data: data.slice(0, end), starts: Uint32Array.from(starts), lengths: Uint32Array.from(lengths) }
}

function messageOf(record: unknown): string {
  return typeof record === 'object' && record !== null && '_msg' in record ? String(record._msg) : ''
}

function sealAll({ data, starts, lengths }: Messages, miner: TemplateMiner, interner: ValueInterner): Round {
  const ms = { mine: 0, intern: 0, facts: 0, choose: 0, write: 0, zstd: 0 }
  const round: Round = { ms, stored: 0, columns: [] }
  const startCpu = process.cpuUsage()
  const startTime = performance.now()
  for (let from = 0; from < starts.length; from += rowCount) {
    const rows = Math.min(rowCount, starts.length - from)
    const time = performance.now()
    const block = { data, starts: starts.subarray(from), lengths: lengths.subarray(from) }
    const mined = miner.mine(block, rows)
    const minedTime = performance.now()
    ms.mine += minedTime - time
    const columns = interner.intern(mined, data)
    ms.intern += performance.now() - minedTime
    mined.templates.forEach(({ slots }, template) => {
      for (let slot = 0; slot < slots.length; slot++) {
        sealColumn(columns.slot(template, slot), round)
        if (sink.length >= FRAME_BYTES) endFrame(round)
      }
    })
    endFrame(round)
  }
  // Asking for CPU time costs more than a small column: clock time is asked for, and waiting taken out of the sum.
  const { user, system } = process.cpuUsage(startCpu)
  const share = (user + system) / 1000 / (performance.now() - startTime)
  for (const stage of STAGES) ms[stage] *= Math.min(1, share)
  return round
}

function sealColumn(values: Parameters<typeof encodeColumn>[0], { ms, columns }: Round): void {
  const time = performance.now()
  const facts = workspace.facts(values)
  const factsTime = performance.now()
  const { encoding, plan } = chooseEncoding(values, facts)
  const planTime = performance.now()
  const from = sink.length
  plan.write(sink)
  const writeTime = performance.now()
  ms.facts += factsTime - time
  ms.choose += planTime - factsTime
  ms.write += writeTime - planTime
  columns.push({ code: encoding.code, bytes: sink.written(from).slice(), rowCount: values.rowCount })
}

function endFrame(round: Round): void {
  if (sink.length === 0) return
  const time = performance.now()
  round.stored += compressed(sink.written())
  round.ms.zstd += performance.now() - time
  sink.clear()
}

/** What each encoding takes, compressed in frames of its own, and how fast it comes back. */
function printKinds(columns: readonly StoredColumn[], records: number): void {
  console.log(
    `  ${'encoding'.padEnd(14)} columns      rows     B raw  after zstd (B a record)  decode MB/s of values`,
  )
  for (const { code, name } of ENCODINGS) {
    const own = columns.filter((column) => column.code === code)
    if (own.length > 0) printKind(name, own, records)
  }
  printKind('under 8 rows', columns.filter(({ rowCount: rows }) => rows < 8), records) // biome-ignore format: a row
  printKind('under 64 rows', columns.filter(({ rowCount: rows }) => rows < 64), records) // biome-ignore format: a row
  printKind('all', columns, records)
}

function printKind(name: string, columns: readonly StoredColumn[], records: number): void {
  const rows = columns.reduce((sum, column) => sum + column.rowCount, 0)
  const raw = columns.reduce((sum, { bytes }) => sum + bytes.length, 0)
  let stored = 0
  sink.clear()
  for (const { bytes } of columns) {
    sink.append(bytes)
    if (sink.length < FRAME_BYTES) continue
    stored += compressed(sink.written())
    sink.clear()
  }
  if (sink.length > 0) stored += compressed(sink.written())
  sink.clear()
  let valueBytes = 0
  const decodeAll = (): void => {
    valueBytes = 0
    for (const { code, bytes, rowCount: count } of columns) {
      const { lengths } = decodeColumn(code, bytes, count).materialize()
      for (let row = 0; row < count; row++) valueBytes += lengths[row]
    }
  }
  const decodeMs = Math.min(...[0, 0, 0].map(() => millisecondsOnce(decodeAll)))
  const figures = [columns.length, rows, (raw / records).toFixed(3), (stored / records).toFixed(3)]
  const [count, rowSum, rawFigure, storedFigure] = figures.map((figure) => String(figure).padStart(9))
  const speed = (valueBytes / 1000 / decodeMs).toFixed(0)
  console.log(
    `  ${name.padEnd(12)} ${count} ${rowSum} ${rawFigure} ${storedFigure} ${' '.repeat(16)}${speed.padStart(6)}`,
  )
}

function millisecondsOnce(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

if (options.jsonl === undefined) measureColumns()
else measureStages(options.jsonl)
