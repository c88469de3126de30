/**
 * Hashes of texts that a block keeps as templates: each text is put together in one small buffer, over the one before it,
 * and hashed there. So equal texts have equal hashes, whatever their templates, and no column of texts is made.
 *
 * Rows are taken template by template: what stands before the first slot is copied once a template.
 */
import type { TextTemplate, TextTemplates } from '../../record/record.ts'
import { HASH_WORDS, type HashedValues, type ValueHasher } from './value-hash.ts'

const BUFFER_BYTES_MIN = 4096
const SLOTS_MIN = 64
/** Values up to this length are copied byte by byte: that is cheaper than to ask for it. */
const SHORT_BYTES = 64

type Values = ReturnType<TextTemplate['values']>

/** Reads all values, and may fail. */
export function hashedTemplates(
  { templates, ofRow, plain }: TextTemplates,
  hasher: ValueHasher,
): HashedValues {
  const count = ofRow.length
  const hashes = {
    words: new Uint32Array(count * HASH_WORDS),
    isFilled: new Uint8Array(count),
    ...rowsByPlace(ofRow, templates.length + 1),
  }
  const memory = new WriterMemory()
  for (const [place, template] of templates.entries()) {
    if (template.slots.length === 0) hashSame(template.text, hashes, place, hasher)
    else hashTemplate(template, hashes, place, hasher, memory)
  }
  if (plain !== null) hashPlain(plain, hashes, templates.length, hasher)
  return { count, words: hashes.words, isFilled: hashes.isFilled, ofRow: null }
}

interface Hashes {
  readonly words: Uint32Array
  readonly isFilled: Uint8Array
  /** Rows of one template after those of another, each ascending. */
  readonly rows: Uint32Array
  /** By place of a template: where its rows begin; one more at the end. */
  readonly starts: Uint32Array
}

function rowsByPlace(ofRow: Uint32Array, placeCount: number): Pick<Hashes, 'rows' | 'starts'> {
  const starts = new Uint32Array(placeCount + 1)
  for (let row = 0; row < ofRow.length; row++) starts[ofRow[row] + 1]++
  for (let place = 0; place < placeCount; place++) starts[place + 1] += starts[place]
  const next = starts.slice()
  const rows = new Uint32Array(ofRow.length)
  for (let row = 0; row < ofRow.length; row++) rows[next[ofRow[row]]++] = row
  return { rows, starts }
}

function hashSame(text: Uint8Array, hashes: Hashes, place: number, hasher: ValueHasher): void {
  if (text.length === 0) return
  const hash = new Uint32Array(HASH_WORDS)
  hasher.hashBytes(viewOf(text), 0, text.length, hash, 0)
  for (let at = hashes.starts[place]; at < hashes.starts[place + 1]; at++) {
    const row = hashes.rows[at]
    hashes.isFilled[row] = 1
    hashes.words.set(hash, row * HASH_WORDS)
  }
}

function hashPlain(
  { data, starts: valueStarts, lengths }: Values,
  { words, isFilled, rows, starts }: Hashes,
  place: number,
  hasher: ValueHasher,
): void {
  const view = viewOf(data)
  const from = starts[place]
  for (let at = from; at < starts[place + 1]; at++) {
    const length = lengths[at - from]
    if (length === 0) continue
    isFilled[rows[at]] = 1
    hasher.hashBytes(view, valueStarts[at - from], length, words, rows[at] * HASH_WORDS)
  }
}

/** Of a template with at least one slot. */
function hashTemplate(
  template: TextTemplate,
  { words, isFilled, rows, starts }: Hashes,
  place: number,
  hasher: ValueHasher,
  memory: WriterMemory,
): void {
  const writer = new RowWriter(template, memory)
  const from = starts[place]
  for (let at = from; at < starts[place + 1]; at++) {
    const length = writer.write(at - from)
    if (length === 0) continue
    isFilled[rows[at]] = 1
    hasher.hashBytes(writer.view, 0, length, words, rows[at] * HASH_WORDS)
  }
}

/** Used again from template to template. */
class WriterMemory {
  buffer = new Uint8Array(BUFFER_BYTES_MIN)
  view = viewOf(this.buffer)
  /** By slot: where the value of the row before begins in its column, and how long it is. */
  lastStarts = new Uint32Array(SLOTS_MIN)
  lastLengths = new Uint32Array(SLOTS_MIN)

  grow(bytes: number, slots: number): void {
    if (bytes > this.buffer.length) {
      this.buffer = new Uint8Array(2 * bytes)
      this.view = viewOf(this.buffer)
    }
    if (slots > this.lastStarts.length) {
      this.lastStarts = new Uint32Array(2 * slots)
      this.lastLengths = new Uint32Array(2 * slots)
    }
  }
}

/** Puts rows of a template together, each over the one before: what is the same and in the same place is left there. */
class RowWriter {
  readonly #memory: WriterMemory
  readonly #text: Uint8Array
  readonly #slots: ArrayLike<number>
  // By slot; columns come from many encodings, so that to look into them row by row costs more than to copy values.
  readonly #data: Uint8Array[] = []
  readonly #starts: Uint32Array[] = []
  readonly #lengths: Uint32Array[] = []
  #isFirst = true

  constructor(template: TextTemplate, memory: WriterMemory) {
    const { text, slots } = template
    this.#text = text
    this.#slots = slots
    let longest = text.length
    for (let slot = 0; slot < slots.length; slot++) {
      const { data, starts, lengths } = template.values(slot)
      this.#data.push(data)
      this.#starts.push(starts)
      this.#lengths.push(lengths)
      longest += largest(lengths)
    }
    memory.grow(longest, slots.length)
    this.#memory = memory
    for (let byte = 0; byte < slots[0]; byte++) memory.buffer[byte] = text[byte]
  }

  get view(): DataView {
    return this.#memory.view
  }

  /** Answers where it ends. */
  write(row: number): number {
    const { buffer, lastStarts, lastLengths } = this.#memory
    const text = this.#text
    const slots = this.#slots
    const slotCount = slots.length
    let isMoved = this.#isFirst
    this.#isFirst = false
    let at = slots[0]
    for (let slot = 0; slot < slotCount; slot++) {
      const start = this.#starts[slot][row]
      const length = this.#lengths[slot][row]
      const textFrom = slots[slot]
      const textEnd = slot + 1 < slotCount ? slots[slot + 1] : text.length
      if (isMoved || start !== lastStarts[slot] || length !== lastLengths[slot]) {
        const data = this.#data[slot]
        if (length > SHORT_BYTES) buffer.set(data.subarray(start, start + length), at)
        else for (let byte = 0; byte < length; byte++) buffer[at + byte] = data[start + byte]
        isMoved ||= length !== lastLengths[slot]
        lastStarts[slot] = start
        lastLengths[slot] = length
        if (isMoved)
          for (let to = at + length, byte = textFrom; byte < textEnd; byte++) buffer[to++] = text[byte]
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
