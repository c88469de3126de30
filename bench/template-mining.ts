/**
 * Claim: mining templates and interning their variables takes 350 MB of JSONL a second of one processor (250 MB of access
 * logs), so that sealing is not held back by it; and messages pack to 0.37 of what `zstd -3` makes of the whole JSONL, a
 * block of 5,000 lines of an access log to 0.49.
 *
 *   npm run -s node -- bench/template-mining.ts <file>... [--rounds 5] [--block 20000] [--alone] [--twin] [--columns 0]
 *
 * A file has a message a line, or JSONL whose messages are `_msg`; it is best made with `amplify.mjs` of real logs.
 * Speed is that of the file's bytes, all its columns included. The blocks are one part, whose templates are known from
 * block to block; with `--alone` each is a part. With `--twin` it is done without the kernel of docs/adr/0006-kernels.md. Sizes are those of the message: columns of slots, numbers of templates,
 * texts of templates and plain rows, in frames of 256 KiB, after zstd at level 1 and 9. With `--columns n` the n largest
 * columns of the first block follow, each packed alone.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { constants as zlib, zstdCompressSync } from 'node:zlib'
import { instantiateKernel, refuseKernel, systemRandom } from '../src/base/base.ts'
import { ByteSink } from '../src/storage/columns/byte-sink.ts'
import { FactsWorkspace } from '../src/storage/columns/column-facts.ts'
import type { ColumnValues } from '../src/storage/columns/column-values.ts'
import { encodeColumn } from '../src/storage/columns/encodings.ts'
import { planSequence } from '../src/storage/columns/number-sequence.ts'
import { Scratch } from '../src/storage/columns/scratch.ts'
import { packFrame } from '../src/storage/part/frame-packing.ts'
import { KnownTemplates } from '../src/storage/template/known-templates.ts'
import { SpanInterner } from '../src/storage/template/span-interner.ts'
import { PLAIN, render } from '../src/storage/template/template.ts'
import { type MinedBlock, type MinedColumn, TemplateMiner } from '../src/storage/template/template-miner.ts'
import { TextKernel } from '../src/storage/template/text-kernel.ts'
import type { TextColumn } from '../src/storage/template/text-reader.ts'
import { type TemplateColumns, ValueInterner } from '../src/storage/template/value-interner.ts'
import { measureZstd, printFigure, printMachine } from './machine.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    block: { type: 'string', default: '20000' },
    columns: { type: 'string', default: '0' },
    alone: { type: 'boolean', default: false },
    twin: { type: 'boolean', default: false },
  },
})
if (positionals.length === 0) throw new Error('usage: bench/template-mining.ts <file>...')
const blockRows = Number(values.block)
const FRAME_BYTES = 256 * 1024
const instantiate = values.twin ? refuseKernel : instantiateKernel
const kernel = new TextKernel(systemRandom, { instantiate })
const miner = new TemplateMiner(systemRandom, kernel)
const known = new KnownTemplates(systemRandom)
const interner = new ValueInterner(systemRandom, kernel)
const spanInterner = new SpanInterner(systemRandom, kernel)
const workspace = new FactsWorkspace()

interface Block extends TextColumn {
  readonly rowCount: number
}

interface Input {
  readonly fileBytes: Uint8Array
  readonly messageBytes: number
  readonly rowCount: number
  readonly blocks: readonly Block[]
}

interface Work {
  mineSeconds: number
  internSeconds: number
  plainRows: number
  templates: number
  variables: number
  values: number
}

/** What one kind of a block's bytes packs to. */
interface Packed {
  raw: number
  level1: number
  level9: number
}

function inputOf(path: string): Input {
  const fileBytes = readFileSync(path)
  const messages: Buffer[] = []
  for (let at = 0; at < fileBytes.length; ) {
    const newline = fileBytes.indexOf(10, at)
    const end = newline < 0 ? fileBytes.length : newline
    const line = fileBytes.subarray(at, end)
    messages.push(path.endsWith('l') ? Buffer.from(JSON.parse(line.toString())._msg) : line)
    at = end + 1
  }
  const blocks: Block[] = []
  for (let from = 0; from < messages.length; from += blockRows)
    blocks.push(blockOf(messages.slice(from, from + blockRows)))
  const messageBytes = blocks.reduce((sum, { data }) => sum + data.length, 0)
  return { fileBytes, messageBytes, rowCount: messages.length, blocks }
}

