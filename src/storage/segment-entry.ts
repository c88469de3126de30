/**
 * What is known of a segment in memory, and of its spans: runs of whole frames, about a mebibyte each, that are read
 * and skipped together. A 10 GB directory has some 10,000 spans; nothing here grows with the number of records.
 */
import type { Chunk } from './buffer.ts'
import type { FrameHeader, Salt } from './frame.ts'
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES } from './frame.ts'
import type { SegmentSummary } from './manifest.ts'

const SPAN_BYTES_MAX = 1024 * 1024

/** Whole frames that lie end to end in a segment. Values change only while it is the last span of the active segment. */
export interface Span {
  readonly segment: SegmentEntry
  readonly offset: number
  length: number
  readonly firstId: number
  /** The id after the last one. */
  endId: number
  records: number
  timeMsMin: number
  timeMsMax: number
  /** The same bytes in buffer memory, at `chunkOffset`; null when they are on disk only. */
  chunk: Chunk | null
  readonly chunkOffset: number
  /** The chunk's epoch when the bytes were put there; with another one the memory holds something else. */
  readonly chunkEpoch: number
}

/** The chunk that still holds the span's bytes, or null: then they are read from disk. */
export function residentChunk(span: Span): Chunk | null {
  return span.chunk?.epoch === span.chunkEpoch ? span.chunk : null
}

/** Both inclusive. */
export interface DamagedIds {
  readonly fromId: number
  readonly toId: number
  readonly what: string
}

export class SegmentEntry {
  /** Changes when the segment is re-homed. */
  number: number
  salt: Salt
  readonly firstId: number
  endId: number
  /** Bytes that count. */
  bytes = SEGMENT_HEADER_BYTES
  records = 0
  keys = 0
  timeMsMin = Number.POSITIVE_INFINITY
  timeMsMax = Number.NEGATIVE_INFINITY
  receivedMsMax = 0
  /** Null until somebody needed them: a start does not read closed segments. */
  spans: Span[] | null = null
  /** Ids between its frames that are known to be unreadable: every scan that wants them must say so. */
  readonly damage: DamagedIds[] = []
  /** By the monotonic clock: when this process first knew it. */
  openedMs = 0

  constructor(number: number, salt: Salt, firstId: number) {
    this.number = number
    this.salt = salt
    this.firstId = firstId
    this.endId = firstId
  }

  static ofSummary(number: number, salt: Salt, summary: SegmentSummary): SegmentEntry {
    const entry = new SegmentEntry(number, salt, summary.firstId)
    entry.endId = summary.endId
    entry.bytes = summary.bytes
    entry.records = summary.records
    entry.keys = summary.keys
    entry.timeMsMin = summary.timeMsMin
    entry.timeMsMax = summary.timeMsMax
    entry.receivedMsMax = summary.receivedMsMax
    return entry
  }

  summary(): SegmentSummary {
    const isEmpty = this.records === 0
    return {
      bytes: this.bytes,
      records: this.records,
      firstId: this.firstId,
      endId: this.endId,
      timeMsMin: isEmpty ? 0 : this.timeMsMin,
      timeMsMax: isEmpty ? 0 : this.timeMsMax,
      receivedMsMax: this.receivedMsMax,
      keys: this.keys,
    }
  }

  /** A frame that is durable at `offset`. Returns the span that took it. */
  addFrame(header: FrameFacts, offset: number, inBuffer: BufferPlace | null = null): Span {
    const length = FRAME_HEADER_BYTES + header.payloadLength
    const endId = header.firstId + header.records
    this.bytes = offset + length
    this.endId = endId
    this.records += header.records
    this.keys += header.keys
    this.timeMsMin = Math.min(this.timeMsMin, header.timeMsMin)
    this.timeMsMax = Math.max(this.timeMsMax, header.timeMsMax)
    this.receivedMsMax = Math.max(this.receivedMsMax, header.receivedMsMax)
    this.spans ??= []
    return addToSpans(this.spans, this, header, offset, inBuffer)
  }
}

export type FrameFacts = Pick<
  FrameHeader,
  'payloadLength' | 'records' | 'firstId' | 'keys' | 'timeMsMin' | 'timeMsMax' | 'receivedMsMax'
>

/** Where the buffer has the bytes of a frame too. */
export interface BufferPlace {
  readonly chunk: Chunk
  readonly offset: number
}

/** Lengthens the last span by a frame, or starts a new one where it does not join on, on disk and in memory alike. */
export function addToSpans(
  spans: Span[],
  segment: SegmentEntry,
  header: FrameFacts,
  offset: number,
  inBuffer: BufferPlace | null,
): Span {
  const chunk = inBuffer?.chunk ?? null
  const chunkOffset = inBuffer?.offset ?? 0
  const length = FRAME_HEADER_BYTES + header.payloadLength
  const last = spans.at(-1)
  if (
    last !== undefined &&
    last.offset + last.length === offset &&
    last.chunk === chunk &&
    (chunk === null || last.chunkOffset + last.length === chunkOffset) &&
    last.length + length <= SPAN_BYTES_MAX
  ) {
    last.length += length
    last.endId = header.firstId + header.records
    last.records += header.records
    last.timeMsMin = Math.min(last.timeMsMin, header.timeMsMin)
    last.timeMsMax = Math.max(last.timeMsMax, header.timeMsMax)
    return last
  }
  const span: Span = {
    segment,
    offset,
    length,
    firstId: header.firstId,
    endId: header.firstId + header.records,
    records: header.records,
    timeMsMin: header.timeMsMin,
    timeMsMax: header.timeMsMax,
    chunk,
    chunkOffset,
    chunkEpoch: chunk?.epoch ?? 0,
  }
  spans.push(span)
  return span
}
