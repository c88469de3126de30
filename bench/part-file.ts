/**
 * Claims: written at 200 MB/s and read at 500 MB/s with zstd -1, SHA-256 and CRC included; from the cache at memory speed.
 *
 *   npm run -s node -- bench/part-file.ts <file> [--level 1]
 *
 * The file (some real log) is cut into blocks of strings of 20 KB, written to a part in a temporary directory, read
 * whole, read again out of the cache, and copied block by block.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { realDisk } from '../src/base/base.ts'
import { FrameCache } from '../src/storage/part/frame-cache.ts'
import { PartFileReader } from '../src/storage/part/part-file-reader.ts'
import { PartFileWriter } from '../src/storage/part/part-file-writer.ts'
import { printFigure, printMachine } from './machine.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { level: { type: 'string', default: '1' } },
})
const [input] = positionals
if (input === undefined) throw new Error('usage: node bench/part-file.ts <file> [--level 1]')
const bytes = readFileSync(input)
const STRING_BYTES = 20_000
const BLOCK_BYTES = 2_000_000

async function write(path: string): Promise<number> {
  const writer = await PartFileWriter.create(realDisk, path, { level: Number(values.level) })
  for (let block = 0; block < bytes.length; block += BLOCK_BYTES) {
    const end = Math.min(bytes.length, block + BLOCK_BYTES)
    for (let at = block; at < end; at += STRING_BYTES) {
      await writer.put((at - block) / STRING_BYTES, bytes.subarray(at, Math.min(end, at + STRING_BYTES)))
    }
    await writer.endBlock(new Uint8Array(32))
  }
  const summary = await writer.finish()
  await writer.datasync()
  await writer.close()
  return summary.bytes
}

async function copy(reader: PartFileReader, path: string, repackLevel: number | null): Promise<void> {
  const writer = await PartFileWriter.create(realDisk, path, { level: Number(values.level) })
  for (let n = 0; n < reader.blockCount; n++) {
    await writer.copyBlock(reader, n, reader.facts(n), { repackLevel })
  }
  await writer.finish()
  await writer.datasync()
  await writer.close()
}

function read(reader: PartFileReader, prefetches: boolean): void {
  for (let n = 0; n < reader.blockCount; n++) {
    if (prefetches) reader.prefetch(n)
    const block = reader.openBlock(n)
    for (const slot of block.slots) block.read(slot)
  }
}

async function measure(name: string, run: () => unknown): Promise<void> {
  const before = process.cpuUsage()
  const start = performance.now()
  await run()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(before)
  const perSecond = (time: number): string => (bytes.length / 1e6 / time).toFixed(0)
  printFigure(name, `${perSecond(seconds)} MB/s, ${perSecond((user + system) / 1e6)} MB a second of CPU`)
}

printMachine(`Part file, ${(bytes.length / 1e6).toFixed(1)} MB, zstd level ${values.level}`)
const directory = await mkdtemp(join(tmpdir(), 'logcaster-part-'))
try {
  await write(join(directory, 'warm'))
  const path = join(directory, 'part')
  let partBytes = 0
  await measure('write, SHA-256 and sync', async () => {
    partBytes = await write(path)
  })
  printFigure('bytes in the file', `${(partBytes / 1e6).toFixed(1)} MB`)
  const open = (): PartFileReader =>
    PartFileReader.open(realDisk, path, { cache: new FrameCache(2 * bytes.length) })
  const reader = open()
  await measure('read all strings', () => read(reader, false))
  await measure('read them again, from the cache', () => read(reader, false))
  await measure('verify', () => reader.verify())
  const other = open()
  await measure('read all strings, one disk read a block', () => read(other, true))
  other.close()
  const copied = (repackLevel: number | null) => () =>
    copy(reader, join(directory, `${repackLevel}`), repackLevel)
  await measure('copy all blocks as they are, SHA-256 and sync', copied(null))
  await measure('copy all blocks, packed again at level 3', copied(3))
  reader.close()
} finally {
  await rm(directory, { recursive: true })
}
