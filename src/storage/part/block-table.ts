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

/**
 * Where the strings of a block lie, in one piece of memory, so that a cache may keep it as bytes: of each string its
 * slot, frame, offset and bytes, in the order in which they lie; then their numbers by ascending slot.
 */
export class Directory {
  readonly #numbers: Float64Array
  readonly #count: number

  /** `numbers` are those of `written`. */
  private constructor(numbers: Float64Array) {
    this.#numbers = numbers
    this.#count = numbers.length / DIRECTORY_NUMBERS
  }

  /** What `kept` answered. */
  static of(kept: Uint8Array): Directory {
    return new Directory(new Float64Array(kept.buffer, kept.byteOffset, kept.byteLength / 8))
  }

  /** PART_CORRUPT when the strings do not fill the frames of the block exactly. */
  static decode(bytes: Uint8Array, block: BlockEntry, frames: readonly FrameEntry[]): Directory {
    const numbers = decodeStrings(new ByteSource(bytes), block, frames)
    const directory = new Directory(numbers)
    directory.#sort()
    return directory
  }

  get kept(): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.#numbers
    return new Uint8Array(buffer, byteOffset, byteLength)
  }

  /** In the order in which their strings lie. */
  get slots(): number[] {
    return Array.from({ length: this.#count }, (_, string) => this.#numbers[string * STRING_NUMBERS])
  }

  /** Null where the slot has no string. */
  spanOf(slot: number): FrameSpan | null {
    const numbers = this.#numbers
    const orderAt = this.#count * STRING_NUMBERS
    let low = 0
    let high = this.#count - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const at = numbers[orderAt + middle] * STRING_NUMBERS
      if (numbers[at] === slot)
        return { frame: numbers[at + 1], offset: numbers[at + 2], bytes: numbers[at + 3] }
      if (numbers[at] < slot) low = middle + 1
      else high = middle - 1
    }
    return null
  }

  #sort(): void {
    const numbers = this.#numbers
    const order = numbers.subarray(this.#count * STRING_NUMBERS)
    const slotOf = (string: number): number => numbers[string * STRING_NUMBERS]
    for (let string = 0; string < order.length; string++) order[string] = string
    order.sort((a, b) => slotOf(a) - slotOf(b))
    for (let at = 1; at < order.length; at++) {
      const slot = slotOf(order[at])
      if (slot === slotOf(order[at - 1])) throw partCorrupt(`slot ${slot} has no place`)
    }
  }
}

/** Of a string: slot, frame, offset, bytes. */
const STRING_NUMBERS = 4
const DIRECTORY_NUMBERS = STRING_NUMBERS + 1

/** With room for the order by slot. */
function decodeStrings(source: ByteSource, block: BlockEntry, frames: readonly FrameEntry[]): Float64Array {
  const counts: number[] = []
  let strings = 0
  for (let n = 0; n < block.frames; n++) {
    counts.push(source.varintUpTo(source.remaining, 'the number of strings of a frame'))
    strings += counts[n]
  }
  if (strings > source.remaining) throw partCorrupt('it ends too early')
  const numbers = new Float64Array(strings * DIRECTORY_NUMBERS)
  for (let string = 0; string < strings; string++)
    numbers[string * STRING_NUMBERS] = source.varintUpTo(SLOT_MAX, 'a slot')
  let at = 0
  /** Bytes of a long string that are still to come. */
  let rest = 0
  for (let n = 0; n < block.frames; n++) {
    const frame = block.firstFrame + n
    const end = frames[frame].bytes
    let offset = Math.min(rest, end)
    rest -= offset
    for (let left = counts[n]; left > 0; left--) {
      if (rest > 0) throw partCorrupt(`slot ${numbers[at]} has no place`)
      const bytes = source.varint()
      numbers[at + 1] = frame
      numbers[at + 2] = offset
      numbers[at + 3] = bytes
      at += STRING_NUMBERS
      rest = Math.max(0, bytes - (end - offset))
      offset += bytes - rest
    }
    if (offset !== end) throw partCorrupt(`frame ${frame} is not full of strings`)
  }
  if (rest > 0) throw partCorrupt(`the frames of the block lack ${rest} bytes`)
  source.expectEnd()
  return numbers
}