function blockOf(messages: readonly Uint8Array[]): Block {
  const lengths = Uint32Array.from(messages, ({ length }) => length)
  const starts = new Uint32Array(lengths.length)
  for (let row = 1; row < starts.length; row++) starts[row] = starts[row - 1] + lengths[row - 1]
  return { data: new Uint8Array(Buffer.concat(messages)), starts, lengths, rowCount: messages.length }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function mine(block: Block): MinedBlock {
  if (values.alone) known.forget()
  kernel.begin(block.data, block.rowCount)
  return miner.mine(block, block.rowCount, known)
}

function round(blocks: readonly Block[]): Work {
  const work = { mineSeconds: 0, internSeconds: 0, plainRows: 0, templates: 0, variables: 0, values: 0 }
  known.forget()
  for (const block of blocks) {
    const before = cpuSeconds()
    const mined = mine(block)
    const between = cpuSeconds()
    const { table } = interner.intern(mined, block.data)
    work.mineSeconds += between - before
    work.internSeconds += cpuSeconds() - between
    for (const template of mined.rowTemplates) if (template === PLAIN) work.plainRows++
    work.templates += mined.templates.length
    work.variables += mined.variableStarts.length
    work.values += table.count
  }
  return work
}

/** Encodes columns into frames and adds up what they pack to. */
class Frames {
  readonly packed: Packed = { raw: 0, level1: 0, level9: 0 }
  readonly sink = new ByteSink(FRAME_BYTES * 2)

  column(column: ColumnValues): string {
    if (column.rowCount === 0) return ''
    const { name } = encodeColumn(column, workspace.facts(column), this.sink)
    if (this.sink.length >= FRAME_BYTES) this.close()
    return name
  }

  close(): Packed {
    const bytes = this.sink.written()
    this.packed.raw += bytes.length
    this.packed.level1 += packFrame(bytes, 1, null).stored.length
    this.packed.level9 += packFrame(bytes, 9, null).stored.length
    this.sink.clear()
    return this.packed
  }
}

type Sizes = Readonly<Record<string, Packed>>

function sizesOf(block: Block, isLast: boolean): Sizes {
  const mined = mine(block)
  const columns = interner.intern(mined, block.data)
  const slots = new Frames()
  for (const [template, { slots: offsets }] of mined.templates.entries())
    for (let slot = 0; slot < offsets.length; slot++) slots.column(columns.slot(template, slot))
  const numbers = new Frames()
  const rowNumbers = Float64Array.from(mined.rowTemplates, (number) => (number === PLAIN ? 0 : number + 1))
  planSequence(rowNumbers, new Scratch()).write(numbers.sink)
  const texts = new Frames()
  if (isLast || values.alone) known.dictionary.encode(texts.sink)
  const plain = new Frames()
  const isPlain = (_: number, row: number) => mined.rowTemplates[row] === PLAIN
  plain.column(
    spanInterner.internSpans(block.data, block.starts.filter(isPlain), block.lengths.filter(isPlain)),
  )
  return { slots: slots.close(), numbers: numbers.close(), texts: texts.close(), plain: plain.close() }
}

/** The largest columns of a block, as text. */
function columnLines({ templates }: MinedColumn, columns: TemplateColumns, count: number): string[] {
  const lines: { readonly bytes: number; readonly text: string }[] = []
  for (const [template, { slots }] of templates.entries()) {
    const shape = render(
      templates[template],
      Array.from(slots, (_, slot) => Buffer.from(`<${slot}>`)),
    )
    for (let slot = 0; slot < slots.length; slot++) {
      const column = columns.slot(template, slot)
      const frames = new Frames()
      const encoding = frames.column(column)
      const { raw, level1, level9 } = frames.close()
      const { distinct } = workspace.facts(column)
      const examples = Array.from(distinct.subarray(0, 3), (entry) => textOf(column, entry)).join(' | ')
      lines.push({
        bytes: level9,
        text:
          `${String(level9).padStart(7)} ${String(level1).padStart(7)} ${String(raw).padStart(7)} ` +
          `${encoding.padEnd(11)} rows ${column.rowCount}, distinct ${distinct.length}, ` +
          `<${slot}> of ${Buffer.from(shape).toString('latin1').slice(0, 60)}: ${examples.slice(0, 80)}`,
      })
    }
  }
  return lines
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, count)
    .map(({ text }) => text)
}

