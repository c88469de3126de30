/**
 * Blocks out of canonical batches that lie in one memory: a segment, a chunk of the buffer.
 *
 *   data    ··· | batch: header, shared fields, record, record, … | batch: … | ···
 *   rows                                         0       1                n
 *   column  starts and lengths of one field's values, in `data` itself: nothing is copied
 *
 * Invariants: every batch passed `checkBatch`; batches are added in ascending order of their ids; `data` does not
 * change while the block is in use. A record's own field wins over a shared one of its name, and the first of two
 * own fields of one name wins. `data` may be shared memory.
 *
 * Filling is a pass over the record headers (measured: 30 ns a record); a column is made when it is first asked for,
 * with one walk over the fields of each row (35 ns a record with three fields), and kept with the block.
 *
 * Not for checking bytes (`checkBatch`) nor for columns that were decoded from a part.
 */
import { assert } from '../base/portable.ts'
import {
  batchCount,
  batchFirstId,
  batchReceivedMs,
  batchReceivedNs,
  batchRecordsStart,
  batchSharedCount,
  batchSharedStart,
  batchSharedStreamCount,
  FIELD_ABSENT,
  FIELD_HEADER_BYTES,
  FIELD_TRUE,
  fieldKind,
  fieldLength,
  fieldNameLength,
  fieldValueLength,
  RECORD_FLAG_TRUNCATED,
  recordFieldCount,
  recordFieldsStart,
  recordFlags,
  recordLength,
  recordLevelWordLength,
  recordMessageLength,
  recordMessageStart,
  recordSeverity,
  recordStreamFieldCount,
  recordTimeMs,
  recordTimeNs,
} from './batch.ts'
import { LayoutFinder, type RowFields } from './batch-layouts.ts'
import type { Block, BlockField, Column } from './block.ts'
import { FIELD_NAME_BYTES_MAX } from './limits.ts'
import { countsByGroup, oneGroup, type RowGroups, type RowLayout } from './row-groups.ts'

/** The field that a record with RECORD_FLAG_TRUNCATED shows, with the value `true`. */
export const TRUNCATED_FIELD = '_truncated'

const ROWS_MAX_DEFAULT = 65_536
const ROWS_FIRST = 64

const utf8Encoder = new TextEncoder()
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const TRUE_BYTES = utf8Encoder.encode('true')

/** The rows of one batch, or of a stretch of it, within a block. */
interface BatchRows {
  readonly at: number
  readonly firstRow: number
  readonly endRow: number
}

/** What the builder fills and the block reads. */
class Rows {
  ids: Float64Array<ArrayBuffer>
  timesMs: Float64Array<ArrayBuffer>
  timesNs: Uint32Array<ArrayBuffer>
  receivedMs: Float64Array<ArrayBuffer>
  receivedNs: Uint32Array<ArrayBuffer>
  severities: Uint8Array<ArrayBuffer>
  flags: Uint8Array<ArrayBuffer>
  /** Where each record begins in `data`. */
  recordStarts: Uint32Array<ArrayBuffer>

  constructor(capacity: number) {
    this.ids = new Float64Array(capacity)
    this.timesMs = new Float64Array(capacity)
    this.timesNs = new Uint32Array(capacity)
    this.receivedMs = new Float64Array(capacity)
    this.receivedNs = new Uint32Array(capacity)
    this.severities = new Uint8Array(capacity)
    this.flags = new Uint8Array(capacity)
    this.recordStarts = new Uint32Array(capacity)
  }

  get capacity(): number {
    return this.ids.length
  }

  grown(capacity: number): Rows {
    const rows = new Rows(capacity)
    rows.ids.set(this.ids)
    rows.timesMs.set(this.timesMs)
    rows.timesNs.set(this.timesNs)
    rows.receivedMs.set(this.receivedMs)
    rows.receivedNs.set(this.receivedNs)
    rows.severities.set(this.severities)
    rows.flags.set(this.flags)
    rows.recordStarts.set(this.recordStarts)
    return rows
  }

