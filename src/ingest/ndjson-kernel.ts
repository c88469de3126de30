/**
 * The NDJSON kernel (kernels/ndjson.ts) of one workspace: its memory, and the shapes of each vocabulary in it. The
 * kernel reads lines of known shapes straight to records; ndjson-shape-reader.ts is its twin.
 *
 * Invariants:
 *  - its memory has one size for ever, however many decoders and vocabularies there are.
 *  - a vocabulary that was forgotten has no arena any more, and its lines are read by the twin.
 *  - what it remembers of times and levels is a function of their bytes alone.
 *
 * Not for lines that have no known shape, and not for refusing: a line that it does not take is somebody else's.
 */
import { assert, type InstantiateKernel, type KernelInstance } from '../base/base.ts'
import { RECORD_ENCODED_BYTES_MAX, TIME_MS_MAX, TIME_MS_MIN } from '../record/record.ts'
import { INVALID, JsonScanner } from './json-scanner.ts'
import { NdjsonArena } from './ndjson-arena.ts'
import { NDJSON_KERNEL } from './ndjson-kernel-bytes.ts'
import { NdjsonLevel } from './ndjson-level.ts'
import type { NdjsonLimits } from './ndjson-refusals.ts'
import { NdjsonTime } from './ndjson-time.ts'

/** Vocabularies that have an arena at once. */
const ARENAS_MAX = 16

/** Why `readLines` stopped. */
export const STOPPED_AT_END = 0
/** At a line that it does not take. */
export const STOPPED_AT_LINE = 1
/** There was no room for the next record. */
export const STOPPED_FULL = 2

const MINUTE_MS = 60_000
const CAPITAL_Z = 0x5a
/** What `readTime` answers. */
const NO_TIME = 0
const TIME_READ = 1
/** Its minute may be remembered. */
const TIME_OF_MINUTE = 2
/** Among the flags of a level: the record keeps the word itself. */
const KEEPS_WORD = 255

type ReadLines = (start: number, end: number, firstStep: number, outputBytes: number) => number

export class NdjsonKernel {
  /** Where `readLines` stopped, behind the last record that it wrote to `bytes`, how many they are. */
  at = 0
  outputEnd = 0
  records = 0
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly inputStart: number
  readonly inputBytes: number
  readonly outputStart: number
  readonly outputBytes: number
  readonly #instance: KernelInstance
  readonly #readLines: ReadLines
  readonly #result: Int32Array
  readonly #freeArenas: number[]
  readonly #time = new NdjsonTime()
  readonly #level = new NdjsonLevel()
  #scanner = new JsonScanner(0)
  #depthMax = 0

  /** Null where WebAssembly is refused. */
  static open(instantiate: InstantiateKernel): NdjsonKernel | null {
    const imports = {
      readTime: (start: number, end: number): number => kernel.#readTime(start, end),
      readLevel: (start: number, end: number, isNumber: number): number =>
        kernel.#readLevel(start, end, isNumber),
      arrayEnd: (start: number, depth: number): number => kernel.#arrayEnd(start, depth),
    }
    const instance = instantiate(NDJSON_KERNEL, imports)
    if (instance === null) return null
    const kernel = new NdjsonKernel(instance)
    return kernel
  }

  private constructor(instance: KernelInstance) {
    const { memory, constants, functions } = instance
    this.#instance = instance
    this.bytes = new Uint8Array(memory)
    this.view = new DataView(memory)
    this.inputStart = constants['INPUT']
    this.inputBytes = constants['INPUT_BYTES']
    this.outputStart = constants['OUTPUT']
    this.outputBytes = constants['OUTPUT_BYTES']
    this.#readLines = functions['readLines']
    this.#result = new Int32Array(memory, constants['RESULT'], 4)
    this.#freeArenas = Array.from({ length: ARENAS_MAX }, (_, index) => ARENAS_MAX - 1 - index)
    const end = constants['ARENAS'] + ARENAS_MAX * constants['ARENA_BYTES']
    assert(end <= memory.byteLength, 'the kernel has no room for its arenas')
  }

  /** To be called before lines of another decoder are read. */
  begin(limits: NdjsonLimits, arrivalMs: number, arrivalNs: number): void {
    const { recordBytesMax, lineBytesMax, fieldsMax, depthMax } = limits
    const { setLimits, setArrival } = this.#instance.functions
    setLimits(recordBytesMax, lineBytesMax, fieldsMax, depthMax, RECORD_ENCODED_BYTES_MAX)
    setArrival(arrivalMs, arrivalNs)
    if (depthMax === this.#depthMax) return
    this.#depthMax = depthMax
    this.#scanner = new JsonScanner(depthMax)
    this.#scanner.setBytes(this.bytes, this.view)
  }

  /**
   * Reads lines of `bytes` from `start` on, up to `end`, which is behind a newline, and writes at most `outputBytes`
   * bytes of records: STOPPED_*.
   */
  readLines(start: number, end: number, arena: NdjsonArena, outputBytes: number): number {
    this.#readLines(start, end, arena.first, outputBytes)
    const result = this.#result
    this.at = result[0]
    this.outputEnd = result[1]
    this.records = result[2]
    return result[3]
  }

  /** Room for the shapes of a vocabulary, or null when there is none. */
  claimArena(): NdjsonArena | null {
    const index = this.#freeArenas.pop()
    if (index === undefined) return null
    const { ARENAS, ARENA_BYTES } = this.#instance.constants
    return new NdjsonArena(this.bytes, this.view, ARENAS + index * ARENA_BYTES, ARENA_BYTES, () =>
      this.#freeArenas.push(index),
    )
  }

  // ---- what the kernel asks for -------------------------------------------------------------------------------

  #readTime(start: number, end: number): number {
    const time = this.#time
    if (!time.read(this.bytes, this.view, start, end)) return NO_TIME
    const at = this.#instance.constants['TIME']
    this.view.setFloat64(at, time.ms, true)
    this.view.setInt32(at + 8, time.ns, true)
    const minuteMs = Math.floor(time.ms / MINUTE_MS) * MINUTE_MS
    const isWhole = minuteMs >= TIME_MS_MIN && minuteMs + MINUTE_MS <= TIME_MS_MAX
    return isWhole && this.bytes[end - 1] === CAPITAL_Z ? TIME_OF_MINUTE : TIME_READ
  }

  #readLevel(start: number, end: number, isNumber: number): number {
    const level = this.#level
    if (!level.read(this.bytes, this.view, start, end, isNumber === 1)) return INVALID
    return level.severity | ((level.flags < 0 ? KEEPS_WORD : level.flags) << 8)
  }

  /** INVALID also where there are spaces that must go. */
  #arrayEnd(start: number, depth: number): number {
    const end = this.#scanner.arrayEnd(start, depth)
    return this.#scanner.isSpaced ? INVALID : end
  }
}