function textOf({ table }: ColumnValues, entry: number): string {
  return Buffer.from(table.bytes.subarray(table.starts[entry], table.ends[entry])).toString('latin1')
}

function measureFile(path: string): void {
  const { fileBytes, messageBytes, rowCount, blocks } = inputOf(path)
  const works = Array.from({ length: Number(values.rounds) + 1 }, () => round(blocks)).slice(1)
  const work = works.sort((a, b) => secondsOf(a) - secondsOf(b))[works.length >> 1]
  const megabytes = fileBytes.length / 1e6
  const seconds = secondsOf(work)
  const zstdSeconds = measureZstd(fileBytes)
  const perSecond = (spent: number) => (megabytes / spent).toFixed(0)
  printFigure(
    `${basename(path)}, ${megabytes.toFixed(1)} MB, messages ${(messageBytes / 1e6).toFixed(1)} MB`,
    [
      `mine ${perSecond(work.mineSeconds)} MB/s, intern ${perSecond(work.internSeconds)}, both ${perSecond(seconds)}`,
      zstdSeconds === null
        ? ''
        : `zstd -1 ${perSecond(zstdSeconds)} (x ${(seconds / zstdSeconds).toFixed(2)})`,
      `plain ${((work.plainRows / rowCount) * 100).toFixed(1)}%`,
      `templates a block ${(work.templates / blocks.length).toFixed(0)}`,
      `variables ${(work.variables / rowCount).toFixed(1)} and values ${(work.values / rowCount).toFixed(2)} a row`,
    ].join(', '),
  )
  printSizes(blocks, zstdBytes(fileBytes), rowCount)
  const mined = mine(blocks[0])
  const columns = interner.intern(mined, blocks[0].data)
  for (const line of columnLines(mined, columns, Number(values.columns))) console.log(`    ${line}`)
}

function printSizes(blocks: readonly Block[], yardstick: number, rowCount: number): void {
  const sums: Record<string, Packed> = {}
  const all: Packed = { raw: 0, level1: 0, level9: 0 }
  known.forget()
  for (const [place, block] of blocks.entries()) {
    for (const [kind, packed] of Object.entries(sizesOf(block, place === blocks.length - 1))) {
      sums[kind] ??= { raw: 0, level1: 0, level9: 0 }
      for (const sum of [sums[kind], all]) {
        sum.raw += packed.raw
        sum.level1 += packed.level1
        sum.level9 += packed.level9
      }
    }
  }
  for (const [kind, { raw, level1, level9 }] of Object.entries({ ...sums, all })) {
    const share = (bytes: number) =>
      `${bytes} = ${(bytes / yardstick).toFixed(3)}, ${(bytes / rowCount).toFixed(2)} B/row`
    printFigure(
      `  ${kind}: bytes, of zstd -3 of the file`,
      `${share(level1)}; level 9 ${share(level9)}; encoded ${raw}`,
    )
  }
}

const zstdBytes = (bytes: Uint8Array): number =>
  zstdCompressSync(bytes, { params: { [zlib.ZSTD_c_compressionLevel]: 3 } }).length

function secondsOf({ mineSeconds, internSeconds }: Work): number {
  return mineSeconds + internSeconds
}

printMachine(`Templates of messages, CPU time of one process, ${blockRows} rows a block`)
for (const path of positionals) measureFile(path)
