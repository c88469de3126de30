/**
 * The records of a part that does not belong to the store, as batches that it can append (record/batch.ts). Runs in a
 * worker thread; takes and gives plain data.
 *
 *   part file -> block -> columns (block/content-of-blocks.ts) -> batches of about a mebibyte, each with a key
 *
 * Invariants:
 *  - the file may be anybody's: what is read was checked, what a block may grow to in memory is bounded before it does,
 *    and a batch that is answered is one that `checkBatch` passes. What is damaged is an answer.
 *  - which rows make a batch follows from the file and `batchBytesMax` alone, and so does its idempotency key: `part:`,
 *    the SHA-256 of the file, number of the block, first row. Whoever appends a batch again stores it once.
 *  - a row keeps its time, level, message, fields and streams, and the order in which rows lie. Its id and receivedTime
 *    are given anew.
 */
import {
  CodedError,
  type Disk,
  isCodedError,
  messageOf,
  type Transferring,
  transferring,
} from '../base/base.ts'
import {
  BATCH_BYTES_MAX,
  BatchEncoder,
  checkBatch,
  FIELD_HEADER_BYTES,
  FIELD_NAME_BYTES_MAX,
  FIELD_STRING,
  LEVEL_WORD_BYTES_MAX,
  RECORD_ENCODED_BYTES_MAX,
  RECORD_FIELDS_MAX,
  RECORD_HEADER_BYTES,
} from '../record/record.ts'
import type { BlockContent, FieldContent } from './block/block-content.ts'
import { COLUMN_MESSAGE, FORM_TEMPLATES } from './block/block-layout.ts'
import { contentOfBlocks } from './block/content-of-blocks.ts'
import type { StoredBlock } from './block/stored-block.ts'
import type { StoredPart } from './block/stored-part.ts'
import { partCorrupt } from './columns/byte-source.ts'
import { hashFile } from './hash-file.ts'
import type { HeldPart } from './held-part.ts'
import { PartCache } from './part-cache.ts'

/** What is known of a file of a part once it was opened. Times in milliseconds, both inclusive. */
export interface PartFacts {
  readonly sha256: string
  readonly bytes: number
  readonly blocks: number
  readonly records: number
  readonly firstId: number
  readonly endId: number
  readonly timeMsMin: number
  readonly timeMsMax: number
}

export interface RecordsJob {
  readonly held: HeldPart
  /** Where to go on. */
  readonly block: number
  readonly row: number
  /** Blocks that are left out. */
  readonly without: readonly number[]
  /** Of a batch that has more than one record. */
  readonly batchBytesMax: number
  /** When it has so many bytes of batches, it answers. */
  readonly pieceBytes: number
  /** What keys of batches begin with. */
  readonly key: string
  readonly receivedMs: number
  /** Only whether it could be done: no batches are answered. */
  readonly isTrial: boolean
}

/** A block that cannot be read. Ids are those of the file, inclusive. */
export interface DamagedBlock {
  readonly block: number
  readonly fromId: number
  readonly toId: number
  readonly reason: string
}

export interface RecordPiece {
  /** Batches end to end. */
  readonly batches: Uint8Array
  /** In them. */
  readonly records: number
  /** Records that no batch can hold. */
  readonly tooLarge: number
  readonly damage: readonly DamagedBlock[]
  /** Where to go on; null: that was all. */
  readonly next: { readonly block: number; readonly row: number } | null
}

const CACHE = { bytesMax: 4 * 1024 * 1024, filesMax: 0 }
/** Values of one block. A store's own blocks have at most some 20 MiB. */
const BLOCK_BYTES_MAX = 256 * 1024 * 1024
/** In reports of one piece. */
const DAMAGE_MAX = 1000

const NOTHING = new Uint32Array(0)
const utf8 = new TextEncoder()

// ---- the file ---------------------------------------------------------------------------------------------------

/** PART_CORRUPT, FORMAT_VERSION, STORE_CLOSED where it was cancelled, errors of the disk. */
export function inspectPart(
  disk: Disk,
  { path }: { readonly path: string },
  isCancelled: () => boolean,
): PartFacts {
  const { sha256, bytes } = identityOf(disk, path, isCancelled)
  const cache = new PartCache(disk, CACHE)
  try {
    return cache.using(strangerPart(path), (part) => ({ sha256, bytes, ...factsOf(part) }))
  } finally {
    cache.close()
  }
}

/** A file as the readers of parts take it, before anything is known of it. */
function strangerPart(path: string): HeldPart {
  return {
    number: 0,
    path,
    deletesPath: null,
    deletedRecords: 0,
    records: 0,
    bytes: 0,
    compression: 1,
    firstId: 0,
    endId: 0,
    timeMsMin: 0,
    timeMsMax: 0,
  }
}

