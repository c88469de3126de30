/**
 * Reads the lines of a chunk with the kernel, for one decoder: brings them into its memory, and takes the records that
 * it makes into the batch.
 *
 * Invariant: what is in the kernel's memory belongs to this reader from `begin` until the decoder returns, and not
 * longer: other decoders use the same kernel.
 */
import type { BatchEncoder } from '../record/record.ts'
import type { NdjsonArena } from './ndjson-arena.ts'
import { type NdjsonKernel, STOPPED_AT_END, STOPPED_FULL } from './ndjson-kernel.ts'
import type { NdjsonLimits } from './ndjson-refusals.ts'

const NEWLINE = 0x0a
/** After so many lines in a row that the kernel did not take, it is not asked for some lines, and then for more. */
const MISSES_MAX = 16
const PAUSE_LINES_MAX = 256

export class NdjsonKernelReader {
  /** Records that `readLines` took last. */
  records = 0
  readonly #kernel: NdjsonKernel
  readonly #arena: NdjsonArena
  readonly #limits: NdjsonLimits
  #chunk: Buffer
  /** The bytes of the chunk that are in the kernel's memory. */
  #from = 0
  #end = 0
  #misses = 0
  /** Lines that the kernel will not be asked for. */
  #pause = 0
  #nextPause = 1

  constructor(kernel: NdjsonKernel, arena: NdjsonArena, limits: NdjsonLimits) {
    this.#kernel = kernel
    this.#arena = arena
    this.#limits = limits
    this.#chunk = Buffer.alloc(0)
  }

  /** The vocabulary was forgotten: lines are the twin's. */
  get isOver(): boolean {
    return !this.#arena.isClaimed
  }

  begin(chunk: Buffer, arrivalMs: number, arrivalNs: number): void {
    this.#chunk = chunk
    this.#from = 0
    this.#end = 0
    this.#kernel.begin(this.#limits, arrivalMs, arrivalNs)
  }

  /**
   * Puts lines from `start` on into the encoder: behind them. There a line begins that the kernel does not take, or
   * none that ends in this chunk. Asking for a line in vain costs a third of reading it, hence pauses.
   */
  readLines(start: number, encoder: BatchEncoder, batchBytesMax: number): number {
    const kernel = this.#kernel
    const arena = this.#arena
    const { inputStart, outputStart, outputBytes } = kernel
    let at = start
    this.records = 0
    if (this.#pause > 0) {
      this.#pause--
      return at
    }
    if (arena.first === 0) return at
    for (;;) {
      if ((at < this.#from || at >= this.#end) && !this.#load(at)) break
      const shift = inputStart - this.#from
      const room = Math.min(outputBytes, batchBytesMax - encoder.position)
      const stopped = kernel.readLines(at + shift, this.#end + shift, arena, room)
      at = kernel.at - shift
      if (kernel.records > 0) {
        putRecords(encoder, kernel.bytes, outputStart, kernel.outputEnd, kernel.records)
        this.records += kernel.records
      }
      const mayGoOn = stopped === STOPPED_AT_END || (stopped === STOPPED_FULL && kernel.records > 0)
      if (!mayGoOn) break
    }
    this.#weigh()
    return at
  }

  #weigh(): void {
    if (this.records > 0) {
      this.#misses = 0
      this.#nextPause = 1
    } else if (++this.#misses >= MISSES_MAX) {
      this.#pause = this.#nextPause
      this.#nextPause = Math.min(this.#nextPause * 2, PAUSE_LINES_MAX)
    }
  }

  /** Brings whole lines from `start` on into the kernel's memory; false when there is none, or it is too long. */
  #load(start: number): boolean {
    const { bytes, inputStart, inputBytes } = this.#kernel
    const most = Math.min(this.#chunk.length, start + inputBytes)
    if (start >= most) return false
    const end = this.#chunk.lastIndexOf(NEWLINE, most - 1) + 1
    if (end <= start) return false
    bytes.set(this.#chunk.subarray(start, end), inputStart)
    this.#from = start
    this.#end = end
    return true
  }
}

function putRecords(
  encoder: BatchEncoder,
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
): void {
  encoder.reserve(end - start)
  encoder.bytes.set(bytes.subarray(start, end), encoder.position)
  encoder.position += end - start
  encoder.count += count
}
