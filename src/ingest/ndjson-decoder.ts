/**
 * NDJSON without sockets: bytes in, canonical batches out. A line is one JSON object and becomes one record; nothing
 * is made per record but bytes.
 *
 *   decoder.push(chunk, arrivalMs, arrivalNs)
 *   while ((batch = decoder.next()) !== null) …
 *   decoder.end(true, …) at the end of the stream, and next() again; then decoder.counters and decoder.refusals
 *
 * A line is taken when JSON.parse would take it, within the limits; a line that is not is refused alone. Members
 * become fields with the JSON type kept: nested objects dotted names, arrays and `{}` JSON text without the spaces
 * between their parts, numbers the text they had. Of members with one name the last counts.
 *
 *  - time: the first of the time fields that is neither "", "0", "-", null nor absent; otherwise the arrival. One that
 *    cannot be read refuses the line.
 *  - message: the first of the message fields that is not empty; otherwise MISSING_MESSAGE.
 *  - level: the member `level`, its word kept; 10 to 60 as pino and bunyan write them. An unknown word is kept too,
 *    without a severity.
 *  - text stays the bytes that came, valid UTF-8 or not; half a surrogate pair (`\ud800`) becomes U+FFFD.
 *  - a byte order mark is skipped at the very beginning and refused elsewhere; lines of spaces only do not count.
 *  - `_id`, `_stream`, `_stream_id`, `_truncated`, and `_time` and `_msg` where another field won, are not kept:
 *    queries give these names their own meaning.
 *
 * Invariants:
 *  - the records, joined, and the refusals are the same however the bytes are cut into chunks.
 *  - a batch never outlives the chunk that it came from, and is valid until the next call of `next`.
 *  - a line that is too long for a record never takes more memory than a line may.
 *
 * A line of a shape that was met before takes a shorter way with the same result: the kernel's (ndjson-kernel-reader.ts),
 * or that of its twin (ndjson-shape-reader.ts), which is three times as fast as the long one. Every other line, and
 * everything that is refused, is read here.
 *
 * Not here: who may write, compression, and what is answered.
 */
import { assert } from '../base/base.ts'
import {
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  RECORD_ENCODED_BYTES_MAX,
  RECORD_FIELDS_MAX,
  RECORD_FLAG_SENDER_TIME,
  RECORD_HEADER_BYTES,
} from '../record/record.ts'
import {
  CLOSING_BRACE,
  COLON,
  COMMA,
  INVALID,
  JsonScanner,
  OPENING_BRACE,
  OPENING_BRACKET,
  QUOTE,
  SLACK_BYTES,
  startsNumber,
} from './json-scanner.ts'
import { LineCarry } from './line-carry.ts'
import { NdjsonKernelReader } from './ndjson-kernel-reader.ts'
import { NdjsonLevel } from './ndjson-level.ts'
import {
  NAME_EMPTY,
  NAME_TOO_LONG,
  type NdjsonFieldOptions,
  type NdjsonNames,
  ROLE_FIELD,
  ROLE_IGNORED,
  SLOT_LEVEL,
} from './ndjson-names.ts'
import {
  type NdjsonLimits,
  type NdjsonReason,
  type NdjsonRefusal,
  newNdjsonCounters,
} from './ndjson-refusals.ts'
import { NdjsonShapeReader, UNKNOWN } from './ndjson-shape-reader.ts'
import type { NdjsonShapes } from './ndjson-shapes.ts'
import { AS_IT_IS, COMPACT, kindOfLiteral, NdjsonSpans, UNESCAPE } from './ndjson-spans.ts'
import { NdjsonText } from './ndjson-text.ts'
import { NdjsonTime } from './ndjson-time.ts'
import type { NdjsonWorkspace } from './ndjson-workspace.ts'

