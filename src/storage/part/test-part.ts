/** Part files on simulated disks, for tests: what goes in, what comes out, and what changed bytes lead to. */
import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { type Disk, isCodedError, SimulatedDisk } from '../../base/base.ts'
import { FrameCache } from './frame-cache.ts'
import { PART_TRAILER_BYTES } from './part-file.ts'
import { PartFileReader, type PartFileReaderOptions } from './part-file-reader.ts'
import {
  type PartFileSummary,
  PartFileWriter,
  type PartFileWriterOptions,
  type StringKind,
} from './part-file-writer.ts'

export const PATH = '/part'

export interface TestString {
  readonly slot: number
  readonly bytes: Uint8Array
  readonly kind?: StringKind
  /** Ends the frame behind it. */
  readonly endsFrame?: boolean
}

export interface TestBlock {
  readonly facts: Uint8Array
  readonly strings: readonly TestString[]
}

export interface TestPart {
  readonly dictionary?: Uint8Array
  readonly blocks: readonly TestBlock[]
  readonly sections: ReadonlyMap<number, Uint8Array>
}

export async function writePart(
  disk: Disk,
  part: TestPart,
  options: PartFileWriterOptions = { level: 1 },
): Promise<PartFileSummary> {
  const writer = await PartFileWriter.create(disk, PATH, options)
  try {
    if (part.dictionary !== undefined) await writer.setDictionary(part.dictionary)
    for (const { facts, strings } of part.blocks) {
      for (const { slot, bytes, kind, endsFrame } of strings) {
        await writer.put(slot, bytes, kind)
        if (endsFrame) await writer.endFrame()
      }
      await writer.endBlock(facts)
    }
    for (const [kind, bytes] of part.sections) await writer.addSection(kind, bytes)
    const summary = await writer.finish()
    await writer.datasync()
    return summary
  } finally {
    await writer.close()
  }
}

/** The bytes of the file. */
export async function partBytes(part: TestPart, options?: PartFileWriterOptions): Promise<Uint8Array> {
  const disk = new SimulatedDisk()
  await writePart(disk, part, options)
  return disk.peek(PATH) ?? assert.fail('there is no file')
}

export async function diskWith(bytes: Uint8Array): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk()
  const file = await disk.open(PATH, 'create')
  await file.write(bytes, 0)
  await file.datasync()
  await file.close()
  return disk
}

export function openPart(disk: Disk, options: Partial<PartFileReaderOptions> = {}): PartFileReader {
  return PartFileReader.open(disk, PATH, { cache: new FrameCache(1 << 24), ...options })
}

export function readPart(disk: Disk): string[] {
  const reader = openPart(disk)
  try {
    return contentsThrough(reader)
  } finally {
    reader.close()
  }
}

/** Everything that a reader can be asked, as one text for each thing. */
export function contentsThrough(reader: PartFileReader): string[] {
  const found: string[] = []
  const say = (name: string, bytes: Uint8Array | null): void => {
    found.push(`${name}: ${bytes === null ? 'none' : Buffer.from(bytes).toString('base64')}`)
  }
  for (const kind of reader.sectionKinds) say(`section ${kind}`, reader.section(kind))
  for (let n = 0; n < reader.blockCount; n++) {
    say(`facts ${n}`, reader.facts(n))
    const block = reader.openBlock(n)
    for (const slot of block.slots.sort((a, b) => a - b)) say(`${n}.${slot}`, block.read(slot))
  }
  return found
}

/** What `readPart` gives for a part that was written. */
export function contentsOf({ blocks, sections }: TestPart): string[] {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
  const kinds = [...sections.keys()].sort((a, b) => a - b)
  return [
    ...kinds.map((kind) => `section ${kind}: ${text(sections.get(kind)!)}`),
    ...blocks.flatMap(({ facts, strings }, n) => [
      `facts ${n}: ${text(facts)}`,
      ...[...strings]
        .sort((a, b) => a.slot - b.slot)
        .map(({ slot, bytes }) => `${n}.${slot}: ${text(bytes)}`),
    ]),
  ]
}

/** Reads bytes that may be damaged: the same answer, or one of the two codes. Anything else fails the test. */
export function readDamaged(disk: Disk, expected: readonly string[], what: string): string {
  try {
    assert.deepEqual(readPart(disk), expected, `${what}: a wrong answer`)
    return 'equal'
  } catch (error) {
    if (isCodedError(error, 'PART_CORRUPT')) {
      assert.equal(error.details['file'], PATH)
      assert.equal(typeof error.details['offset'], 'number')
      return error.code
    }
    if (isCodedError(error, 'FORMAT_VERSION')) return error.code
    throw error
  }
}

/** Makes the checksums of footer and trailer right, where the footer is where the trailer of version 1 says. */
export function sealAgain(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const trailer = bytes.length - PART_TRAILER_BYTES
  const footer = view.getUint32(trailer, true)
  if (footer < trailer) view.setUint32(trailer + 12, crc32(bytes.subarray(footer, trailer)), true)
  view.setUint32(trailer + 20, crc32(bytes.subarray(trailer, trailer + 20)), true)
}

/** Makes the checksums of all frames right too. Footer and trailer are as they were written. */
export function sealFramesAgain(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const footer = view.getUint32(bytes.length - PART_TRAILER_BYTES, true)
  const entries = footer + 32 + 24 * view.getUint32(footer + 24, true)
  const frames = view.getUint32(footer + 20, true)
  for (let n = 0, at = 16; n < frames; n++) {
    const entry = entries + 16 * n
    const stored = view.getUint32(entry, true)
    view.setUint32(entry + 8, crc32(bytes.subarray(at, at + stored)), true)
    at += stored
  }
  sealAgain(bytes)
}
