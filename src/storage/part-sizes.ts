/**
 * How many bytes of a part each of its columns takes, and in what encodings. Runs in a worker thread.
 *
 * Strings of a block are packed together in frames, so that no string has bytes of its own in the file: those of a
 * frame are given to its strings in proportion to their unpacked bytes. All that is not given to a column is told as
 * `templates` or `overhead`, so that the columns of a part add up to the bytes of its file.
 */
import { CodedError, type Disk } from '../base/base.ts'
import {
  COLUMN_MESSAGE,
  FORM_TEMPLATES,
  SECTION_BLOCK_TEMPLATES,
  SECTION_SLOT_FACTS,
  SECTION_TEMPLATES,
  SLOT_FILTER,
  SLOT_IDS,
  SLOT_LAYOUTS,
  SLOT_LEVELS,
  SLOT_OVERFLOW,
  SLOT_RECEIVED,
  SLOT_TIMES,
  slotOfColumn,
  slotOfKinds,
  slotOfTemplate,
} from './block/block-layout.ts'
import type { StoredBlock } from './block/stored-block.ts'
import type { StoredPart } from './block/stored-part.ts'
import { ByteSource } from './columns/byte-source.ts'
import { ENCODINGS } from './columns/encodings.ts'
import type { HeldPart } from './held-part.ts'
import { SECTION_DICTIONARY } from './part/part-file.ts'
import type { PartBlock, StoredFrame } from './part/part-file-reader.ts'
import { PartCache } from './part-cache.ts'

export type ColumnKind =
  | 'message'
  | 'field'
  | 'ids'
  | 'times'
  | 'received'
  | 'levels'
  | 'layouts'
  | 'filters'
  | 'templates'
  | 'overhead'
  /** Fields that share a column, and, in reports of whole stores, those that are too many to be named. */
  | 'otherFields'

export interface ColumnSize {
  readonly kind: ColumnKind
  /** Of a field; else empty. */
  readonly name: string
  /** In files. */
  readonly bytes: number
  /** Before frames were compressed. */
  readonly unpackedBytes: number
}

export interface EncodingSize {
  /** As in columns/encodings.ts; or `templates` (which row has which), `kinds`, and what has a form of its own. */
  readonly name: string
  readonly columns: number
  readonly rows: number
  readonly bytes: number
}

export interface PartSizes {
  readonly columns: readonly ColumnSize[]
  readonly encodings: readonly EncodingSize[]
  readonly templates: number
  /** Bytes of all messages and values of fields, as they were sent. */
  readonly valueBytes: number
  /** The block to go on with; null: there are no more. */
  readonly next: number | null
}

export interface PartSizesJob {
  readonly held: HeldPart
  /** Blocks from this one on, until about so many bytes of the file were read. Of the first, also all but blocks. */
  readonly from: number
  readonly bytesMax: number
}

const CACHE = { bytesMax: 16 * 1024 * 1024, filesMax: 0 }

const FIXED: readonly (readonly [slot: number, kind: ColumnKind])[] = [
  [SLOT_IDS, 'ids'],
  [SLOT_TIMES, 'times'],
  [SLOT_RECEIVED, 'received'],
  [SLOT_LEVELS, 'levels'],
  [SLOT_LAYOUTS, 'layouts'],
  [SLOT_OVERFLOW, 'otherFields'],
  [SLOT_FILTER, 'filters'],
]

/** PART_CORRUPT, FORMAT_VERSION, STORE_CLOSED where it was cancelled, errors of the disk. */
export function readPartSizes(disk: Disk, job: PartSizesJob, isCancelled: () => boolean): PartSizes {
  const cache = new PartCache(disk, CACHE)
  try {
    return cache.using(job.held, (part) => sizesOf(part, job, isCancelled))
  } finally {
    cache.close()
  }
}

function sizesOf(part: StoredPart, { from, bytesMax }: PartSizesJob, isCancelled: () => boolean): PartSizes {
  const sizes = new SizeSums()
  if (from === 0) addRest(part, sizes)
  let valueBytes = 0
  let block = from
  for (let bytes = 0; block < part.blockCount && bytes < bytesMax; block++) {
    if (isCancelled()) throw new CodedError('STORE_CLOSED', 'The report was stopped.')
    bytes += part.file.storedBytes(block)
    valueBytes += part.decode(() => addBlock(part, block, sizes))
  }
  const next = block < part.blockCount ? block : null
  const templates = from === 0 ? part.templates.length : 0
  return { columns: sizes.columns, encodings: sizes.encodings, templates, valueBytes, next }
}

/** What is in the file beside the strings of blocks. */
function addRest(part: StoredPart, sizes: SizeSums): void {
  const kinds = [SECTION_TEMPLATES, SECTION_SLOT_FACTS, SECTION_BLOCK_TEMPLATES, SECTION_DICTIONARY]
  let rest = part.file.bytes
  for (let block = 0; block < part.blockCount; block++) rest -= part.file.storedBytes(block)
  for (const kind of kinds) {
    const bytes = part.file.sectionStoredBytes(kind) ?? 0
    sizes.addColumn('templates', '', bytes, part.file.sectionBytes(kind) ?? 0)
    rest -= bytes
  }
  sizes.addColumn('overhead', '', rest, rest)
}

