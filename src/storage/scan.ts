/**
 * Scans of a snapshot: spans in the order asked for, each from the buffer or from its file, as blocks of columns.
 * Memory is one span at a time. Frames read from disk are checked against their CRC; what is damaged is noted in the
 * snapshot and left out, never silently (rule R21).
 */
import { CodedError, type Disk, type DiskFile, messageOf, readFull } from '../base/base.ts'
import {
  type Block,
  BlockBuilder,
  batchCount,
  batchFirstId,
  batchLength,
  checkBatch,
  RECORD_HEADER_BYTES,
} from '../record/record.ts'
import type { Chunk } from './buffer.ts'
import { checkFrame, decodeFrameHeader, FRAME_HEADER_BYTES, type Salt } from './frame.ts'
import { addToSpans, residentChunk, type SegmentEntry, type Span } from './segment-entry.ts'
import { segmentName, walkSegment } from './segment-file.ts'
import type { LostRange, ScannedBlock, ScanRequest } from './store.ts'

/** A segment as a snapshot holds it: `spans` is null where nobody has read it yet. */
export interface HeldSegment {
  readonly entry: SegmentEntry
  readonly spans: readonly Span[] | null
  readonly firstId: number
  readonly endId: number
  readonly timeMsMin: number
  readonly timeMsMax: number
}

export interface ScanSource {
  readonly disk: Disk
  readonly directory: string
  readonly segments: readonly HeldSegment[]
  noteDamage(range: LostRange): void
}

export async function* scanSegments(
  source: ScanSource,
  request: ScanRequest,
): AsyncGenerator<ScannedBlock, void> {
  const reader = new SpanReader(source)
  try {
    if (request.order === 'newest') yield* scanNewest(source, reader, request)
    else yield* scanById(source, reader, request)
  } finally {
    await reader.close()
  }
}

async function* scanById(
  source: ScanSource,
  reader: SpanReader,
  request: ScanRequest,
): AsyncGenerator<ScannedBlock, void> {
  const segments = source.segments.filter((segment) => isWanted(segment, request))
  for (const [index, segment] of segments.entries()) {
    const spans = (await reader.spansOf(segment, request)).filter((span) => isWanted(span, request))
    const later = largestTime(segments.slice(index + 1))
    for (const [at, span] of spans.entries()) {
      checkAborted(request.signal)
      const block = await reader.block(span, request)
      if (block !== null) yield { block, restTimeMsMax: Math.max(later, largestTime(spans.slice(at + 1))) }
    }
  }
}

/** Largest time first: segments open up into their spans only when their turn comes. */
async function* scanNewest(
  source: ScanSource,
  reader: SpanReader,
  request: ScanRequest,
): AsyncGenerator<ScannedBlock, void> {
  const queue: (HeldSegment | Span)[] = source.segments.filter((segment) => isWanted(segment, request))
  queue.sort(oldestFirst)
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    checkAborted(request.signal)
    if ('spans' in next) {
      queue.push(...(await reader.spansOf(next, request)).filter((span) => isWanted(span, request)))
      queue.sort(oldestFirst)
      continue
    }
    const block = await reader.block(next, request)
    if (block !== null) yield { block, restTimeMsMax: queue.at(-1)?.timeMsMax ?? Number.NEGATIVE_INFINITY }
  }
}

interface Extent {
  readonly firstId: number
  readonly endId: number
  readonly timeMsMin: number
  readonly timeMsMax: number
}

const oldestFirst = (a: Extent, b: Extent): number => a.timeMsMax - b.timeMsMax || a.firstId - b.firstId

function largestTime(extents: readonly Extent[]): number {
  let largest = Number.NEGATIVE_INFINITY
  for (const extent of extents) largest = Math.max(largest, extent.timeMsMax)
  return largest
}

function isWanted(extent: Extent, request: ScanRequest): boolean {
  const { timeMsMin, timeMsMax } = request
  if (timeMsMin !== undefined && extent.timeMsMax < timeMsMin) return false
  if (timeMsMax !== undefined && extent.timeMsMin > timeMsMax) return false
  return isWantedById(extent.firstId, extent.endId, request)
}

