/**
 * Columns out of canonical batches (record/batch.ts), for sealing: one walk over the records, and over the fields of
 * each. Values stay where they are; only their places are noted.
 *
 *   const content = new BatchContent(data)
 *   content.addRecords(batchAt, 0, batchCount(view, batchAt))
 *   … content.rowCount … content.build()
 *
 * Records mostly have the fields of the record before, in the same order: then a field costs one comparison of its
 * name with the name there. Otherwise its name is looked up, by a map whose hashes the engine seeds.
 *
 * A record's own field wins over a shared one of its name and takes its place; the first of two own ones wins.
 */
import {
  batchCount,
  batchFirstId,
  batchLength,
  batchReceivedMs,
  batchReceivedNs,
  batchRecordsStart,
  batchSharedCount,
  batchSharedStart,
  batchSharedStreamCount,
  FIELD_HEADER_BYTES,
  RECORD_HEADER_BYTES,
} from '../../record/record.ts'
import type { KernelRecords } from '../template/kernel-records.ts'
import { type BlockContent, FieldGatherer, grown, LayoutSet } from './block-content.ts'

/** Exported constants cost a look-up each time: this one is for hot functions. */
const FIELD_HEAD = FIELD_HEADER_BYTES
const RECORD_HEAD = RECORD_HEADER_BYTES
const TWO_32 = 4_294_967_296
const ROWS_FIRST = 1024
const LAYOUT_FIRST = 32
/** Of more rows, and more fields, no memory is kept. */
const ROWS_KEPT_MAX = 1 << 16
const FIELDS_KEPT_MAX = 32
/** Fewer records than these, of one layout, are not worth the kernel: then it is not asked for the next ones. */
const KERNEL_RUN_MIN = 64
const KERNEL_PAUSE = 256

/** What gathering a block needs, used again for the next: a block is good until another is begun in the same memory. */
export class ContentMemory {
  rows = new RowColumns(ROWS_FIRST)
  readonly #fields: FieldGatherer[] = []

  /** For the field with this number. */
  fieldGatherer(number: number, name: string): FieldGatherer {
    if (number >= FIELDS_KEPT_MAX) return new FieldGatherer(name)
    const gatherer = (this.#fields[number] ??= new FieldGatherer(name))
    gatherer.reset(name, ROWS_KEPT_MAX)
    return gatherer
  }

  begin(): void {
    if (this.rows.ids.length > ROWS_KEPT_MAX) this.rows = new RowColumns(ROWS_FIRST)
  }
}

export class BatchContent {
  readonly #data: Uint8Array
  readonly #view: DataView
  readonly #fields: FieldGatherer[] = []
  /** By number of the field: its name. */
  readonly #names: Uint8Array[] = []
  readonly #numbers = new Map<string, number>()
  readonly #layouts = new LayoutSet()
  readonly #memory: ContentMemory
  #rows: RowColumns
  #rowCount = 0
  /** The layout of the last record: its entries, by place where the head of such a field stands, and its number. */
  #last = new Uint32Array(LAYOUT_FIRST)
  #lastHeads = new Uint32Array(LAYOUT_FIRST)
  #lastCount = 0
  #lastNumber = -1
  /** What the record that is being read has so far. */
  #current = new Uint32Array(LAYOUT_FIRST)
  #currentHeads = new Uint32Array(LAYOUT_FIRST)
  #currentCount = 0
  /** Behind the fields that `#addSameFields` added. */
  #sameEnd = 0
  readonly #kernel: KernelRecords | null
  /** For so many records the kernel is not asked. */
  #kernelPause = 0
  /** Behind the records that `#addByKernel` added. */
  #kernelEnd = 0