export const heldStranger = (path: string, facts: PartFacts): HeldPart => ({
  ...strangerPart(path),
  records: facts.records,
  bytes: facts.bytes,
  firstId: facts.firstId,
  endId: facts.endId,
  timeMsMin: facts.timeMsMin,
  timeMsMax: facts.timeMsMax,
})

function identityOf(disk: Disk, path: string, isCancelled: () => boolean): { sha256: string; bytes: number } {
  const file = disk.openSync(path)
  try {
    return { sha256: hashFile(file, () => checkCancelled(isCancelled)), bytes: file.bytes }
  } finally {
    file.closeSync()
  }
}

function factsOf(part: StoredPart): Omit<PartFacts, 'sha256' | 'bytes'> {
  const all = Array.from({ length: part.blockCount }, (_, block) => part.facts(block))
  return {
    blocks: all.length,
    records: all.reduce((sum, { rowCount }) => sum + rowCount, 0),
    firstId: all.reduce((least, { firstId }) => Math.min(least, firstId), Number.MAX_SAFE_INTEGER),
    endId: all.reduce((most, { lastId }) => Math.max(most, lastId + 1), 0),
    timeMsMin: all.reduce((least, { timeMsMin }) => Math.min(least, timeMsMin), Number.POSITIVE_INFINITY),
    timeMsMax: all.reduce((most, { timeMsMax }) => Math.max(most, timeMsMax), Number.NEGATIVE_INFINITY),
  }
}

// ---- its records ------------------------------------------------------------------------------------------------

/**
 * The next records as a RecordPiece. FORMAT_VERSION, PART_CORRUPT where the part cannot be opened, STORE_CLOSED where it
 * was cancelled, errors of the disk.
 */