function isWantedById(firstId: number, endId: number, { idMin, idMax, ids }: ScanRequest): boolean {
  if (idMin !== undefined && endId <= idMin) return false
  if (idMax !== undefined && firstId > idMax) return false
  return ids === undefined || hasIdWithin(ids, firstId, endId)
}

/** Whether the ascending `ids` hold one from `firstId` to below `endId`. */
function hasIdWithin(ids: Float64Array, firstId: number, endId: number): boolean {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ids[middle] < firstId) low = middle + 1
    else high = middle
  }
  return low < ids.length && ids[low] < endId
}

function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CodedError('QUERY_CANCELLED', 'The query was cancelled.')
}

/** Reads spans; keeps the file of the last segment open, because the next span is mostly in it too. */
class SpanReader {
  readonly #source: ScanSource
  #file: DiskFile | null = null
  #fileNumber = -1
  /** The chunk that the last block looks at. */
  #pinned: Chunk | null = null

  constructor(source: ScanSource) {
    this.#source = source
  }

  async close(): Promise<void> {
    this.#unpin()
    await this.#closeFile()
  }

  #unpin(): void {
    if (this.#pinned !== null) this.#pinned.pins--
    this.#pinned = null
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  /** The spans of a segment; those of a closed one are found by walking its frames once, and kept. */
  async spansOf(segment: HeldSegment, request: ScanRequest): Promise<readonly Span[]> {
    const { entry } = segment
    const spans = segment.spans ?? entry.spans ?? (await this.#walk(entry))
    for (const { fromId, toId, what } of entry.damage) {
      if (isWantedById(fromId, toId + 1, request)) this.#damage(fromId, toId, entry, what)
    }
    return spans
  }

  async #walk(entry: SegmentEntry): Promise<readonly Span[]> {
    const spans: Span[] = []
    try {
      const file = await this.#open(entry)
      const walk = await walkSegment(file, entry, entry.bytes, (frame) => {
        addToSpans(spans, entry, frame.header, frame.offset, null, 0)
      })
      if (entry.spans !== null) return entry.spans // Another scan was faster.
      for (const { fromId, endId } of [...walk.holes, { fromId: walk.endId, endId: entry.endId }]) {
        if (fromId < endId) entry.damage.push({ fromId, toId: endId - 1, what: 'bad bytes' })
      }
    } catch (error) {
      this.#damage(entry.firstId, entry.endId - 1, entry, messageOf(error))
      return []
    }
    entry.spans = spans
    return spans
  }

  /** The rows of a span that the request may want, as a block that holds until the next call; null when there are none. */
  async block(span: Span, request: ScanRequest): Promise<Block | null> {
    this.#unpin()
    const chunk = residentChunk(span)
    if (chunk !== null) {
      chunk.pins++
      this.#pinned = chunk
      return buildBlock(
        chunk.bytes.subarray(span.chunkOffset, span.chunkOffset + span.length),
        span,
        request,
        false,
        () => {},
      )
    }
    const bytes = await this.#read(span)
    if (bytes === null) return null
    return buildBlock(bytes, span, request, true, (fromId, toId) =>
      this.#damage(fromId, toId, span.segment, 'bad bytes'),
    )
  }

  /** The bytes of a span, fewer where its file ends; null when it cannot be read. */
  async #read(span: Span): Promise<Uint8Array | null> {
    const { segment } = span
    const { number } = segment
    try {
      const file = await this.#open(segment)
      const bytes = new Uint8Array(span.length)
      const count = await readFull(file, bytes, span.offset)
      if (segment.number === number) return bytes.subarray(0, count)
    } catch (error) {
      if (segment.number === number) {
        this.#damage(span.firstId, span.endId - 1, segment, messageOf(error))
        return null
      }
    }
    return this.#read(span) // It was re-homed meanwhile, so file and salt are others now.
  }

  async #open({ number }: SegmentEntry): Promise<DiskFile> {
    if (this.#file !== null && this.#fileNumber === number) return this.#file
    await this.#closeFile()
    this.#file = await this.#source.disk.open(`${this.#source.directory}/${segmentName(number)}`, 'read')
    this.#fileNumber = number
    return this.#file
  }

