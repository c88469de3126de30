/**
 * Claim: sealing (batches to the blocks of a part: templates, columns, filters, compression) reaches 90 MB/s of JSONL a
 * core, and a part is a third of `zstd -3` of the JSONL.
 *
 *   npm run -s node -- bench/storage-codec.ts <file.jsonl> [--rows 65536] [--level 1] [--stream service,host] [--check]
 *
 * `--check` decodes every block again and compares all messages, fields and times.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { realDisk, systemRandom } from '../src/base/base.ts'
import { NdjsonDecoder, NdjsonWorkspace } from '../src/ingest/ingest.ts'
import { batchCount } from '../src/record/record.ts'
import type { BlockContent } from '../src/storage/block/block-content.ts'
import { BlockWriter } from '../src/storage/block/block-writer.ts'
import { BatchContent, ContentMemory } from '../src/storage/block/content-of-batches.ts'
import { PartWriter } from '../src/storage/block/part-writer.ts'
import { StoredPart } from '../src/storage/block/stored-part.ts'
import { FrameCache } from '../src/storage/part/frame-cache.ts'
import { measureZstd, printFigure, printMachine } from './machine.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string', default: '65536' },
    level: { type: 'string', default: '1' },
    stream: { type: 'string', default: 'service,host' },
    check: { type: 'boolean', default: false },
  },
})
const [path] = positionals
if (path === undefined) throw new Error('usage: node bench/storage-codec.ts <file.jsonl>')
const rowsMax = Number(values.rows)
const jsonl = readFileSync(path)
const partPath = `/tmp/logcaster-codec-${process.pid}.part`

/** Batches of the file, in pieces of so many rows, each in memory of its own. */
function* blocksOfBatches(): Generator<{ data: Uint8Array; batches: number[] }> {
  const decoder = new NdjsonDecoder(new NdjsonWorkspace(1 << 24), {
    recordBytesMax: 1 << 18,
    batchBytesMax: 1 << 20,
    streamFields: (values.stream ?? '').split(',').filter((name) => name !== ''),
  })
  let pieces: Uint8Array[] = []
  let rows = 0
  let id = 1
  const flush = (): { data: Uint8Array; batches: number[] } => {
    const data = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
    const batches: number[] = []
    let at = 0
    for (const piece of pieces) {
      data.set(piece, at)
      batches.push(at)
      at += piece.length
    }
    pieces = []
    rows = 0
    return { data, batches }
  }
  const chunk = 65536
  for (let at = 0; at <= jsonl.length; at += chunk) {
    decoder.push(jsonl.subarray(at, at + chunk), 1_750_000_000_000, 0)
    if (at + chunk >= jsonl.length) decoder.end(true, 1_750_000_000_000, 0)
    for (let batch = decoder.next(); batch !== null; batch = decoder.next()) {
      const bytes = batch.bytes.slice()
      const view = new DataView(bytes.buffer)
      view.setUint32(16, id, true)
      id += batchCount(view, 0)
      pieces.push(bytes)
      rows += batchCount(view, 0)
      if (rows >= rowsMax) yield flush()
    }
  }
  if (rows > 0) yield flush()
}

printMachine('Sealing alone, CPU time of one process')
const part = await PartWriter.create(realDisk, partPath, { level: Number(values.level) })
const writer = new BlockWriter(systemRandom)
const known = writer.newKnownTemplates()
let records = 0
let walkSeconds = 0
let writeSeconds = 0
const memory = new ContentMemory()
const kept: BlockContent[] = []
const seconds = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}
try {
  for (const { data, batches } of blocksOfBatches()) {
    const start = process.cpuUsage()
    const content = new BatchContent(data, values.check ? undefined : memory)
    const view = new DataView(data.buffer)
    for (const at of batches) content.addRecords(at, 0, batchCount(view, at))
    const block = content.build()
    walkSeconds += seconds(start)
    const from = process.cpuUsage()
    await part.addBlock(block, writer, known)
    writeSeconds += seconds(from)
    records += block.rowCount
    if (values.check) kept.push(block)
  }
  const totals = await part.finish()
  const zstd1 = measureZstd(jsonl)
  const zstd3 = zstdBytes(3)
  const mb = jsonl.length / 1e6
  printFigure('input', `${mb.toFixed(1)} MB, ${records} records, ${totals.blocks} blocks`)
  printFigure(
    'part',
    `${(totals.bytes / 1e6).toFixed(2)} MB, ${(totals.bytes / records).toFixed(2)} bytes a record`,
  )
  printFigure('over zstd -3', `${(totals.bytes / zstd3).toFixed(3)} (${(zstd3 / 1e6).toFixed(2)} MB)`)
  printFigure(
    'MB/s: walk, write, both',
    [walkSeconds, writeSeconds, walkSeconds + writeSeconds].map((s) => (mb / s).toFixed(0)).join(', '),
  )
  if (zstd1 !== null) printFigure('CPU over zstd -1', ((walkSeconds + writeSeconds) / zstd1).toFixed(2))
  printSlots()
  if (values.check) check()
} finally {
  rmSync(partPath, { force: true })
}