  /** `kernel`: of the memory where the data stand, if they stand in that of a kernel. */
  constructor(data: Uint8Array, memory = new ContentMemory(), kernel: KernelRecords | null = null) {
    this.#memory = memory
    memory.begin()
    this.#rows = memory.rows
    this.#data = data
    this.#kernel = kernel
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /**
   * Adds records `from` to below `to` of the batch at `at`; with `wanted`, only those for which `wanted[index]` is
   * `value`. Ids must ascend from call to call.
   */
  addRecords(at: number, from: number, to: number, wanted?: ArrayLike<number>, value = 0): void {
    const view = this.#view
    const firstId = batchFirstId(view, at)
    const sharedCount = batchSharedCount(view, at)
    const sharedStart = batchSharedStart(view, at)
    const sharedStreamCount = batchSharedStreamCount(view, at)
    let position = batchRecordsStart(view, at)
    const end = Math.min(to, batchCount(view, at))
    const firstRow = this.#rowCount
    this.#reserve(firstRow + Math.max(0, end - from))
    const { ids, rowLayouts } = this.#rows
    const batchEnd = Math.min(at + batchLength(view, at), this.#data.length)
    const isForKernel = this.#kernel !== null && sharedCount === 0 && wanted === undefined
    for (let index = 0; index < end; index++) {
      if (isForKernel && index >= from && this.#kernelPause-- <= 0) {
        const taken = this.#addByKernel(position, batchEnd, end - index, firstId + index)
        if (taken > 0) position = this.#kernelEnd
        index += taken
        if (index >= end) break
      }
      const record = position
      position += view.getUint32(record, true)
      if (index < from || (wanted !== undefined && wanted[index] !== value)) continue
      const row = this.#rowCount++
      ids[row] = firstId + index
      this.#addHead(row, record)
      const fieldCount = view.getUint16(record + 6, true)
      const streamCount = view.getUint16(record + 8, true)
      const messageEnd = record + RECORD_HEAD + view.getUint32(record + 24, true)
      const fieldsStart = messageEnd + view.getUint16(record + 10, true)
      let same = 0
      if (sharedCount === 0 && this.#lastNumber >= 0) {
        same = this.#addSameFields(row, fieldsStart, fieldCount, streamCount)
        if (same === fieldCount && same === this.#lastCount) {
          rowLayouts[row] = this.#lastNumber
          continue
        }
      }
      this.#beginLayout(same)
      if (sharedCount > 0) this.#addFields(row, sharedStart, 0, sharedCount, sharedStreamCount, false)
      const rest = same > 0 ? this.#sameEnd : fieldsStart
      this.#addFields(row, rest, same, fieldCount, streamCount, sharedCount > 0)
      this.#endLayout(row)
    }
    this.#rows.receivedMs.fill(batchReceivedMs(view, at), firstRow, this.#rowCount)
    this.#rows.receivedNs.fill(batchReceivedNs(view, at), firstRow, this.#rowCount)
  }

  build(): BlockContent {
    const rowCount = this.#rowCount
    return {
      ...this.#rows.trimmed(rowCount),
      rowCount,
      data: this.#data,
      layouts: this.#layouts.list,
      fields: this.#fields.map((field) => field.content(rowCount)),
    }
  }

  #reserve(rowCount: number): void {
    if (rowCount <= this.#rows.ids.length) return
    this.#rows = this.#rows.grown(rowCount)
    this.#memory.rows = this.#rows
  }

  /** Adds up to `count` records while they have the fields of the last one; answers how many. */
  #addByKernel(position: number, end: number, count: number, firstId: number): number {
    const kernel = this.#kernel
    const data = this.#data
    const heads = this.#lastHeads
    if (kernel === null || this.#lastNumber < 0 || count < KERNEL_RUN_MIN) return 0
    if (!kernel.useLayout(this, this.#lastNumber, this.#last, heads, this.#lastCount, data)) {
      this.#kernelPause = KERNEL_PAUSE
      return 0
    }
    let added = 0
    this.#kernelEnd = position
    while (added < count) {
      const taken = kernel.take(data, this.#kernelEnd, end, count - added, firstId + added)
      if (taken > 0) this.#addTaken(kernel, taken)
      added += taken
      this.#kernelEnd = kernel.end
      if (taken < kernel.rowsMax) break
    }
    if (added < KERNEL_RUN_MIN) this.#kernelPause = KERNEL_PAUSE
    return added
  }

  #addTaken(kernel: KernelRecords, count: number): void {
    const row = this.#rowCount
    this.#rowCount += count
    this.#rows.setRows(kernel, row, count)
    this.#rows.rowLayouts.fill(this.#lastNumber, row, row + count)
    for (let place = 0; place < this.#lastCount; place++) {
      const { starts, lengths, kinds } = kernel.places[place]
      const field = this.#fields[this.#last[place] >> 1]
      field.addRows(row, count, place, starts, lengths, kernel.hasKinds(place) ? kinds : null)
    }
  }

  /** Hot. The places are those of a record (record/batch.ts), read here as they stand: a call for each costs more. */
  #addHead(row: number, record: number): void {
    const view = this.#view
    const rows = this.#rows
    const messageStart = record + RECORD_HEAD
    const messageLength = view.getUint32(record + 24, true)
    rows.timesMs[row] = view.getUint32(record + 12, true) + view.getInt32(record + 16, true) * TWO_32
    rows.timesNs[row] = view.getUint32(record + 20, true)
    rows.severities[row] = this.#data[record + 4]
    rows.flags[row] = this.#data[record + 5]
    rows.messageStarts[row] = messageStart
    rows.messageLengths[row] = messageLength
    rows.levelWordStarts[row] = messageStart + messageLength
    rows.levelWordLengths[row] = view.getUint16(record + 10, true)
  }

  /** Hot: adds fields while they are those of the record before, in their places; answers how many. */
  #addSameFields(row: number, start: number, count: number, streamCount: number): number {
    const view = this.#view
    const data = this.#data
    const last = this.#last
    const heads = this.#lastHeads
    const end = count < this.#lastCount ? count : this.#lastCount
    let at = start
    let place = 0
    for (; place < end; place++) {
      const entry = last[place]
      const known = heads[place]
      const nameLength = data[at + 1]
      if ((entry & 1) !== (place < streamCount ? 1 : 0) || data[known + 1] !== nameLength) break
      if (!isSameName(view, known + FIELD_HEAD, at + FIELD_HEAD, nameLength)) break
      const valueStart = at + FIELD_HEAD + nameLength
      const valueLength = view.getUint32(at + 2, true)
      this.#fields[entry >> 1].add(row, place, valueStart, valueLength, data[at])
      at = valueStart + valueLength
    }
    this.#sameEnd = at
    return place
  }

  /** The fields of a record from number `from` on, whose first one stands at `start`. */
  #addFields(
    row: number,
    start: number,
    from: number,
    count: number,
    streamCount: number,
    hasShared: boolean,
  ): void {
    const view = this.#view
    const data = this.#data
    let at = start
    for (let index = from; index < count; index++) {
      const nameLength = data[at + 1]
      const valueLength = view.getUint32(at + 2, true)
      const nameStart = at + FIELD_HEAD
      const place = this.#currentCount
      const field = this.#fieldOf(nameStart, nameLength, place)
      const entry = field * 2 + (index < streamCount ? 1 : 0)
      const gatherer = this.#fields[field]
      if (gatherer.lastRow !== row) {
        gatherer.add(row, place, nameStart + nameLength, valueLength, data[at])
        this.#pushEntry(entry, at)
      } else if (hasShared) {
        this.#addAgain(gatherer, entry, row, nameStart + nameLength, valueLength, data[at])
      } else if ((entry & 1) === 1) {
        this.#current[gatherer.place] |= 1
      }
      at = nameStart + nameLength + valueLength
    }
  }