export interface NdjsonOptions extends NdjsonFieldOptions {
  /** Bytes of one message (`record.bytesMax`). */
  readonly recordBytesMax: number
  /** Bytes of one encoded batch. A record that does not fit into one is refused. */
  readonly batchBytesMax: number
  /** Bytes of one line. Default RECORD_ENCODED_BYTES_MAX. */
  readonly lineBytesMax?: number
  /** Fields of one record. Default and ceiling RECORD_FIELDS_MAX. */
  readonly fieldsMax?: number
  /** How many arrays and objects may be open at once, the line's own included. Default 32. */
  readonly depthMax?: number
  /** How many refusals are kept; all are counted. Default 100. */
  readonly refusalsMax?: number
  /** Batch n has the key `<idempotencyKey>#<n>`. At most 200 bytes. */
  readonly idempotencyKey?: string
}

export interface NdjsonBatch {
  /** A canonical batch of `count` records. */
  readonly bytes: Uint8Array
  readonly count: number
}

/** The message of a record that came without one. */
export const MISSING_MESSAGE = '(no message)'
const NDJSON_DEPTH_MAX_DEFAULT = 32
const REFUSALS_MAX_DEFAULT = 100

const NOTHING = Buffer.alloc(0)
const NO_BYTES = new Uint8Array(0)
const MISSING_MESSAGE_BYTES = new TextEncoder().encode(MISSING_MESSAGE)
const NEWLINE = 0x0a
const MINUS = 0x2d
const ZERO = 0x30
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/** See json-scanner.ts: an imported name would be looked up for each line. */
const NO_SHAPE = UNKNOWN
/** Instead of where the next line begins: the line is to be shown again. */
const HELD_LINE = -2

/** What became of a line: done with, or to be shown again after the batch was closed. */
type LineOutcome = typeof TAKEN | typeof HELD
const TAKEN = 0
const HELD = 1

export class NdjsonDecoder {
  readonly counters = newNdjsonCounters()
  readonly limits: NdjsonLimits
  readonly #workspace: NdjsonWorkspace
  readonly #names: NdjsonNames
  readonly #shapes: NdjsonShapes
  readonly #scanner: JsonScanner
  readonly #carry: LineCarry
  readonly #batchBytesMax: number
  readonly #refusalsMax: number
  readonly #idempotencyKey: string | undefined
  #batches = 0
  readonly #refusals: NdjsonRefusal[] = []
  readonly #time = new NdjsonTime()
  readonly #level = new NdjsonLevel()
  /** The values of the line. */
  readonly #spans: NdjsonSpans
  readonly #text: NdjsonText
  readonly #shapeReader: NdjsonShapeReader
  /** Null where there is no kernel. */
  #kernelReader: NdjsonKernelReader | null = null
  #reason: NdjsonReason = 'badJson'
  /** Behind the closing quote of the key that `#findKey` read. */
  #keyEnd = 0
  #flags = 0
  #chunk: Buffer = NOTHING
  #chunkBytes: Uint8Array = NO_BYTES
  #chunkView: DataView = new DataView(NOTHING.buffer, 0, 0)
  #at = 0
  /** The reader of shapes has seen the line that is read, and knows no shape for it. */
  #isUnknown = false
  /** The last newline of the chunk that the reader of shapes may come to, -1 when there is none. */
  #shapesEnd = -1
  #arrivalMs = 0
  #arrivalNs = 0
  /** The rest of a line that was too long is on its way. */
  #isDiscarding = false
  #isOpen = false
  #ending: 'no' | 'whole' | 'broken' | 'done' = 'no'

