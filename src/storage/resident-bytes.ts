/**
 * What the buffer holds of a segment, for a thread that does not own the buffer: bytes that were never on a disk need no
 * check, and are at hand.
 *
 * The owner may use the memory again at any moment. It raises the epoch of a chunk before it does; so whoever copied bytes
 * and finds the epoch that it was told of has the bytes that it was told of.
 */
import { residentChunk, type Span } from './segment-entry.ts'

/** Can be sent to another thread. */
export interface ResidentSpan {
  /** In the segment. */
  readonly offset: number
  readonly length: number
  readonly memory: SharedArrayBuffer
  /** In `memory`. */
  readonly memoryOffset: number
  /** One Int32. */
  readonly sharedEpoch: Int32Array
  readonly epoch: number
}

/** Those that the buffer holds, in the order they are given. */
export function residentSpans(spans: readonly Span[]): ResidentSpan[] {
  return spans.flatMap((span) => {
    const chunk = residentChunk(span)
    if (chunk === null) return []
    const { offset, length, chunkOffset: memoryOffset, chunkEpoch: epoch } = span
    const { memory, sharedEpoch } = chunk
    return [{ offset, length, memory, memoryOffset, sharedEpoch, epoch }]
  })
}

export class ResidentBytes {
  readonly #spans: ResidentSpan[]
  /** A walk goes forward: the span that was asked for last. */
  #at = 0

  /** Spans in ascending order, which do not overlap. */
  constructor(spans: readonly ResidentSpan[]) {
    this.#spans = [...spans]
  }

  /** Bytes of the segment from `offset` on that are held in one stretch, when this was made. */
  sizeAt(offset: number): number {
    const span = this.#spanAt(offset)
    return span === undefined ? 0 : span.offset + span.length - offset
  }

  /** Fills `target` from `offset` on; false where the memory holds something else by now: then `target` is rubbish. */
  copyAt(offset: number, target: Uint8Array): boolean {
    const span = this.#spanAt(offset)
    if (span === undefined || offset + target.length > span.offset + span.length) return false
    const from = span.memoryOffset + offset - span.offset
    // As Chunk.put: `set` would take its time.
    Buffer.from(span.memory, from, target.length).copy(target)
    // An exchange, unlike a load, is never done before the reads that stand in front of it.
    const isHeld = Atomics.compareExchange(span.sharedEpoch, 0, span.epoch, span.epoch) === span.epoch
    if (!isHeld) this.#spans.splice(this.#at, 1)
    return isHeld
  }

  /** Bytes from `offset` on, of which none is held. */
  gapAt(offset: number): number {
    if (this.#spanAt(offset) !== undefined) return 0
    const next = this.#spans.at(this.#at)
    return next === undefined ? Number.POSITIVE_INFINITY : next.offset - offset
  }

  #spanAt(offset: number): ResidentSpan | undefined {
    const isBehind = ({ offset: from, length }: ResidentSpan): boolean => offset >= from + length
    if (this.#at > 0 && !isBehind(this.#spans[this.#at - 1])) this.#at = 0
    while (this.#at < this.#spans.length && isBehind(this.#spans[this.#at])) this.#at++
    const span = this.#spans.at(this.#at)
    return span !== undefined && offset >= span.offset ? span : undefined
  }
}