function zstdBytes(level: number): number {
  const run = spawnSync('zstd', [`-${level}`, '-c', '-q', path], { maxBuffer: 1 << 30 })
  return run.stdout.length
}

/** Where the unpacked bytes are. */
function printSlots(): void {
  const stored = StoredPart.open(realDisk, partPath, { cache: new FrameCache(1 << 26), level: 1 })
  const sums = new Map<string, number>()
  const add = (name: string, bytes: number): void => void sums.set(name, (sums.get(name) ?? 0) + bytes)
  for (let n = 0; n < stored.blockCount; n++) {
    const block = stored.file.openBlock(n)
    for (const slot of block.slots) {
      const bytes = block.bytesOf(slot) ?? 0
      if (slot < 16) add(['ids', 'times', 'received', 'levels', 'layouts', 'overflow', 'filter'][slot], bytes)
      else if (slot >= 0x10000) add('variables', bytes)
      else if (slot === 16) add('rows of messages', bytes)
      else add(`field ${stored.names[stored.facts(n).fields[((slot - 16) >> 1) - 1].name]}`, bytes)
    }
    add('facts', stored.file.facts(n).length)
    add('packed frames of blocks', stored.file.storedBytes(n))
  }
  for (const kind of stored.file.sectionKinds) add(`section ${kind}`, stored.file.sectionBytes(kind) ?? 0)
  for (const [name, bytes] of sums) printFigure(`  ${name}`, `${(bytes / records).toFixed(3)} bytes a record`)
  stored.close()
}

function check(): void {
  const stored = StoredPart.open(realDisk, partPath, { cache: new FrameCache(1 << 26), level: 1 })
  const start = process.cpuUsage()
  for (let n = 0; n < stored.blockCount; n++) {
    const block = stored.block(n)
    const content = kept[n]
    const { data, starts, lengths } = block.message
    for (let row = 0; row < block.rowCount; row++) {
      const one = Buffer.from(data.buffer, data.byteOffset + starts[row], lengths[row])
      const from = content.messages.starts[row]
      const other = Buffer.from(
        content.data.buffer,
        content.data.byteOffset + from,
        content.messages.lengths[row],
      )
      if (!one.equals(other)) throw new Error(`block ${n}, row ${row}: ${one} is not ${other}`)
      if (block.timesMs[row] !== content.timesMs[row] || block.ids[row] !== content.ids[row])
        throw new Error('times or ids')
      if (block.severities[row] !== content.severities[row] || block.flags[row] !== content.flags[row])
        throw new Error('levels')
    }
    for (const { name, rows, starts: froms, lengths: sizes } of content.fields) {
      const column = block.field(name)
      if (column === null) throw new Error(`no field ${name}`)
      for (let place = 0; place < froms.length; place++) {
        const row = rows === null ? place : rows[place]
        const one = Buffer.from(
          column.data.buffer,
          column.data.byteOffset + column.starts[row],
          column.lengths[row],
        )
        const other = Buffer.from(content.data.buffer, content.data.byteOffset + froms[place], sizes[place])
        if (!one.equals(other)) throw new Error(`field ${name} of row ${row}`)
      }
    }
  }
  printFigure('decoded and compared, MB/s', (jsonl.length / 1e6 / seconds(start)).toFixed(0))
  stored.close()
}