  #damage(fromId: number, toId: number, entry: SegmentEntry, what: string): void {
    this.#source.noteDamage({ fromId, toId, reason: `${segmentName(entry.number)}: ${what}` })
  }
}

/** The rows of the frames in `bytes` as one block. `isChecked`: verify CRCs (bytes that came from a disk). */
export function buildBlock(
  bytes: Uint8Array,
  extent: { readonly firstId: number; readonly endId: number; readonly segment: { readonly salt: Salt } },
  request: ScanRequest,
  isChecked: boolean,
  damaged: (fromId: number, toId: number) => void,
): Block | null {
  const builder = new BlockBuilder(bytes, Math.ceil(bytes.length / RECORD_HEADER_BYTES))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const idMin = request.idMin ?? 0
  const idMax = request.idMax ?? Number.POSITIVE_INFINITY
  let expectedId = extent.firstId
  let rows = 0
  let position = 0
  while (position < bytes.length) {
    const header = decodeFrameHeader(
      bytes.subarray(position, position + FRAME_HEADER_BYTES),
      extent.segment.salt,
    )
    const end = position + FRAME_HEADER_BYTES + (header?.payloadLength ?? 0)
    if (header === null || end > bytes.length || (isChecked && !checkFrame(bytes.subarray(position, end)))) {
      const next = findFrameIn(bytes, position + 1, extent.segment.salt, expectedId)
      damaged(expectedId, next === null ? extent.endId - 1 : next.firstId - 1)
      expectedId = next?.firstId ?? extent.endId
      position = next?.offset ?? bytes.length
      continue
    }
    const endId = header.firstId + header.records
    if (endId > idMin && header.firstId <= idMax) {
      const start = position + FRAME_HEADER_BYTES
      if (isChecked && !hasGoodBatches(view, start, end)) damaged(header.firstId, endId - 1)
      else rows += addBatches(builder, view, start, end, { idMin, idMax, ids: request.ids })
    }
    expectedId = endId
    position = end
  }
  // The file ends before the span does.
  if (isChecked && expectedId < extent.endId) damaged(expectedId, extent.endId - 1)
  return rows === 0 ? null : builder.build()
}

/** A frame with a good checksum holds what was written; that it was no batch would be our bug, and hides no other frame. */
function hasGoodBatches(view: DataView, start: number, end: number): boolean {
  for (let at = start; at < end; at += batchLength(view, at)) {
    if (checkBatch(view, at, end) !== null) return false
  }
  return true
}

function addBatches(
  builder: BlockBuilder,
  view: DataView,
  start: number,
  end: number,
  wanted: { readonly idMin: number; readonly idMax: number; readonly ids?: Float64Array },
): number {
  let rows = 0
  let at = start
  while (at < end) {
    const firstId = batchFirstId(view, at)
    const count = batchCount(view, at)
    const rowFrom = Math.max(0, wanted.idMin - firstId)
    const rowTo = Math.min(count, wanted.idMax - firstId + 1)
    const { ids } = wanted
    if (rowFrom < rowTo && (ids === undefined || hasIdWithin(ids, firstId + rowFrom, firstId + rowTo))) {
      builder.addBatch(at, rowFrom, rowTo)
      rows += rowTo - rowFrom
    }
    at += batchLength(view, at)
  }
  return rows
}

function findFrameIn(
  bytes: Uint8Array,
  from: number,
  salt: Salt,
  idMin: number,
): { offset: number; firstId: number } | null {
  for (let offset = from; offset + FRAME_HEADER_BYTES <= bytes.length; offset++) {
    if (bytes[offset] !== 0x4c) continue // 'L' of "LCFR"
    const header = decodeFrameHeader(bytes.subarray(offset, offset + FRAME_HEADER_BYTES), salt)
    const end = offset + FRAME_HEADER_BYTES + (header?.payloadLength ?? 0)
    if (header === null || header.firstId < idMin || end > bytes.length) continue
    if (checkFrame(bytes.subarray(offset, end))) {
      return { offset, firstId: header.firstId }
    }
  }
  return null
}
