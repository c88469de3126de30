/**
 * Hashes of texts that a block keeps as templates: each text is put together in one small buffer, over the one before it,
 * and hashed there. So equal texts have equal hashes, whatever their templates, and no column of texts is made.
 *
 * Rows are taken template by template: what stands before the first slot is copied once a template.
 */
import { RowWriter, RowWriterMemory, type TextTemplate, type TextTemplates } from '../../record/record.ts'
import { TemplateHashKernel } from './template-hash-kernel.ts'
import { HASH_WORDS, type HashedValues, type ValueHasher } from './value-hash.ts'

type Values = ReturnType<TextTemplate['values']>

/** One a thread: opened when it is first needed, and null where it is refused. */
let ownKernel: TemplateHashKernel | null | undefined

function kernelOfThread(): TemplateHashKernel | null {
  if (ownKernel === undefined) ownKernel = TemplateHashKernel.open()
  return ownKernel
}

/** Reads all values, and may fail. Without a kernel its twins do all. */
export function hashedTemplates(
  { templates, ofRow, plain }: TextTemplates,
  hasher: ValueHasher,
  kernel: TemplateHashKernel | null = kernelOfThread(),
): HashedValues {
  const count = ofRow.length
  const hashes = {
    words: new Uint32Array(count * HASH_WORDS),
    isFilled: new Uint8Array(count),
    ...rowsByPlace(ofRow, templates.length + 1),
  }
  const memory = new RowWriterMemory()
  for (const [place, template] of templates.entries()) {
    if (template.slots.length === 0) hashSame(template.text, hashes, place, hasher)
    else hashTemplate(template, hashes, place, hasher, memory, kernel)
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
  memory: RowWriterMemory,
  kernel: TemplateHashKernel | null,
): void {
  const { text, slots } = template
  const values = Array.from(slots, (_, slot) => template.values(slot))
  const from = starts[place]
  const end = starts[place + 1]
  let next = from
  for (let taken = 1; kernel !== null && next < end && taken > 0; next += taken) {
    taken = kernel.hash(text, slots, values, next - from, end - from, hasher.key)
    kernel.read(rows.subarray(next, next + taken), words, isFilled)
  }
  if (next === end) return
  const writer = new RowWriter(text, slots, values, memory)
  for (let at = next; at < end; at++) {
    const length = writer.write(at - from)
    if (length === 0) continue
    isFilled[rows[at]] = 1
    hasher.hashBytes(memory.view, 0, length, words, rows[at] * HASH_WORDS)
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