  constructor(workspace: NdjsonWorkspace, options: NdjsonOptions) {
    const fieldsMax = Math.min(options.fieldsMax ?? RECORD_FIELDS_MAX, RECORD_FIELDS_MAX)
    this.limits = {
      recordBytesMax: options.recordBytesMax,
      lineBytesMax: options.lineBytesMax ?? RECORD_ENCODED_BYTES_MAX,
      fieldsMax,
      depthMax: options.depthMax ?? NDJSON_DEPTH_MAX_DEFAULT,
    }
    this.#workspace = workspace
    this.#batchBytesMax = options.batchBytesMax
    this.#refusalsMax = options.refusalsMax ?? REFUSALS_MAX_DEFAULT
    this.#idempotencyKey = options.idempotencyKey
    const vocabulary = workspace.vocabularyFor(options)
    this.#names = vocabulary.names
    this.#shapes = vocabulary.shapes
    this.#scanner = new JsonScanner(this.limits.depthMax)
    // One more for the newline that ends a last line.
    this.#carry = new LineCarry(this.limits.lineBytesMax + 1, workspace.halfLines)
    this.#spans = new NdjsonSpans(fieldsMax, this.#names.slotCount)
    this.#text = new NdjsonText(this.#scanner, this.#spans, workspace)
    this.#shapeReader = new NdjsonShapeReader({
      workspace,
      vocabulary,
      limits: this.limits,
      scanner: this.#scanner,
      spans: this.#spans,
      text: this.#text,
      time: this.#time,
      level: this.#level,
    })
    const { kernel } = workspace
    const { arena } = this.#shapes
    if (kernel !== null && arena !== null)
      this.#kernelReader = new NdjsonKernelReader(kernel, arena, this.limits)
  }

  /** The first lines that were refused, in order. */
  get refusals(): readonly NdjsonRefusal[] {
    return this.#refusals
  }

  /** Bytes of a line whose end has not come. */
  get heldBytes(): number {
    return this.#carry.length
  }

  /** Hands over bytes, after `next` returned null. They must not change until it does so again. */
  push(chunk: Uint8Array, arrivalMs: number, arrivalNs: number): void {
    assert(this.#at === this.#chunk.length, 'the chunk before was not read to its end')
    assert(this.#ending === 'no', 'bytes after the end')
    this.#chunk = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    this.#chunkBytes = plainOf(chunk)
    this.#chunkView = new DataView(chunk.buffer, chunk.byteOffset, chunk.length)
    this.#at = 0
    this.#shapesEnd = shapesEndOf(this.#chunk)
    this.#arrivalMs = arrivalMs
    this.#arrivalNs = arrivalNs
  }

  /**
   * Nothing more will come. A line without its newline counts when the sender ended the stream (`isWhole`); when the
   * connection broke off, it does not: it may lack its end.
   */
  end(isWhole: boolean, arrivalMs: number, arrivalNs: number): void {
    if (this.#ending !== 'no') return
    this.#ending = isWhole ? 'whole' : 'broken'
    this.#arrivalMs = arrivalMs
    this.#arrivalNs = arrivalNs
  }

  /** The next records, or null when more bytes are needed. */
  next(): NdjsonBatch | null {
    this.#isOpen = false
    this.#readLines()
    const { encoder } = this.#workspace
    if (!this.#isOpen || encoder.count === 0) return null
    this.#batches++
    return { bytes: encoder.finish(), count: encoder.count }
  }

  #setKey(): void {
    if (this.#idempotencyKey === undefined) return
    this.#workspace.encoder.setKey(Buffer.from(`${this.#idempotencyKey}#${this.#batches + 1}`))
  }

  // ---- lines --------------------------------------------------------------------------------------------------

  /** Reads lines until the chunk is used up or the batch is full. */
  #readLines(): void {
    if (this.#isDiscarding) this.#discard()
    if (this.#carry.length > 0) this.#readCarriedLine()
    if (this.#readChunkLines() === HELD) return
    this.#keepRest()
    this.#readLastLine()
  }

  /** Drops bytes up to the end of the line that was refused. */
  #discard(): void {
    const newline = this.#chunk.indexOf(NEWLINE, this.#at)
    this.#isDiscarding = newline < 0
    this.#at = newline < 0 ? this.#chunk.length : newline + 1
  }

  /** Completes the line that began in an earlier chunk, if its end is here. It is the first of its batch. */
  #readCarriedLine(): void {
    const newline = this.#chunk.indexOf(NEWLINE, this.#at)
    if (newline < 0) return
    if (!this.#carryUpTo(newline + 1)) return
    this.#readCarry()
  }

  /** Adds bytes of the chunk to the carry; false when the line that they belong to was refused instead. */
  #carryUpTo(end: number): boolean {
    let problem: NdjsonReason | null = null
    if (end - this.#at > this.#carry.room) problem = 'lineTooLong'
    else if (!this.#carry.append(this.#chunk, this.#at, end)) problem = 'overload'
    if (problem !== null) this.#dropLine(problem)
    else this.#at = end
    return problem === null
  }

  /** The carry holds a line and its newline. */
  #readCarry(): void {
    const carry = this.#carry
    this.#setBytes(plainOf(carry.bytes), carry.view)
    const hasSlack = carry.length + SLACK_BYTES <= carry.bytes.length
    const next = hasSlack ? this.#readKnownLine(0) : NO_SHAPE
    const isHeld = next === NO_SHAPE ? this.#readLine(0, carry.length - 1) === HELD : next === HELD_LINE
    assert(!isHeld, 'the first line of a batch is never held back')
    carry.clear()
  }

  /** Refuses a line whose end is not known yet. */
  #dropLine(reason: NdjsonReason): void {
    this.#carry.clear()
    this.counters.lines++
    this.#refuse(reason, 0)
    this.#isDiscarding = true
    this.#discard()
  }

  /** Lines of known shapes, and between them those that have none. */
  #readChunkLines(): LineOutcome {
    if (this.#carry.length > 0) return TAKEN
    const chunk = this.#chunk
    this.#setBytes(this.#chunkBytes, this.#chunkView)
    this.#beginKernel()
    for (;;) {
      if (this.#readKnownLines() === HELD) return HELD
      const newline = chunk.indexOf(NEWLINE, this.#at)
      if (newline < 0) return TAKEN
      if (this.#readLine(this.#at, newline) === HELD) return HELD
      this.#at = newline + 1
    }
  }

  /** The hot loop: lines up to the first that has no known shape. */
  #readKnownLines(): LineOutcome {
    const linesBefore = this.counters.lines
    const end = this.#shapesEnd
    let outcome: LineOutcome = TAKEN
    for (;;) {
      if (this.#kernelReader !== null) this.#readKernelLines(this.#kernelReader)
      if (this.#at > end) break
      const next = this.#readKnownLine(this.#at)
      if (next < 0) {
        if (next === HELD_LINE) outcome = HELD
        break
      }
      this.#at = next
    }
    this.#shapes.earn(this.counters.lines - linesBefore)
    return outcome
  }

  #beginKernel(): void {
    if (this.#kernelReader?.isOver === true) this.#kernelReader = null
    this.#kernelReader?.begin(this.#chunk, this.#arrivalMs, this.#arrivalNs)
  }

  /** Lines up to the first that the kernel does not take. */
  #readKernelLines(reader: NdjsonKernelReader): void {
    this.#open()
    this.#at = reader.readLines(this.#at, this.#workspace.encoder, this.#batchBytesMax)
    this.counters.lines += reader.records
    this.counters.records += reader.records
    this.#isUnknown = false
  }

  /** Reads the line at `start` of the scanner's bytes if it has a known shape: behind it, NO_SHAPE or HELD_LINE. */
  #readKnownLine(start: number): number {
    const reader = this.#shapeReader
    const next = reader.readLine(start)
    this.#isUnknown = next === NO_SHAPE
    if (next === NO_SHAPE) return NO_SHAPE
    this.#open()
    const { encoder } = this.#workspace
    if (reader.putRecord(encoder, this.#batchBytesMax, this.#arrivalMs, this.#arrivalNs)) {
      this.counters.lines++
      this.counters.records++
      return next
    }
    reader.restoreSpans()
    return this.#putRecord() === HELD ? HELD_LINE : next
  }

  /** The memory of the lines that are read next. */
  #setBytes(bytes: Uint8Array, view: DataView): void {
    this.#scanner.setBytes(bytes, view)
    this.#shapeReader.begin()
    this.#isUnknown = false
  }

  /** Keeps the beginning of a line for the next chunk; a line of `lineBytesMax` bytes may still be right. */
  #keepRest(): void {
    if (this.#at === this.#chunk.length) return
    if (this.#carryUpTo(this.#chunk.length) && this.#carry.room === 0) this.#dropLine('lineTooLong')
  }

  /** The line that no newline ended, once nothing more comes. */
  #readLastLine(): void {
    if (this.#ending !== 'whole' && this.#ending !== 'broken') return
    const isWhole = this.#ending === 'whole'
    if (this.#isOpen && this.#workspace.encoder.count > 0) return
    this.#ending = 'done'
    if (this.#carry.length === 0) return
    if (!isWhole) {
      this.counters.unfinishedLines++
      this.#carry.clear()
    } else if (this.#carry.append(Buffer.of(NEWLINE), 0, 1)) this.#readCarry()
    else this.#dropLine('overload')
  }

  // ---- one line -----------------------------------------------------------------------------------------------

  /** A line of the scanner's bytes; a newline stands at `end`. */
  #readLine(start: number, end: number): LineOutcome {
    if (end - start > this.limits.lineBytesMax) return this.#endRefused('lineTooLong', 0)
    const scanner = this.#scanner
    const first = this.counters.lines === 0 ? this.#skipByteOrderMark(start) : start
    const at = scanner.skipSpaces(first)
    if (at === end) return this.#endEmpty()
    scanner.isTooDeep = false
    this.#reason = 'badJson'
    if (scanner.bytes[at] !== OPENING_BRACE) return this.#refuseOther(at, start, end)
    if (this.#names.beginLine()) this.#shapes.clear()
    this.#spans.clear()
    const objectEnd = this.#readObject(at, 0, 1)
    if (objectEnd === INVALID) return this.#endInvalid(start)
    const lineEnd = scanner.skipSpaces(objectEnd)
    if (lineEnd !== end) {
      scanner.fail(lineEnd)
      return this.#endInvalid(start)
    }
    if (this.#isUnknown) this.#shapes.learn(scanner, first, end)
    return this.#putRecord()
  }

  #skipByteOrderMark(start: number): number {
    const isThere = BYTE_ORDER_MARK.every((byte, index) => this.#scanner.bytes[start + index] === byte)
    return isThere ? start + BYTE_ORDER_MARK.length : start
  }

  #endEmpty(): LineOutcome {
    this.counters.lines++
    this.counters.emptyLines++
    return TAKEN
  }

  #endRefused(reason: NdjsonReason, byte: number): LineOutcome {
    this.counters.lines++
    this.#refuse(reason, byte)
    return TAKEN
  }

  #endInvalid(start: number): LineOutcome {
    if (this.#scanner.isTooDeep) return this.#endRefused('tooDeep', 0)
    const isJsonAtFault = this.#reason === 'badJson'
    return this.#endRefused(this.#reason, isJsonAtFault ? this.#scanner.invalidAt - start + 1 : 0)
  }

  /** A line that is no object: another JSON value, or no JSON. */
  #refuseOther(at: number, start: number, end: number): LineOutcome {
    const valueEnd = this.#scanner.valueEnd(at, 0)
    if (valueEnd === INVALID) return this.#endInvalid(start)
    const lineEnd = this.#scanner.skipSpaces(valueEnd)
    if (lineEnd === end) return this.#endRefused('notObject', 0)
    this.#scanner.fail(lineEnd)
    return this.#endInvalid(start)
  }

  #refuse(reason: NdjsonReason, byte: number): void {
    const { counters } = this
    counters.refusedLines++
    counters.refused[reason] = (counters.refused[reason] ?? 0) + 1
    if (this.#refusals.length < this.#refusalsMax) this.#refusals.push({ line: counters.lines, reason, byte })
  }

  // ---- members ------------------------------------------------------------------------------------------------

  /** Takes the members of the object that opens at `start`; behind its closing brace, or INVALID. */
  #readObject(start: number, parent: number, depth: number): number {
    const scanner = this.#scanner
    const names = this.#names
    const { bytes } = scanner
    if (!scanner.checkDepth(depth, start)) return INVALID
    let at = scanner.skipSpaces(start + 1)
    if (bytes[at] === CLOSING_BRACE) return this.#readEmptyObject(start, at + 1, parent)
    names.objectLine[parent] = names.line
    let previous = 0
    let expected = names.firstOf[parent]
    for (;;) {
      if (bytes[at] !== QUOTE) return scanner.fail(at)
      let node = expected
      if (node !== 0 && names.isKeyAt(node, bytes, at + 1)) at += names.keyLength(node) + 2
      else {
        node = this.#findKey(parent, at + 1, previous)
        if (node < 0) return INVALID
        at = this.#keyEnd
      }
      if (names.nodeLine[node] === names.line) this.#dropSpans(node)
      names.nodeLine[node] = names.line
      if (bytes[at] !== COLON) {
        at = scanner.skipSpaces(at)
        if (bytes[at] !== COLON) return scanner.fail(at)
      }
      at = this.#readValue(scanner.skipSpaces(at + 1), node, depth)
      if (at === INVALID) return INVALID
      at = scanner.skipSpaces(at)
      if (bytes[at] === CLOSING_BRACE) return at + 1
      if (bytes[at] !== COMMA) return scanner.fail(at)
      at = scanner.skipSpaces(at + 1)
      previous = node
      expected = names.nextOf[node]
    }
  }

  /** The record itself may be empty; a member that is keeps its braces. */
  #readEmptyObject(start: number, end: number, node: number): number {
    if (node !== 0 && !this.#addSpan(node, FIELD_JSON, start, end, COMPACT)) return INVALID
    return end
  }

  /** The node of the key at `start`, which is not the one that was expected there; below 0 when it cannot be. */
  #findKey(parent: number, start: number, previous: number): number {
    const scanner = this.#scanner
    const names = this.#names
    const end = scanner.stringEnd(start)
    if (end === INVALID) return INVALID
    this.#keyEnd = end + 1
    let node = 0
    if (scanner.isEscaped) {
      const workspace = this.#workspace
      workspace.growScratch(end - start)
      const keyLength = scanner.unescape(start, end, workspace.scratchView, 0)
      node = names.find(parent, workspace.scratch, 0, keyLength)
    } else node = names.find(parent, scanner.bytes, start, end)
    if (node === NAME_TOO_LONG) this.#reason = 'nameTooLong'
    else if (node === NAME_EMPTY) this.#reason = 'nameEmpty'
    else if (previous === 0) names.firstOf[parent] = node
    else names.nextOf[previous] = node
    return node
  }

  /** Takes the value at `at`; behind it, or INVALID. */
  #readValue(at: number, node: number, depth: number): number {
    const scanner = this.#scanner
    const byte = scanner.bytes[at]
    if (byte === QUOTE) {
      const end = scanner.stringEnd(at + 1)
      if (end === INVALID) return INVALID
      const change = scanner.isEscaped ? UNESCAPE : AS_IT_IS
      return this.#addSpan(node, FIELD_STRING, at + 1, end, change) ? end + 1 : INVALID
    }
    if (byte === OPENING_BRACE) return this.#readObject(at, node, depth + 1)
    if (byte === OPENING_BRACKET) {
      const end = scanner.arrayEnd(at, depth + 1)
      if (end === INVALID) return INVALID
      return this.#addSpan(node, FIELD_JSON, at, end, scanner.isSpaced ? COMPACT : AS_IT_IS) ? end : INVALID
    }
    const isNumber = startsNumber(byte)
    const end = isNumber ? scanner.numberEnd(at) : scanner.literalEnd(at)
    if (end === INVALID) return INVALID
    const kind = isNumber ? FIELD_NUMBER : kindOfLiteral(byte)
    return this.#addSpan(node, kind, at, kind === FIELD_NULL ? at : end, AS_IT_IS) ? end : INVALID
  }

  /** Notes a value. It takes the place of an earlier one of its name. */
  #addSpan(node: number, kind: number, start: number, end: number, change: number): boolean {
    const names = this.#names
    const name = names.nameOf[node]
    const role = names.roleOf[name]
    if (role === ROLE_IGNORED) return true
    let span = names.spanOf[name]
    if (names.nameLine[name] !== names.line) {
      span = this.#spans.count++
      if (span === this.limits.fieldsMax) {
        this.#reason = 'tooManyFields'
        return false
      }
      names.nameLine[name] = names.line
      names.spanOf[name] = span
    }
    this.#spans.start[span] = start
    this.#spans.end[span] = end
    this.#spans.kind[span] = kind
    this.#spans.change[span] = change
    this.#spans.node[span] = node
    if (role !== ROLE_FIELD) this.#spans.ofSlot[role] = span
    return true
  }

  /** A member came again: what it and those within it held counts no more. */
  #dropSpans(node: number): void {
    const names = this.#names
    if (names.objectLine[node] !== names.line) {
      this.#dropOwnSpan(node)
      return
    }
    names.objectLine[node] = 0
    for (let span = 0; span < this.#spans.count; span++) {
      if (this.#spans.node[span] !== 0 && names.isWithin(this.#spans.node[span], node))
        this.#spans.node[span] = 0
    }
  }

  #dropOwnSpan(node: number): void {
    const names = this.#names
    const name = names.nameOf[node]
    if (names.nameLine[name] !== names.line) return
    const span = names.spanOf[name]
    if (this.#spans.node[span] === node) this.#spans.node[span] = 0
  }

  // ---- into the batch -----------------------------------------------------------------------------------------

  #putRecord(): LineOutcome {
    this.#flags = 0
    if (!this.#readTime()) return this.#endRefused('badTime', 0)
    const { encoder } = this.#workspace
    this.#open()
    encoder.beginRecord()
    const contentStart = encoder.position
    const isMissing = !this.#putMessage()
    if (encoder.position - contentStart > this.limits.recordBytesMax) return this.#abandon('messageTooLong')
    const severity = this.#putLevel()
    if (severity < 0) return this.#abandon('badLevel')
    if (this.#names.streamSlots.length > 0) this.#putStreamFields()
    this.#putFields()
    encoder.endRecord(severity, this.#flags, this.#time.ms, this.#time.ns)
    return this.#checkSize(contentStart) ?? this.#endRecord(isMissing)
  }

  #endRecord(isMissing: boolean): LineOutcome {
    this.counters.lines++
    this.counters.records++
    if (isMissing) this.counters.missingMessages++
    return TAKEN
  }

  #abandon(reason: NdjsonReason): LineOutcome {
    this.#workspace.encoder.abandonRecord()
    return this.#endRefused(reason, 0)
  }

  /** Takes the record back when it is too large for any batch, or for what is left of this one; null when it fits. */
  #checkSize(contentStart: number): LineOutcome | null {
    const { encoder } = this.#workspace
    const recordBytes = encoder.position - contentStart + RECORD_HEADER_BYTES
    const isRecordOver = recordBytes > RECORD_ENCODED_BYTES_MAX
    if (!isRecordOver && encoder.position <= this.#batchBytesMax) return null
    if (isRecordOver || encoder.count === 1) return this.#abandon('recordTooLarge')
    encoder.abandonRecord()
    return HELD
  }

  /** The first message field that is not empty; false when there is none. */
  #putMessage(): boolean {
    const { encoder } = this.#workspace
    for (const slot of this.#names.messageSlots) {
      const span = this.#spans.ofSlot[slot]
      if (!this.#spans.isFilled(span)) continue
      this.#text.read(span)
      encoder.putMessageFrom(this.#text.view, this.#text.start, this.#text.end)
      this.#spans.node[span] = 0
      return true
    }
    encoder.putMessage(MISSING_MESSAGE_BYTES, 0, MISSING_MESSAGE_BYTES.length)
    return false
  }

  /** The first time field that is not empty, or the arrival; false when it is no time. */
  #readTime(): boolean {
    for (const slot of this.#names.timeSlots) {
      const span = this.#spans.ofSlot[slot]
      if (!this.#spans.isFilled(span)) continue
      this.#text.read(span)
      if (isNoTime(this.#text.bytes, this.#text.start, this.#text.end)) continue
      if (!this.#parseTime(span)) return false
      this.#flags |= RECORD_FLAG_SENDER_TIME
      this.#spans.node[span] = 0
      return true
    }
    this.#time.ms = this.#arrivalMs
    this.#time.ns = this.#arrivalNs
    return true
  }

  #parseTime(span: number): boolean {
    const kind = this.#spans.kind[span]
    if (kind !== FIELD_STRING && kind !== FIELD_NUMBER) return false
    const { bytes, view, start, end } = this.#text
    return this.#time.read(bytes, view, start, end)
  }

  /** Writes the word for the level if the record must keep it; the severity, or -1 when the word is too long. */
  #putLevel(): number {
    const span = this.#spans.ofSlot[SLOT_LEVEL]
    if (!this.#spans.isFilled(span)) return 0
    this.#text.read(span)
    const { bytes, view, start, end } = this.#text
    const level = this.#level
    if (!level.read(bytes, view, start, end, this.#spans.kind[span] === FIELD_NUMBER)) return -1
    this.#spans.node[span] = 0
    if (level.flags >= 0) this.#flags |= level.flags
    else this.#workspace.encoder.putLevelWord(bytes.subarray(start, end))
    return level.severity
  }

  /** Sorted by name, so that one stream is written one way. */
  #putStreamFields(): void {
    for (const slot of this.#names.streamSlots) {
      const span = this.#spans.ofSlot[slot]
      if (!this.#spans.isFilled(span)) continue
      this.#putField(span, true)
      this.#spans.node[span] = 0
    }
  }

  #putFields(): void {
    const names = this.#names
    for (let span = 0; span < this.#spans.count; span++) {
      const node = this.#spans.node[span]
      if (node !== 0 && names.isKept[names.nameOf[node]]) this.#putField(span, false)
    }
  }

  #putField(span: number, isStream: boolean): void {
    const names = this.#names
    this.#text.read(span)
    const { view, start, end } = this.#text
    const name = names.nameOf[this.#spans.node[span]]
    const kind = this.#spans.kind[span]
    this.#workspace.encoder.putFieldFrom(
      names.text,
      names.startOf[name],
      names.endOf[name],
      view,
      start,
      end,
      kind,
      isStream,
    )
  }

  #open(): void {
    if (this.#isOpen) return
    const { encoder } = this.#workspace
    encoder.reset(this.#arrivalMs, this.#arrivalNs)
    this.#setKey()
    for (const [name, value, isStream] of this.#names.extraFields) {
      encoder.shareField(name, value, FIELD_STRING, isStream)
    }
    this.#isOpen = true
  }
}

/** The same memory, but no Buffer: `subarray` of one is several times slower. */
function plainOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** `0` and `-` stand for no time. */
function isNoTime(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 1 && (bytes[start] === ZERO || bytes[start] === MINUS)
}

/** The last newline of a chunk behind which there are as many bytes as the reader of shapes looks ahead. */
function shapesEndOf(chunk: Buffer): number {
  const last = chunk.length - SLACK_BYTES - 1
  return last < 0 ? -1 : chunk.lastIndexOf(NEWLINE, last)
}