  trim(count: number): void {
    this.ids = this.ids.subarray(0, count)
    this.timesMs = this.timesMs.subarray(0, count)
    this.timesNs = this.timesNs.subarray(0, count)
    this.receivedMs = this.receivedMs.subarray(0, count)
    this.receivedNs = this.receivedNs.subarray(0, count)
    this.severities = this.severities.subarray(0, count)
    this.flags = this.flags.subarray(0, count)
    this.recordStarts = this.recordStarts.subarray(0, count)
  }
}

/**
 * Gathers batches and makes one block of them.
 *
 *   const builder = new BlockBuilder(data)
 *   builder.addBatch(at); builder.addBatch(at + batchLength(view, at))
 *   const block = builder.build()
 */
export class BlockBuilder {
  readonly #data: Uint8Array
  readonly #view: DataView
  readonly #rowsMax: number
  readonly #batches: BatchRows[] = []
  #rows = new Rows(0)
  #rowCount = 0
  #timeMsMin = Infinity
  #timeMsMax = -Infinity

  constructor(data: Uint8Array, rowsMax = ROWS_MAX_DEFAULT) {
    this.#data = data
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    this.#rowsMax = rowsMax
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /**
   * Adds records `rowFrom` to below `rowTo` of the batch at `at`, as many as still fit into `rowsMax`. Returns the
   * number of the first record that was not added, to go on from there in the next block: `rowTo` when all were.
   */
  addBatch(at: number, rowFrom = 0, rowTo: number = batchCount(this.#view, at)): number {
    assert(rowFrom >= 0 && rowFrom <= rowTo && rowTo <= batchCount(this.#view, at), 'rows beyond the batch')
    const added = Math.min(rowTo - rowFrom, this.#rowsMax - this.#rowCount)
    if (added <= 0) return rowFrom
    this.#reserve(this.#rowCount + added)
    const firstRow = this.#rowCount
    this.#rowCount += added
    this.#batches.push({ at, firstRow, endRow: this.#rowCount })
    this.#fillBatchColumns(at, firstRow, rowFrom)
    this.#fillRecordColumns(this.#recordAt(at, rowFrom), firstRow)
    return rowFrom + added
  }

  /** The block. The builder is spent then. */
  build(): BatchBlock {
    this.#rows.trim(this.#rowCount)
    const block = new BatchBlock(
      this.#data,
      this.#view,
      this.#rows,
      this.#batches,
      this.#timeMsMin,
      this.#timeMsMax,
    )
    this.#rows = new Rows(0)
    this.#rowCount = this.#rowsMax
    return block
  }

  #reserve(rowCount: number): void {
    const capacity = this.#rows.capacity
    if (rowCount <= capacity) return
    // One big batch gets what it needs; many small ones double.
    this.#rows = this.#rows.grown(Math.min(this.#rowsMax, Math.max(rowCount, capacity * 2, ROWS_FIRST)))
  }

  #recordAt(batchAt: number, index: number): number {
    let position = batchRecordsStart(this.#view, batchAt)
    for (let skipped = 0; skipped < index; skipped++) position += recordLength(this.#view, position)
    return position
  }

  #fillBatchColumns(at: number, firstRow: number, rowFrom: number): void {
    const { ids, receivedMs, receivedNs } = this.#rows
    const firstId = batchFirstId(this.#view, at) + rowFrom - firstRow
    for (let row = firstRow; row < this.#rowCount; row++) ids[row] = firstId + row
    receivedMs.fill(batchReceivedMs(this.#view, at), firstRow, this.#rowCount)
    receivedNs.fill(batchReceivedNs(this.#view, at), firstRow, this.#rowCount)
  }

  /** Hot: once per record of every scan. */
  #fillRecordColumns(recordsAt: number, firstRow: number): void {
    const view = this.#view
    const { timesMs, timesNs, severities, flags, recordStarts } = this.#rows
    const endRow = this.#rowCount
    let timeMsMin = this.#timeMsMin
    let timeMsMax = this.#timeMsMax
    let position = recordsAt
    for (let row = firstRow; row < endRow; row++) {
      const timeMs = recordTimeMs(view, position)
      recordStarts[row] = position
      timesMs[row] = timeMs
      timesNs[row] = recordTimeNs(view, position)
      severities[row] = recordSeverity(view, position)
      flags[row] = recordFlags(view, position)
      if (timeMs < timeMsMin) timeMsMin = timeMs
      if (timeMs > timeMsMax) timeMsMax = timeMs
      position += recordLength(view, position)
    }
    this.#timeMsMin = timeMsMin
    this.#timeMsMax = timeMsMax
  }
}

/** A block over batches. Made by BlockBuilder. */
export class BatchBlock implements Block {
  readonly rowCount: number
  readonly ids: Float64Array
  readonly timesMs: Float64Array
  readonly timesNs: Uint32Array
  readonly receivedMs: Float64Array
  readonly receivedNs: Uint32Array
  readonly severities: Uint8Array
  readonly flags: Uint8Array
  readonly timeMsMin: number
  readonly timeMsMax: number
  readonly #data: Uint8Array
  readonly #view: DataView
  readonly #recordStarts: Uint32Array
  readonly #batches: readonly BatchRows[]
  readonly #columns = new Map<string, Column | null>()
  readonly #names: NameTable
  #message: Column | null = null
  #levelWords: Column | null = null
  #fieldNames: string[] | null = null

  constructor(
    data: Uint8Array,
    view: DataView,
    rows: Rows,
    batches: readonly BatchRows[],
    timeMsMin: number,
    timeMsMax: number,
  ) {
    this.#data = data
    this.#view = view
    this.#recordStarts = rows.recordStarts
    this.#batches = batches
    this.#names = new NameTable(data)
    this.rowCount = rows.ids.length
    this.ids = rows.ids
    this.timesMs = rows.timesMs
    this.timesNs = rows.timesNs
    this.receivedMs = rows.receivedMs
    this.receivedNs = rows.receivedNs
    this.severities = rows.severities
    this.flags = rows.flags
    this.timeMsMin = timeMsMin
    this.timeMsMax = timeMsMax
  }

  get message(): Column {
    this.#message ??= this.#makeMessages()
    return this.#message
  }

  get levelWords(): Column {
    this.#levelWords ??= this.#makeLevelWords()
    return this.#levelWords
  }

  field(name: string): Column | null {
    const known = this.#columns.get(name)
    if (known !== undefined) return known
    const column = this.#makeColumn(name)
    this.#columns.set(name, column)
    return column
  }

  fieldNamesOf(row: number): string[] {
    const names = new Set<string>()
    this.#visitFields(row, (at) => names.add(this.#nameAt(at)))
    if (this.#isTruncated(row)) names.add(TRUNCATED_FIELD)
    return [...names]
  }

  streamFieldNamesOf(row: number): string[] {
    const names = new Set<string>()
    this.#visitFields(row, (at, isStream) => isStream && names.add(this.#nameAt(at)))
    return [...names]
  }

  fieldNames(): string[] {
    this.#fieldNames ??= this.#gatherFieldNames()
    return [...this.#fieldNames]
  }

  /**
   * The fields of one row with their values, in the order of `fieldNamesOf`. For output: it costs what the row holds,
   * where `field` of each name would make whole columns of names that may stand in this row only.
   */
  fieldsOf(row: number): BlockField[] {
    const ownStart = recordFieldsStart(this.#view, this.#recordStarts[row])
    const fields = new Map<string, BlockField & { readonly isOwn: boolean }>()
    this.#visitFields(row, (at, isStream) => {
      const name = this.#nameAt(at)
      const isOwn = at >= ownStart
      const earlier = fields.get(name)
      if (earlier !== undefined && (earlier.isOwn || !isOwn)) return
      fields.set(name, {
        ...this.#fieldAt(at, name),
        isStream: isStream || earlier?.isStream === true,
        isOwn,
      })
    })
    if (this.#isTruncated(row)) {
      fields.set(TRUNCATED_FIELD, {
        name: TRUNCATED_FIELD,
        kind: FIELD_TRUE,
        value: TRUE_BYTES,
        isStream: false,
        isOwn: true,
      })
    }
    return Array.from(fields.values(), ({ name, kind, value, isStream }) => ({ name, kind, value, isStream }))
  }

  // ---- layouts ------------------------------------------------------------------------------------------------

  layoutGroups(): RowGroups<RowLayout> {
    const held: RowLayout[] = []
    const ofRow = new Uint32Array(this.rowCount)
    const finder = new LayoutFinder(this.#data, this.#view, (fields) =>
      JSON.stringify(this.#layoutOf(fields)),
    )
    for (const batch of this.#batches) {
      const fields = this.#sharedFieldsOf(batch.at)
      for (let row = batch.firstRow; row < batch.endRow; row++) {
        this.#takeOwnFields(fields, row)
        const number = finder.numberOf(fields)
        if (number === held.length) held.push(this.#layoutOf(fields))
        ofRow[row] = number
      }
    }
    if (held.length === 1) return oneGroup(held[0], this.rowCount)
    return { held, rowCounts: () => countsByGroup(ofRow, held.length), ofRow: () => ofRow }
  }

  #sharedFieldsOf(batchAt: number): RowFields {
    const view = this.#view
    return {
      sharedAt: batchSharedStart(view, batchAt),
      sharedCount: batchSharedCount(view, batchAt),
      sharedStreams: batchSharedStreamCount(view, batchAt),
      ownAt: 0,
      ownCount: 0,
      ownStreams: 0,
    }
  }

  #takeOwnFields(fields: RowFields, row: number): void {
    const view = this.#view
    const record = this.#recordStarts[row]
    fields.ownAt = recordFieldsStart(view, record)
    fields.ownCount = recordFieldCount(view, record)
    fields.ownStreams = recordStreamFieldCount(view, record)
  }

  #layoutOf({ sharedAt, sharedCount, sharedStreams, ownAt, ownCount, ownStreams }: RowFields): RowLayout {
    const isStreamOf = new Map<string, boolean>()
    const add = (at: number, isStream: boolean): void => {
      const name = this.#nameAt(at)
      isStreamOf.set(name, isStream || isStreamOf.get(name) === true)
    }
    this.#visit(sharedAt, sharedCount, sharedStreams, add)
    this.#visit(ownAt, ownCount, ownStreams, add)
    return Array.from(isStreamOf, ([name, isStream]) => ({ name, isStream }))
  }

  // ---- columns ------------------------------------------------------------------------------------------------

  #makeMessages(): Column {
    const view = this.#view
    const recordStarts = this.#recordStarts
    const starts = new Uint32Array(this.rowCount)
    const lengths = new Uint32Array(this.rowCount)
    for (let row = 0; row < this.rowCount; row++) {
      starts[row] = recordMessageStart(recordStarts[row])
      lengths[row] = recordMessageLength(view, recordStarts[row])
    }
    return { data: this.#data, starts, lengths, kinds: null }
  }

  #makeLevelWords(): Column {
    const view = this.#view
    const recordStarts = this.#recordStarts
    const starts = new Uint32Array(this.rowCount)
    const lengths = new Uint32Array(this.rowCount)
    for (let row = 0; row < this.rowCount; row++) {
      const at = recordStarts[row]
      starts[row] = recordMessageStart(at) + recordMessageLength(view, at)
      lengths[row] = recordLevelWordLength(view, at)
    }
    return { data: this.#data, starts, lengths, kinds: null }
  }

  #makeColumn(name: string): Column | null {
    const nameBytes = utf8Encoder.encode(name)
    if (nameBytes.length === 0 || nameBytes.length > FIELD_NAME_BYTES_MAX) return null
    const column = this.#makeSentColumn(nameBytes)
    return name === TRUNCATED_FIELD ? this.#withTruncated(column) : column
  }

  /** Hot: a walk over the fields of every row. No object, closure or call that does not inline per record. */
  #makeSentColumn(name: Uint8Array): Column | null {
    const rowCount = this.rowCount
    const view = this.#view
    const recordStarts = this.#recordStarts
    const starts = new Uint32Array(rowCount)
    const lengths = new Uint32Array(rowCount)
    const kinds = new Uint8Array(rowCount)
    let present = 0
    let anyKind = 0
    for (const batch of this.#batches) {
      const shared = this.#findField(batchSharedStart(view, batch.at), batchSharedCount(view, batch.at), name)
      for (let row = batch.firstRow; row < batch.endRow; row++) {
        const record = recordStarts[row]
        let at = this.#findField(recordFieldsStart(view, record), recordFieldCount(view, record), name)
        if (at < 0) at = shared
        if (at < 0) {
          anyKind |= kinds[row] = FIELD_ABSENT
          continue
        }
        present++
        starts[row] = at + FIELD_HEADER_BYTES + name.length
        lengths[row] = fieldValueLength(view, at)
        anyKind |= kinds[row] = fieldKind(view, at)
      }
    }
    if (present === 0) return null
    return { data: this.#data, starts, lengths, kinds: anyKind === 0 ? null : kinds }
  }

  /** Where the field begins among `count` fields at `start`, or -1. */
  #findField(start: number, count: number, name: Uint8Array): number {
    const view = this.#view
    const data = this.#data
    const length = name.length
    const first = name[0]
    let at = start
    for (let index = 0; index < count; index++) {
      const isCandidate = fieldNameLength(view, at) === length && data[at + FIELD_HEADER_BYTES] === first
      if (isCandidate && isEqualAt(data, at + FIELD_HEADER_BYTES, name)) return at
      at += fieldLength(view, at)
    }
    return -1
  }

  /** The column of `_truncated`: `true` where the flag says so, over what senders sent under that name. */
  #withTruncated(sent: Column | null): Column | null {
    if (!this.flags.some((flags) => (flags & RECORD_FLAG_TRUNCATED) !== 0)) return sent
    const pieces: Uint8Array[] = [TRUE_BYTES]
    const starts = new Uint32Array(this.rowCount)
    const lengths = new Uint32Array(this.rowCount)
    const kinds = new Uint8Array(this.rowCount).fill(FIELD_ABSENT)
    let position = TRUE_BYTES.length
    for (let row = 0; row < this.rowCount; row++) {
      if (this.#isTruncated(row)) {
        lengths[row] = TRUE_BYTES.length
        kinds[row] = FIELD_TRUE
      } else if (sent !== null) {
        const value = sent.data.subarray(sent.starts[row], sent.starts[row] + sent.lengths[row])
        starts[row] = position
        lengths[row] = value.length
        kinds[row] = sent.kinds === null ? 0 : sent.kinds[row]
        position += value.length
        pieces.push(value)
      }
    }
    return { data: concat(pieces, position), starts, lengths, kinds }
  }

  #isTruncated(row: number): boolean {
    return (this.flags[row] & RECORD_FLAG_TRUNCATED) !== 0
  }

  // ---- rows ---------------------------------------------------------------------------------------------------

  #gatherFieldNames(): string[] {
    const names = new Set<string>()
    for (const batch of this.#batches) {
      this.#visitShared(batch.at, (at) => names.add(this.#nameAt(at)))
      for (let row = batch.firstRow; row < batch.endRow; row++) {
        this.#visitOwn(row, (at) => names.add(this.#nameAt(at)))
      }
    }
    if (this.flags.some((flags) => (flags & RECORD_FLAG_TRUNCATED) !== 0)) names.add(TRUNCATED_FIELD)
    return [...names]
  }

  /** All fields of a row: the shared ones, then its own. */
  #visitFields(row: number, visit: (at: number, isStream: boolean) => void): void {
    this.#visitShared(this.#batchOf(row).at, visit)
    this.#visitOwn(row, visit)
  }

  #visitShared(batchAt: number, visit: (at: number, isStream: boolean) => void): void {
    const view = this.#view
    const streamCount = batchSharedStreamCount(view, batchAt)
    this.#visit(batchSharedStart(view, batchAt), batchSharedCount(view, batchAt), streamCount, visit)
  }

  #visitOwn(row: number, visit: (at: number, isStream: boolean) => void): void {
    const view = this.#view
    const record = this.#recordStarts[row]
    const streamCount = recordStreamFieldCount(view, record)
    this.#visit(recordFieldsStart(view, record), recordFieldCount(view, record), streamCount, visit)
  }

  #visit(
    start: number,
    count: number,
    streamCount: number,
    visit: (at: number, isStream: boolean) => void,
  ): void {
    let at = start
    for (let index = 0; index < count; index++) {
      visit(at, index < streamCount)
      at += fieldLength(this.#view, at)
    }
  }

  #batchOf(row: number): BatchRows {
    let low = 0
    let high = this.#batches.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#batches[middle].endRow <= row) low = middle + 1
      else high = middle
    }
    const batch = this.#batches[low]
    assert(batch !== undefined && row >= batch.firstRow && row < batch.endRow, `no row ${row} in the block`)
    return batch
  }

  #nameAt(at: number): string {
    return this.#names.text(at + FIELD_HEADER_BYTES, fieldNameLength(this.#view, at))
  }

  #fieldAt(at: number, name: string): Omit<BlockField, 'isStream'> {
    const start = at + FIELD_HEADER_BYTES + fieldNameLength(this.#view, at)
    const value = this.#data.subarray(start, start + fieldValueLength(this.#view, at))
    return { name, kind: fieldKind(this.#view, at), value }
  }
}

const NAME_SLOTS = 256

/**
 * Field names as strings. A cache with one name a slot, so that the few names of usual records are decoded once, and
 * names that were made to collide cost no more than decoding them.
 */
class NameTable {
  readonly #data: Uint8Array
  readonly #starts = new Uint32Array(NAME_SLOTS)
  readonly #lengths = new Uint8Array(NAME_SLOTS)
  readonly #texts: string[] = new Array<string>(NAME_SLOTS).fill('')

  constructor(data: Uint8Array) {
    this.#data = data
  }

  text(start: number, length: number): string {
    const data = this.#data
    let hash = length
    for (let at = start; at < start + length; at++) hash = (Math.imul(hash, 31) + data[at]) | 0
    const slot = (hash ^ (hash >>> 8)) & (NAME_SLOTS - 1)
    if (this.#lengths[slot] === length && isEqualWithin(data, this.#starts[slot], start, length)) {
      return this.#texts[slot]
    }
    this.#starts[slot] = start
    this.#lengths[slot] = length
    // A decoder does not take shared memory, and a Buffer's own slice would not copy.
    this.#texts[slot] = utf8Decoder.decode(new Uint8Array(data.subarray(start, start + length)))
    return this.#texts[slot]
  }
}

function isEqualAt(data: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++) {
    if (data[at + index] !== expected[index]) return false
  }
  return true
}

function isEqualWithin(data: Uint8Array, left: number, right: number, length: number): boolean {
  for (let index = 0; index < length; index++) {
    if (data[left + index] !== data[right + index]) return false
  }
  return true
}

function concat(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length)
  let position = 0
  for (const piece of pieces) {
    joined.set(piece, position)
    position += piece.length
  }
  return joined
}
