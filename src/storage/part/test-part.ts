/** Part files on simulated disks, for tests: what goes in, what comes out, and what changed bytes lead to. */
import assert from 'node:assert/strict'
import { type Disk, isCodedError, SimulatedDisk } from '../../base/base.ts'
import { FrameCache } from './frame-cache.ts'
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

export function openPart(disk: Disk, options: Partial<PartFileReaderOptions> = {}): Promise<PartFileReader> {
  return PartFileReader.open(disk, PATH, { cache: new FrameCache(1 << 24), ...options })
}

export async function readPart(disk: Disk): Promise<string[]> {
  const reader = await openPart(disk)
  try {
    return await contentsThrough(reader)
  } finally {
    await reader.close()
  }
}

/** Everything that a reader can be asked, as one text for each thing. */
export async function contentsThrough(reader: PartFileReader): Promise<string[]> {
  const found: string[] = []
  const say = (name: string, bytes: Uint8Array | null): void => {
    found.push(`${name}: ${bytes === null ? 'none' : Buffer.from(bytes).toString('base64')}`)
  }
  for (const kind of reader.sectionKinds) say(`section ${kind}`, await reader.section(kind))
  for (let n = 0; n < reader.blockCount; n++) {
    say(`facts ${n}`, reader.facts(n))
    const block = await reader.openBlock(n)
    for (const slot of block.slots.sort((a, b) => a - b)) say(`${n}.${slot}`, await block.read(slot))
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
export async function readDamaged(disk: Disk, expected: readonly string[], what: string): Promise<string> {
  try {
    assert.deepEqual(await readPart(disk), expected, `${what}: a wrong answer`)
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
