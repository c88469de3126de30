/**
 * Two structures that say where the byte strings of blocks lie (docs/formats/part.md). All numbers are varints: seven
 * bits a byte, lowest first, the high bit says that more follow.
 *
 *   the block table, one entry a block                  the directory of one block
 *     first frame of its strings, frames                  strings that begin in its first frame, in its second, …
 *     frame of its directory, offset in it, bytes         slots of all strings, in the order in which they lie
 *     bytes of its facts, the facts                       lengths of all strings, in the same order
 *
 * Strings lie end to end: the first of a frame at its beginning, each where the one before ends. One that is longer
 * than its frame goes on in those that follow. The strings of a block fill its frames exactly.
 */
import type { ByteSink } from '../columns/byte-sink.ts'
import { ByteSource, partCorrupt } from '../columns/byte-source.ts'
import type { FrameEntry } from './part-file.ts'

export const SLOT_MAX = 0xffff_ffff

/** A piece of the bytes of frames that follow each other. */
export interface FrameSpan {
  readonly frame: number
  readonly offset: number
  readonly bytes: number
}

export interface BlockEntry {
  readonly firstFrame: number
  readonly frames: number
  readonly directory: FrameSpan
  readonly facts: Uint8Array
}

export function encodeBlockEntry(sink: ByteSink, entry: BlockEntry): void {
  sink.varint(entry.firstFrame)
  sink.varint(entry.frames)
  sink.varint(entry.directory.frame)
  sink.varint(entry.directory.offset)
  sink.varint(entry.directory.bytes)
  sink.varint(entry.facts.length)
  sink.append(entry.facts)
}

/** PART_CORRUPT. The facts are views of `bytes`; where a directory lies is checked when it is read. */
export function decodeBlockTable(
  bytes: Uint8Array,
  blocks: number,
  frames: readonly FrameEntry[],
): BlockEntry[] {
  const source = new ByteSource(bytes)
  const entries: BlockEntry[] = []
  // An entry has six bytes at least, so that a wrong count ends with the bytes.
  for (let n = 0; n < blocks; n++) {
    const firstFrame = source.varintUpTo(frames.length, 'the first frame of a block')
    const frameCount = source.varintUpTo(frames.length - firstFrame, 'the number of frames of a block')
    const directory = { frame: source.varint(), offset: source.varint(), bytes: source.varint() }
    const facts = source.take(source.varint())
    entries.push({ firstFrame, frames: frameCount, directory, facts })
  }
  source.expectEnd()
  return entries
}

/** The strings that begin in one frame. */
export interface FrameStrings {
  readonly slots: readonly number[]
  readonly lengths: readonly number[]
}

export function encodeDirectory(sink: ByteSink, frames: readonly FrameStrings[]): void {
  for (const { slots } of frames) sink.varint(slots.length)
  for (const { slots } of frames) for (const slot of slots) sink.varint(slot)
  for (const { lengths } of frames) for (const length of lengths) sink.varint(length)
}

/** By slot: where its string lies. PART_CORRUPT when the strings do not fill the frames of the block exactly. */
export function decodeDirectory(
  bytes: Uint8Array,
  block: BlockEntry,
  frames: readonly FrameEntry[],
): Map<number, FrameSpan> {
  const source = new ByteSource(bytes)
  const counts: number[] = []
  let strings = 0
  for (let n = 0; n < block.frames; n++) {
    counts.push(source.varintUpTo(source.remaining, 'the number of strings of a frame'))
    strings += counts[n]
  }
  const slots: number[] = []
  while (slots.length < strings) slots.push(source.varintUpTo(SLOT_MAX, 'a slot'))
  const spans = new Map<number, FrameSpan>()
  let next = 0
  /** Bytes of a long string that are still to come. */
  let rest = 0
  for (let n = 0; n < block.frames; n++) {
    const frame = block.firstFrame + n
    const end = frames[frame].bytes
    let offset = Math.min(rest, end)
    rest -= offset
    for (let left = counts[n]; left > 0; left--) {
      if (rest > 0 || spans.has(slots[next])) throw partCorrupt(`slot ${slots[next]} has no place`)
      const bytes = source.varint()
      spans.set(slots[next++], { frame, offset, bytes })
      rest = Math.max(0, bytes - (end - offset))
      offset += bytes - rest
    }
    if (offset !== end) throw partCorrupt(`frame ${frame} is not full of strings`)
  }
  if (rest > 0) throw partCorrupt(`the frames of the block lack ${rest} bytes`)
  source.expectEnd()
  return spans
}