/** Answers the bytes of its values. */
function addBlock(part: StoredPart, number: number, sizes: SizeSums): number {
  part.file.prefetch(number)
  const strings = part.file.openBlock(number)
  const stored = storedBytesOf(strings, part.file.storedFrames(number))
  const block = part.blockAlone(number)
  const { facts } = block
  const take = (slot: number, kind: ColumnKind, name: string): number => {
    const bytes = stored.get(slot) ?? 0
    sizes.addColumn(kind, name, bytes, strings.bytesOf(slot) ?? 0)
    return bytes
  }
  for (const [slot, kind] of FIXED)
    if (stored.has(slot)) sizes.addEncoding(kind, facts.rowCount, take(slot, kind, ''))
  let valueBytes = overflowBytes(block)
  for (let column = 0; column <= facts.fields.length; column++) {
    const isMessage = column === COLUMN_MESSAGE
    const field = isMessage ? null : facts.fields[column - 1]
    const kind = isMessage ? 'message' : 'field'
    const name = field === null ? '' : part.names[field.name]
    const rows = field?.rows ?? facts.rowCount
    const slot = slotOfColumn(column)
    if (stored.has(slotOfKinds(column)))
      sizes.addEncoding('kinds', rows, take(slotOfKinds(column), kind, name))
    if (field === null || field.form === FORM_TEMPLATES) {
      sizes.addEncoding('templates', rows, take(slot, kind, name))
      addTemplateSlots({ part, number, column, strings, sizes }, (at) => take(at, kind, name))
      valueBytes += sum(block.text(column).materialize().lengths)
    } else {
      const code = strings.read(slot)?.[0] ?? 0
      sizes.addEncoding(nameOfEncoding(code), rows, take(slot, kind, name))
      valueBytes += sum(block.materialized(column - 1).lengths)
    }
  }
  return valueBytes
}

interface TemplatedColumn {
  readonly part: StoredPart
  readonly number: number
  readonly column: number
  readonly strings: PartBlock
  readonly sizes: SizeSums
}

/** The string of a template holds a column for each of its slots, and they share its bytes. */
function addTemplateSlots(
  { part, number, column, strings, sizes }: TemplatedColumn,
  take: (slot: number) => number,
): void {
  const { numbers, rowCounts } = part.columnTemplates(number, column)
  for (let place = 0; place < numbers.length; place++) {
    const slot = slotOfTemplate(column, place)
    const bytes = strings.read(slot)
    if (bytes === null) continue
    const stored = take(slot)
    const source = new ByteSource(bytes)
    while (source.remaining > 0) {
      const length = source.varintUpTo(source.remaining, 'a column')
      const own = source.take(length)
      sizes.addEncoding(nameOfEncoding(own[0] ?? 0), rowCounts[place], (stored * length) / bytes.length)
    }
  }
}

/** By slot. Strings lie end to end in the frames, and fill them. */
function storedBytesOf(strings: PartBlock, frames: readonly StoredFrame[]): Map<number, number> {
  const stored = new Map<number, number>()
  let frame = 0
  let used = 0
  for (const slot of strings.slots) {
    let bytes = 0
    for (let rest = strings.bytesOf(slot) ?? 0; rest > 0 && frame < frames.length; ) {
      const piece = Math.min(rest, frames[frame].bytes - used)
      bytes += (piece / frames[frame].bytes) * frames[frame].storedBytes
      rest -= piece
      used += piece
      if (used < frames[frame].bytes) continue
      frame++
      used = 0
    }
    stored.set(slot, bytes)
  }
  return stored
}

function overflowBytes(block: StoredBlock): number {
  return block.overflow().reduce((bytes, { values }) => bytes + sum(values.lengths), 0)
}

function sum(lengths: Uint32Array): number {
  let bytes = 0
  for (let row = 0; row < lengths.length; row++) bytes += lengths[row]
  return bytes
}

const names: readonly string[] = Array.from(
  { length: 256 },
  (_, code) => ENCODINGS.find((encoding) => encoding.code === code)?.name ?? `code ${code}`,
)
const nameOfEncoding = (code: number): string => names[code]

// ---- sums ---------------------------------------------------------------------------------------------------

type Changing<T> = { -readonly [K in keyof T]: T[K] }

/** Of columns by kind and name, and of encodings by name. */
export class SizeSums {
  readonly #columns = new Map<string, Changing<ColumnSize>>()
  readonly #encodings = new Map<string, Changing<EncodingSize>>()

  /** Largest first. */
  get columns(): ColumnSize[] {
    return [...this.#columns.values()].sort((a, b) => b.bytes - a.bytes)
  }

  get encodings(): EncodingSize[] {
    return [...this.#encodings.values()].sort((a, b) => b.bytes - a.bytes)
  }

  addColumn(kind: ColumnKind, name: string, bytes: number, unpackedBytes: number): void {
    const key = `${kind} ${name}`
    const known = this.#columns.get(key)
    if (known === undefined) this.#columns.set(key, { kind, name, bytes, unpackedBytes })
    else {
      known.bytes += bytes
      known.unpackedBytes += unpackedBytes
    }
  }

  addEncoding(name: string, rows: number, bytes: number, columns = 1): void {
    const known = this.#encodings.get(name)
    if (known === undefined) this.#encodings.set(name, { name, columns, rows, bytes })
    else {
      known.columns += columns
      known.rows += rows
      known.bytes += bytes
    }
  }

  add({ columns, encodings }: Pick<PartSizes, 'columns' | 'encodings'>): void {
    for (const { kind, name, bytes, unpackedBytes } of columns)
      this.addColumn(kind, name, bytes, unpackedBytes)
    for (const { name, columns: count, rows, bytes } of encodings) this.addEncoding(name, rows, bytes, count)
  }

  /** So that names of fields cannot grow without end: the smallest ones become one. */
  limitFields(fieldsMax: number): void {
    const fields = this.columns.filter(({ kind }) => kind === 'field')
    for (const { name, bytes, unpackedBytes } of fields.slice(fieldsMax)) {
      this.#columns.delete(`field ${name}`)
      this.addColumn('otherFields', '', bytes, unpackedBytes)
    }
  }
}