  /** A name that the row has already: an own field replaces a shared one, a second own one is left out. */
  #addAgain(
    gatherer: FieldGatherer,
    entry: number,
    row: number,
    start: number,
    length: number,
    kind: number,
  ): void {
    this.#current[gatherer.place] |= entry & 1
    if (gatherer.lastStart < this.#rows.messageStarts[row]) gatherer.replaceLast(start, length, kind)
  }

  /** The number of the field with this name; `place` is where the record before may have had it. */
  #fieldOf(start: number, length: number, place: number): number {
    if (place < this.#lastCount) {
      const field = this.#last[place] >> 1
      if (isName(this.#names[field], this.#data, start, length)) return field
    }
    return this.#lookUp(start, length)
  }

  #lookUp(start: number, length: number): number {
    // The slice of a Buffer would be no copy.
    const name = new Uint8Array(this.#data.subarray(start, start + length))
    const key = Buffer.from(name.buffer).toString('latin1')
    let field = this.#numbers.get(key)
    if (field === undefined) {
      field = this.#fields.length
      this.#fields.push(this.#memory.fieldGatherer(field, Buffer.from(name.buffer).toString('utf8')))
      this.#names.push(name)
      this.#numbers.set(key, field)
    }
    return field
  }

  /** The first `same` fields are those of the record before. */
  #beginLayout(same: number): void {
    for (let place = 0; place < same; place++) {
      this.#current[place] = this.#last[place]
      this.#currentHeads[place] = this.#lastHeads[place]
    }
    this.#currentCount = same
  }

  #pushEntry(entry: number, head: number): void {
    if (this.#currentCount === this.#current.length) this.#growLayouts()
    this.#current[this.#currentCount] = entry
    this.#currentHeads[this.#currentCount++] = head
  }

  #growLayouts(): void {
    const capacity = this.#current.length * 2
    this.#last = grown(this.#last, capacity)
    this.#lastHeads = grown(this.#lastHeads, capacity)
    this.#current = grown(this.#current, capacity)
    this.#currentHeads = grown(this.#currentHeads, capacity)
  }

  #endLayout(row: number): void {
    const current = this.#current
    const count = this.#currentCount
    if (this.#lastNumber < 0 || count !== this.#lastCount || !isSame(current, this.#last, count)) {
      this.#lastNumber = this.#layouts.numberOf(current.subarray(0, count))
      this.#current = this.#last
      this.#last = current
      const heads = this.#currentHeads
      this.#currentHeads = this.#lastHeads
      this.#lastHeads = heads
      this.#lastCount = count
    }
    this.#rows.rowLayouts[row] = this.#lastNumber
  }
}

