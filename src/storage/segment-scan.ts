/**
 * Scans of what is not sealed: spans of segments in the order asked for, each from the buffer or from its file, as blocks
 * of columns. Memory is one span at a time. Frames read from disk are checked against their CRC; what is damaged is noted
 * in the snapshot and left out, never silently (rule R21).
 *
 * Not here: scans of parts (part-scan.ts), and of both as one (snapshot-scan.ts).
 */
import { type Disk, type DiskFile, messageOf, readFull } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import type { Chunk } from './buffer.ts'
import { blockOfFrames } from './frames-block.ts'
import { checkAborted, type Extent, isWanted, isWantedById, largestTime } from './scan-request.ts'
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

const oldestFirst = (a: Extent, b: Extent): number => a.timeMsMax - b.timeMsMax || a.firstId - b.firstId

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
        addToSpans(spans, entry, frame.header, frame.offset, null)
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
      const bytes = chunk.bytes.subarray(span.chunkOffset, span.chunkOffset + span.length)
      return blockOfFrames(bytes, span, request, null)
    }
    const bytes = await this.#read(span)
    if (bytes === null) return null
    return blockOfFrames(bytes, span, request, (fromId, toId) =>
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
