/**
 * Rows of templates, put together one at a time in one small memory, each over the one before: what is the same and in
 * the same place is left there. So no column of whole texts is made where each is only looked at once.
 */
import type { Column } from './block.ts'

const BUFFER_BYTES_MIN = 4096
const SLOTS_MIN = 64
/** Values up to this length are copied byte by byte: that is cheaper than to ask for it. */
const SHORT_BYTES = 64

/** Where rows are put together; of use for any number of writers, of which one after the other writes rows. */
export class RowWriterMemory {
  /** The row that was written last, from 0 on. */
  bytes = new Uint8Array(BUFFER_BYTES_MIN)
  view = viewOf(this.bytes)
  /** Whose row is there. */
  writer: RowWriter | null = null
  /** By slot: where the value of the row before begins in its column, and how long it is. */
  lastStarts = new Uint32Array(SLOTS_MIN)
  lastLengths = new Uint32Array(SLOTS_MIN)

  grow(bytes: number, slots: number): void {
    if (bytes > this.bytes.length) {
      this.bytes = new Uint8Array(2 * bytes)
      this.view = viewOf(this.bytes)
      this.writer = null
    }
    if (slots > this.lastStarts.length) {
      this.lastStarts = new Uint32Array(2 * slots)
      this.lastLengths = new Uint32Array(2 * slots)
      this.writer = null
    }
  }
}

/** Of one template, or of a piece of one. */
export class RowWriter {
  readonly #memory: RowWriterMemory
  readonly #text: Uint8Array
  readonly #slots: ArrayLike<number>
  // By slot; columns come from many encodings, so that to look into them row by row costs more than to copy values.
  readonly #data: Uint8Array[] = []
  readonly #starts: Uint32Array[] = []
  readonly #lengths: Uint32Array[] = []

  /** `slots` as of TextTemplate; `values` of each slot, row by row. */
  constructor(
    text: Uint8Array,
    slots: ArrayLike<number>,
    values: readonly Omit<Column, 'kinds'>[],
    memory: RowWriterMemory,
  ) {
    this.#text = text
    this.#slots = slots
    let longest = text.length
    for (const { data, starts, lengths } of values) {
      this.#data.push(data)
      this.#starts.push(starts)
      this.#lengths.push(lengths)
      longest += largest(lengths)
    }
    memory.grow(longest, slots.length)
    this.#memory = memory
  }

  /** Puts the row at the beginning of the memory, and answers where it ends. */
  write(row: number): number {
    const memory = this.#memory
    const { bytes, lastStarts, lastLengths } = memory
    const text = this.#text
    const slots = this.#slots
    const slotCount = slots.length
    let at = slotCount === 0 ? text.length : slots[0]
    let isMoved = memory.writer !== this
    if (isMoved) {
      memory.writer = this
      for (let byte = 0; byte < at; byte++) bytes[byte] = text[byte]
    }
    for (let slot = 0; slot < slotCount; slot++) {
      const start = this.#starts[slot][row]
      const length = this.#lengths[slot][row]
      const textFrom = slots[slot]
      const textEnd = slot + 1 < slotCount ? slots[slot + 1] : text.length
      if (isMoved || start !== lastStarts[slot] || length !== lastLengths[slot]) {
        const data = this.#data[slot]
        if (length > SHORT_BYTES) bytes.set(data.subarray(start, start + length), at)
        else for (let byte = 0; byte < length; byte++) bytes[at + byte] = data[start + byte]
        isMoved ||= length !== lastLengths[slot]
        lastStarts[slot] = start
        lastLengths[slot] = length
        if (isMoved)
          for (let to = at + length, byte = textFrom; byte < textEnd; byte++) bytes[to++] = text[byte]
      }
      at += length + textEnd - textFrom
    }
    return at
  }
}

function largest(lengths: Uint32Array): number {
  let most = 0
  for (let row = 0; row < lengths.length; row++) if (lengths[row] > most) most = lengths[row]
  return most
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