export function readRecords(disk: Disk, job: RecordsJob, isCancelled: () => boolean): Transferring {
  const cache = new PartCache(disk, CACHE)
  try {
    const piece = cache.using(job.held, (part) => new RecordReading(part, job).run(isCancelled))
    return transferring(piece, [piece.batches.buffer])
  } finally {
    cache.close()
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

class RecordReading {
  readonly #part: StoredPart
  readonly #job: RecordsJob
  readonly #encoder = new BatchEncoder()
  readonly #damage: DamagedBlock[] = []
  /** Batches end to end; nothing of a trial. */
  #batches = new Uint8Array(0)
  #bytes = 0
  #records = 0
  #tooLarge = 0

  constructor(part: StoredPart, job: RecordsJob) {
    this.#part = part
    this.#job = job
  }

  run(isCancelled: () => boolean): RecordPiece & { readonly batches: Uint8Array<ArrayBuffer> } {
    const at: Mutable<NonNullable<RecordPiece['next']>> = { block: this.#job.block, row: this.#job.row }
    while (at.block < this.#part.blockCount && this.#bytes < this.#job.pieceBytes) {
      checkCancelled(isCancelled)
      if (this.#job.without.includes(at.block)) {
        at.block++
        continue
      }
      const before = this.#sums()
      try {
        at.row = this.#part.decode(() => this.#readBlock(at.block, at.row))
      } catch (error) {
        if (!isCodedError(error, 'PART_CORRUPT')) throw error
        // Of a damaged block nothing goes: which rows of it are right, nobody knows.
        this.#bytes = before.bytes
        this.#records = before.records
        this.#tooLarge = before.tooLarge
        this.#noteDamage(at.block, messageOf(error))
        at.row = 0
      }
      if (at.row === 0) at.block++
    }
    return {
      batches: this.#batches.subarray(0, this.#job.isTrial ? 0 : this.#bytes),
      records: this.#records,
      tooLarge: this.#tooLarge,
      damage: this.#damage,
      next: at.block < this.#part.blockCount ? at : null,
    }
  }

  #sums(): { bytes: number; records: number; tooLarge: number } {
    return { bytes: this.#bytes, records: this.#records, tooLarge: this.#tooLarge }
  }

  #noteDamage(block: number, reason: string): void {
    if (this.#damage.length >= DAMAGE_MAX) return
    const { firstId, lastId } = this.#part.facts(block)
    this.#damage.push({ block, fromId: firstId, toId: lastId, reason })
  }

  /** Answers the row to go on with; 0: the block is done. PART_CORRUPT. */
  #readBlock(number: number, fromRow: number): number {
    const block = this.#part.blockAlone(number)
    checkBlockBytes(this.#part, block, number)
    block.checkIds()
    const walk = new RowWalk(contentOfBlocks([{ block, names: this.#part.names, deleted: null }]))
    let row = fromRow
    while (row < block.rowCount) {
      if (this.#bytes >= this.#job.pieceBytes) return row
      row = this.#encodeBatch(walk, number, row)
    }
    return 0
  }

  /** Answers the first row that is not in it. */
  #encodeBatch(walk: RowWalk, block: number, firstRow: number): number {
    const encoder = this.#encoder
    const { batchBytesMax, key, receivedMs } = this.#job
    const { rowCount } = walk.content
    encoder.reset(receivedMs, 0)
    encoder.setKey(utf8.encode(`${key}:${block}:${firstRow}`))
    walk.moveTo(firstRow)
    if (!walk.fitsRecord()) return this.#encodeAlone(walk, firstRow)
    let row = firstRow
    for (; row < rowCount; row++) {
      walk.moveTo(row)
      if (!walk.fitsRecord()) break
      walk.putRecord(encoder, 0)
      if (encoder.position <= batchBytesMax || row === firstRow) continue
      encoder.abandonRecord()
      break
    }
    this.#take(encoder, row)
    return row
  }

  /** A record with more bytes or fields than one can have by itself: it had shared ones, and gets some. */
  #encodeAlone(walk: RowWalk, row: number): number {
    const encoder = this.#encoder
    const sharedFields = walk.shareFirst(encoder)
    if (sharedFields === null) this.#tooLarge++
    else {
      walk.putRecord(encoder, sharedFields)
      this.#take(encoder, row + 1)
    }
    return row + 1
  }

  #take(encoder: BatchEncoder, endRow: number): void {
    const batch = encoder.finish()
    if (batch.length > BATCH_BYTES_MAX) {
      this.#tooLarge += encoder.count
      return
    }
    const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
    const problem = checkBatch(view, 0, batch.length)
    if (problem !== null) throw partCorrupt(`before row ${endRow} are no records: ${problem}`)
    if (!this.#job.isTrial) this.#append(batch)
    this.#records += encoder.count
    this.#bytes += batch.length
  }

  #append(batch: Uint8Array): void {
    const end = this.#bytes + batch.length
    if (end > this.#batches.length) {
      const larger = new Uint8Array(Math.max(end, this.#batches.length * 2))
      larger.set(this.#batches.subarray(0, this.#bytes))
      this.#batches = larger
    }
    this.#batches.set(batch, this.#bytes)
  }
}

// ---- rows -------------------------------------------------------------------------------------------------------

interface RowField {
  readonly name: Uint8Array
  readonly nameView: DataView
  readonly content: FieldContent
}

/** Walks the rows of a block, each to be written as a record. Rows are asked for in ascending order, or again. */
class RowWalk {
  readonly content: BlockContent
  readonly #view: DataView
  readonly #fields: readonly RowField[]
  /** Of each layout its fields, those of the stream first, as an encoder wants them. */
  readonly #layouts: readonly (readonly number[])[]
  /** By field: how many rows before the next one have it, which is the place of its next value. */
  readonly #next: Uint32Array
  #row = -1
  #layout: readonly number[] = []
  /** Of the row: the place of each value, in the order of its layout, and the bytes of its field. */
  #places: Uint32Array
  #bytes: Float64Array

  constructor(content: BlockContent) {
    const { data, fields, layouts } = content
    this.content = content
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    this.#fields = fields.map(rowField)
    this.#layouts = layouts.map((layout) => [
      ...layout.filter((entry) => (entry & 1) === 1),
      ...layout.filter((entry) => (entry & 1) === 0),
    ])
    const longest = this.#layouts.reduce((most, { length }) => Math.max(most, length), 0)
    this.#next = new Uint32Array(fields.length)
    this.#places = new Uint32Array(longest)
    this.#bytes = new Float64Array(longest)
  }

  /** PART_CORRUPT. */
  moveTo(row: number): void {
    const { levelWords } = this.content
    while (this.#row < row) this.#load(++this.#row)
    if (levelWords.lengths[row] > LEVEL_WORD_BYTES_MAX) throw partCorrupt('a level word is too long')
  }

  /** Hot: every row once. */
  #load(row: number): void {
    const layout = this.#layouts[this.content.rowLayouts[row]]
    const next = this.#next
    this.#layout = layout
    for (let at = 0; at < layout.length; at++) {
      const number = layout[at] >> 1
      const { name, content } = this.#fields[number]
      const place = next[number]++
      if (place >= content.starts.length) throw partCorrupt('a field has other rows than its layouts say')
      this.#places[at] = place
      this.#bytes[at] = FIELD_HEADER_BYTES + name.length + content.lengths[place]
    }
  }

  #headBytes(): number {
    const { messages, levelWords } = this.content
    return RECORD_HEADER_BYTES + messages.lengths[this.#row] + levelWords.lengths[this.#row]
  }

  /** Whether the row is a record without shared fields. */
  fitsRecord(): boolean {
    return this.#layout.length <= RECORD_FIELDS_MAX && this.#firstOwn() === 0
  }

  /** The first field from which on all fit into the record; null: its message alone does not. */
  #firstOwn(): number | null {
    let bytes = this.#headBytes()
    if (bytes > RECORD_ENCODED_BYTES_MAX) return null
    let first = this.#layout.length
    while (first > Math.max(0, this.#layout.length - RECORD_FIELDS_MAX)) {
      bytes += this.#bytes[first - 1]
      if (bytes > RECORD_ENCODED_BYTES_MAX) break
      first--
    }
    return first
  }

  /** Gives the fields that the record has no room for to its batch; how many. Null: both together have none. */
  shareFirst(encoder: BatchEncoder): number | null {
    const first = this.#firstOwn()
    if (first === null || first > RECORD_FIELDS_MAX) return null
    let bytes = 0
    for (let at = 0; at < first; at++) bytes += this.#bytes[at]
    if (bytes > BATCH_BYTES_MAX) return null
    for (let at = 0; at < first; at++) this.#shareField(encoder, at)
    return first
  }

  #shareField(encoder: BatchEncoder, at: number): void {
    const entry = this.#layout[at]
    const place = this.#places[at]
    const { content } = this.#fields[entry >> 1]
    const start = content.starts[place]
    const value = this.content.data.subarray(start, start + content.lengths[place])
    encoder.shareField(content.name, value, content.kinds?.[place] ?? FIELD_STRING, (entry & 1) === 1)
  }

  /** Hot. Writes the row, without its first fields. */
  putRecord(encoder: BatchEncoder, firstField: number): void {
    const { content } = this
    const { messages, levelWords, data } = content
    const row = this.#row
    const start = messages.starts[row]
    encoder.beginRecord()
    encoder.putMessageFrom(this.#view, start, start + messages.lengths[row])
    const wordStart = levelWords.starts[row]
    const wordLength = levelWords.lengths[row]
    if (wordLength > 0) encoder.putLevelWord(data.subarray(wordStart, wordStart + wordLength))
    for (let at = firstField; at < this.#layout.length; at++) this.#putField(encoder, at)
    encoder.endRecord(content.severities[row], content.flags[row], content.timesMs[row], content.timesNs[row])
  }

  #putField(encoder: BatchEncoder, at: number): void {
    const entry = this.#layout[at]
    const place = this.#places[at]
    const { name, nameView, content } = this.#fields[entry >> 1]
    const { starts, lengths, kinds } = content
    const kind = kinds === null ? FIELD_STRING : kinds[place]
    const start = starts[place]
    const isStream = (entry & 1) === 1
    encoder.putFieldFrom(nameView, 0, name.length, this.#view, start, start + lengths[place], kind, isStream)
  }
}

function rowField(content: FieldContent): RowField {
  const name = utf8.encode(content.name)
  if (name.length === 0 || name.length > FIELD_NAME_BYTES_MAX)
    throw partCorrupt(`a field has a name of ${name.length} bytes`)
  return { name, nameView: new DataView(name.buffer, name.byteOffset, name.byteLength), content }
}

// ---- what a file of somebody else may not do --------------------------------------------------------------------

/** How much memory a block takes as columns: a few bytes in the file may stand for any number. PART_CORRUPT. */
function checkBlockBytes(part: StoredPart, block: StoredBlock, number: number): void {
  const strings = part.file.openBlock(number)
  let bytes = strings.slots.reduce((total, slot) => total + (strings.bytesOf(slot) ?? 0), 0)
  for (const { column, numbers, rowCounts } of part.blockTemplates(number)) {
    const isText = column === COLUMN_MESSAGE || block.facts.fields[column - 1]?.form === FORM_TEMPLATES
    if (!isText) throw partCorrupt(`column ${column} has templates, and is no text`)
    const text = block.text(column)
    bytes += sum(text.plainValues()?.lengths)
    for (let place = 0; place < numbers.length && bytes <= BLOCK_BYTES_MAX; place++) {
      bytes += part.templates[numbers[place]].text.length * rowCounts[place]
      for (const { lengths } of text.slotValues(place)) bytes += sum(lengths)
    }
  }
  if (bytes > BLOCK_BYTES_MAX) throw partCorrupt(`block ${number} would take more than 256 MiB`)
}

function sum(lengths: Uint32Array = NOTHING): number {
  let total = 0
  for (let place = 0; place < lengths.length; place++) total += lengths[place]
  return total
}

function checkCancelled(isCancelled: () => boolean): void {
  if (isCancelled()) throw new CodedError('STORE_CLOSED', 'The import was stopped.')
}