function isName(name: Uint8Array, data: Uint8Array, start: number, length: number): boolean {
  if (name.length !== length) return false
  for (let index = 0; index < length; index++) if (name[index] !== data[start + index]) return false
  return true
}

/** Whether two names of the same length are equal. The last word overlaps the one before it. */
function isSameName(view: DataView, one: number, other: number, length: number): boolean {
  if (length < 4) {
    for (let index = 0; index < length; index++)
      if (view.getUint8(one + index) !== view.getUint8(other + index)) return false
    return true
  }
  const last = length - 4
  for (let index = 0; index < last; index += 4)
    if (view.getInt32(one + index, true) !== view.getInt32(other + index, true)) return false
  return view.getInt32(one + last, true) === view.getInt32(other + last, true)
}

function isSame(one: Uint32Array, other: Uint32Array, count: number): boolean {
  for (let index = 0; index < count; index++) if (one[index] !== other[index]) return false
  return true
}

/** What every row has, in arrays that grow together. */
class RowColumns {
  readonly ids: Float64Array
  readonly timesMs: Float64Array
  readonly timesNs: Uint32Array
  readonly receivedMs: Float64Array
  readonly receivedNs: Uint32Array
  readonly severities: Uint8Array
  readonly flags: Uint8Array
  readonly messageStarts: Uint32Array
  readonly messageLengths: Uint32Array
  readonly levelWordStarts: Uint32Array
  readonly levelWordLengths: Uint32Array
  readonly rowLayouts: Uint32Array

  constructor(capacity: number) {
    this.ids = new Float64Array(capacity)
    this.timesMs = new Float64Array(capacity)
    this.timesNs = new Uint32Array(capacity)
    this.receivedMs = new Float64Array(capacity)
    this.receivedNs = new Uint32Array(capacity)
    this.severities = new Uint8Array(capacity)
    this.flags = new Uint8Array(capacity)
    this.messageStarts = new Uint32Array(capacity)
    this.messageLengths = new Uint32Array(capacity)
    this.levelWordStarts = new Uint32Array(capacity)
    this.levelWordLengths = new Uint32Array(capacity)
    this.rowLayouts = new Uint32Array(capacity)
  }

  grown(rowCount: number): RowColumns {
    let capacity = this.ids.length
    while (capacity < rowCount) capacity *= 4
    const larger = new RowColumns(capacity)
    larger.ids.set(this.ids)
    larger.timesMs.set(this.timesMs)
    larger.timesNs.set(this.timesNs)
    larger.receivedMs.set(this.receivedMs)
    larger.receivedNs.set(this.receivedNs)
    larger.severities.set(this.severities)
    larger.flags.set(this.flags)
    larger.messageStarts.set(this.messageStarts)
    larger.messageLengths.set(this.messageLengths)
    larger.levelWordStarts.set(this.levelWordStarts)
    larger.levelWordLengths.set(this.levelWordLengths)
    larger.rowLayouts.set(this.rowLayouts)
    return larger
  }

  /** What the kernel has of so many rows, from `row` on. */
  setRows(kernel: KernelRecords, row: number, count: number): void {
    this.ids.set(kernel.ids.subarray(0, count), row)
    this.timesMs.set(kernel.timesMs.subarray(0, count), row)
    this.timesNs.set(kernel.timesNs.subarray(0, count), row)
    this.severities.set(kernel.severities.subarray(0, count), row)
    this.flags.set(kernel.flags.subarray(0, count), row)
    this.messageStarts.set(kernel.messageStarts.subarray(0, count), row)
    this.messageLengths.set(kernel.messageLengths.subarray(0, count), row)
    this.levelWordStarts.set(kernel.levelWordStarts.subarray(0, count), row)
    this.levelWordLengths.set(kernel.levelWordLengths.subarray(0, count), row)
  }

  trimmed(count: number): Omit<BlockContent, 'rowCount' | 'data' | 'layouts' | 'fields'> {
    return {
      ids: this.ids.subarray(0, count),
      timesMs: this.timesMs.subarray(0, count),
      timesNs: this.timesNs.subarray(0, count),
      receivedMs: this.receivedMs.subarray(0, count),
      receivedNs: this.receivedNs.subarray(0, count),
      severities: this.severities.subarray(0, count),
      flags: this.flags.subarray(0, count),
      messages: {
        starts: this.messageStarts.subarray(0, count),
        lengths: this.messageLengths.subarray(0, count),
      },
      levelWords: {
        starts: this.levelWordStarts.subarray(0, count),
        lengths: this.levelWordLengths.subarray(0, count),
      },
      rowLayouts: this.rowLayouts.subarray(0, count),
    }
  }
}
