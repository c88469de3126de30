/**
 * The text log protocol (PROTOCOLS.md §2) without sockets: bytes in, steps out. Log lines become records of a
 * canonical batch on the way, with no object or string per record.
 *
 *   decoder.push(chunk, arrivalMs, arrivalNs)
 *   while ((step = decoder.next()) !== null) …
 *   decoder.end(true) at the end of the stream, and next() again
 *
 * Invariants:
 *  - the steps, joined, are the same however the bytes are cut into chunks.
 *  - a batch never outlives the chunk that it came from, and holds either commands only (which are answered) or plain
 *    lines only (which are not), because a full store refuses the ones and lets the others wait. Replies that need no
 *    record (PONG, refusals) travel with the batch, in their place.
 *  - a line that is too long for a record never takes more memory than a record may.
 *  - a step is valid until the next call of `next`: the memory is shared by all decoders of a workspace.
 *
 * Not here: whether the session may write, and what a full store means (servers/log-session.ts).
 */
import { assert } from '../base/base.ts'
import {
  BatchEncoder,
  detectLine,
  FIELD_NUMBER,
  FIELD_STRING,
  LEVEL_WORD_BYTES_MAX,
  type LineDetection,
  levelSeverityOfBytes,
  levelWordFlags,
  parseRfc3339,
  parseUnixTime,
  RECORD_FLAG_SENDER_TIME,
  RECORD_FLAG_TRUNCATED,
  type TimeResult,
} from '../record/record.ts'
import { ByteBudget } from './byte-budget.ts'
import { LineCarry } from './line-carry.ts'
import { type Dialect, type LogRefusal, REPLY_ACK, REPLY_OK, REPLY_PONG, refusalCode } from './log-replies.ts'
import { copyPrintable } from './printable-copy.ts'

export interface TextLogOptions {
  /** Bytes of one message (`record.bytesMax`). */
  readonly recordBytesMax: number
  /** Bytes of one encoded batch; at least one record of `recordBytesMax` fits. */
  readonly batchBytesMax: number
  /** `ack` answers every plain line with ACK (`plainLines.reply`). */
  readonly plainLinesReply: 'none' | 'ack'
}

/** Fields of every record of a session. */
export interface TextLogPeer {
  readonly address: string
  readonly port: number
}

export type LogStep = LogBatchStep | LogRepliesStep | LogAuthStep | { readonly kind: 'stats' | 'quit' }

/** Records to store, then replies to send. */
export interface LogBatchStep {
  readonly kind: 'batch'
  /** Plain lines, which wait when the store is full; otherwise commands, which are refused then. */
  readonly isPlain: boolean
  /** A canonical batch of `count` records. */
  readonly bytes: Uint8Array
  readonly count: number
  /** Codes of log-replies.ts; each REPLY_OK and REPLY_ACK belongs to the next record of the batch. */
  readonly codes: Uint8Array
}

/** Replies that need no record. */
export interface LogRepliesStep {
  readonly kind: 'replies'
  readonly codes: Uint8Array
}

export interface LogAuthStep {
  readonly kind: 'auth'
  readonly token: Uint8Array
}

export interface TextLogCounters {
  /** All lines, empty ones and those that were refused included. */
  lines: number
  emptyLines: number
  /** LOG commands of both dialects. */
  commands: number
  plainLines: number
  /** Records handed over in batches. */
  records: number
  /** Plain lines cut at `recordBytesMax`. */
  truncated: number
  /** LOG commands that a connection broke off in the middle: not stored, not answered. */
  unfinishedCommands: number
  /** LOG commands that were refused here, by reason. */
  refused: Partial<Record<LogRefusal, number>>
}

export function newTextLogCounters(): TextLogCounters {
  return {
    lines: 0,
    emptyLines: 0,
    commands: 0,
    plainLines: 0,
    records: 0,
    truncated: 0,
    unfinishedCommands: 0,
    refused: {},
  }
}

/** Memory that all decoders of a server use, one after the other. */
export class TextLogWorkspace {
  readonly encoder = new BatchEncoder()
  /** For half lines of all sessions. */
  readonly halfLines: ByteBudget
  codes = new Uint8Array(CODES_INITIAL)
  #viewed = this.encoder.bytes
  #view = new DataView(this.#viewed.buffer)

  constructor(halfLineBytesMax: number) {
    this.halfLines = new ByteBudget(halfLineBytesMax)
  }

  /** A view of the encoder's bytes, which may be others after `reserve`. */
  get view(): DataView {
    if (this.#viewed !== this.encoder.bytes) {
      this.#viewed = this.encoder.bytes
      this.#view = new DataView(this.#viewed.buffer)
    }
    return this.#view
  }

  putCode(index: number, code: number): void {
    if (index === this.codes.length) {
      const grown = new Uint8Array(index * 2)
      grown.set(this.codes)
      this.codes = grown
    }
    this.codes[index] = code
  }
}

const CODES_INITIAL = 16 * 1024
const NOTHING = Buffer.alloc(0)

const NEWLINE = 0x0a
const RETURN = 0x0d
const BAR = 0x7c
const COLON = 0x3a
const DOT = 0x2e

/** Four bytes at once, as a little-endian number. */
const WORD_LOG_BAR = wordOf('LOG|')
const WORD_LOG_COLON = wordOf('LOG:')
const WORD_PING = wordOf('PING')
const WORD_QUIT = wordOf('QUIT')
const WORD_STAT = wordOf('STAT')
const WORD_AUTH = wordOf('AUTH')
const COMMAND_BYTES = 4

/** Bytes of a timestamp that are looked at. */
const TIME_BYTES_MAX = 64
/** What a command may have before its message; a line longer than this and a message is too long, whatever it is. */
const PREFIX_BYTES_MAX = 256

/** What became of a line: taken; to be shown again after the batch was closed; or taken, and `#special` is a step. */
type LineOutcome = typeof TAKEN | typeof HELD | typeof SPECIAL
const TAKEN = 0
const HELD = 1
const SPECIAL = 2

/** What the open batch holds. */
type BatchKind = typeof NO_RECORDS | typeof COMMANDS | typeof PLAIN_LINES
const NO_RECORDS = 0
const COMMANDS = 1
const PLAIN_LINES = 2

export class TextLogDecoder {
  readonly counters = newTextLogCounters()
  readonly #workspace: TextLogWorkspace
  readonly #options: TextLogOptions
  readonly #peer: TextLogPeer | null
  readonly #lineBytesMax: number
  readonly #carry: LineCarry
  readonly #time: TimeResult = { ms: 0, ns: 0 }
  readonly #detection: LineDetection = {
    ms: 0,
    ns: 0,
    hasTime: false,
    severity: 0,
    levelStart: 0,
    levelEnd: 0,
  }
  #chunk: Buffer = NOTHING
  #chunkView: DataView = new DataView(NOTHING.buffer, 0, 0)
  #at = 0
  #arrivalMs = 0
  #arrivalNs = 0
  /** The rest of a line that was too long is on its way. */
  #isDiscarding = false
  #isStopped = false
  #ending: 'no' | 'whole' | 'broken' | 'done' = 'no'
  #kind: BatchKind = NO_RECORDS
  #codeCount = 0
  #special: LogStep | null = null

  /** `peer`: the sender, kept with each record; null keeps none. */
  constructor(workspace: TextLogWorkspace, options: TextLogOptions, peer: TextLogPeer | null) {
    this.#workspace = workspace
    this.#options = options
    this.#peer = peer
    this.#lineBytesMax = options.recordBytesMax + PREFIX_BYTES_MAX
    this.#carry = new LineCarry(this.#lineBytesMax, workspace.halfLines)
  }

  /** Bytes of a line whose end has not come. */
  get heldBytes(): number {
    return this.#carry.length
  }

  /** Hands over bytes, after `next` returned null. They must not change until it does so again. */
  push(chunk: Uint8Array, arrivalMs: number, arrivalNs: number): void {
    if (this.#isStopped) return
    assert(this.#at === this.#chunk.length, 'the chunk before was not read to its end')
    this.#chunk = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    this.#chunkView = new DataView(chunk.buffer, chunk.byteOffset, chunk.length)
    this.#at = 0
    this.#setArrival(arrivalMs, arrivalNs)
  }

  /**
   * Nothing more will come. A line without its newline counts when the sender ended the stream (`isWhole`); when the
   * connection broke off, a plain line counts still, but a LOG command does not: it may lack its end.
   */
  end(isWhole: boolean, arrivalMs: number, arrivalNs: number): void {
    if (this.#ending !== 'no') return
    this.#ending = isWhole ? 'whole' : 'broken'
    this.#setArrival(arrivalMs, arrivalNs)
  }

  /** The next step, or null when more bytes are needed (and always after QUIT). */
  next(): LogStep | null {
    this.#kind = NO_RECORDS
    this.#codeCount = 0
    this.#special = null
    this.#readLines()
    return this.#special ?? this.#closeBatch()
  }

  #setArrival(arrivalMs: number, arrivalNs: number): void {
    this.#arrivalMs = arrivalMs
    this.#arrivalNs = arrivalNs
  }

  // ---- lines --------------------------------------------------------------------------------------------------

  /** Reads lines until the chunk is used up, the batch must be closed, or `#special` is set. */
  #readLines(): void {
    if (this.#isDiscarding) this.#discard()
    if (this.#carry.length > 0 && this.#readCarriedLine() !== TAKEN) return
    if (this.#readChunkLines() !== TAKEN) return
    if (this.#keepRest() !== TAKEN) return
    this.#readLastLine()
  }

  /** Drops bytes up to the end of the line that was too long. */
  #discard(): void {
    const newline = this.#chunk.indexOf(NEWLINE, this.#at)
    this.#isDiscarding = newline < 0
    this.#at = newline < 0 ? this.#chunk.length : newline + 1
  }

  /** Completes the line that began in an earlier chunk, if its end is here. It is the first of its batch: never HELD. */
  #readCarriedLine(): LineOutcome {
    const newline = this.#chunk.indexOf(NEWLINE, this.#at)
    if (newline < 0) return TAKEN
    if (newline - this.#at > this.#carry.room) return this.#overflowCarry()
    if (!this.#carry.append(this.#chunk, this.#at, newline)) return this.#overflowCarry('overload')
    this.#at = newline + 1
    return this.#readCarry()
  }

  #readCarry(): LineOutcome {
    const outcome = this.#readLine(this.#carry.bytes, this.#carry.view, 0, this.#carry.length)
    assert(outcome !== HELD, 'the first line of a batch is never held back')
    this.#carry.clear()
    return outcome
  }

  /** The hot loop. */
  #readChunkLines(): LineOutcome {
    const chunk = this.#chunk
    const view = this.#chunkView
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, this.#at)
      if (newline < 0) return TAKEN
      const outcome = this.#readLine(chunk, view, this.#at, newline)
      if (outcome === HELD) return HELD
      if (this.#isStopped) return SPECIAL
      this.#at = newline + 1
      if (outcome === SPECIAL) return SPECIAL
    }
  }

  /** Keeps the beginning of a line for the next chunk. */
  #keepRest(): LineOutcome {
    const length = this.#chunk.length
    if (this.#at === length) return TAKEN
    if (length - this.#at > this.#carry.room) return this.#overflowRest()
    if (!this.#carry.append(this.#chunk, this.#at, length)) return this.#overflowRest('overload')
    this.#at = length
    return TAKEN
  }

  #overflowRest(reason: LogRefusal = 'tooLong'): LineOutcome {
    if (this.#carry.length > 0) return this.#overflowCarry(reason)
    const end = Math.min(this.#chunk.length, this.#at + this.#lineBytesMax)
    const outcome = this.#readLongLine(this.#chunk, this.#chunkView, this.#at, end, reason)
    if (outcome === TAKEN) this.#startDiscarding()
    return outcome
  }

  /** The carried line is too long: what is known of it decides, the rest is dropped. */
  #overflowCarry(reason: LogRefusal = 'tooLong'): LineOutcome {
    const end = this.#at + Math.min(this.#carry.room, this.#chunk.length - this.#at)
    if (reason === 'tooLong' && !this.#carry.append(this.#chunk, this.#at, end)) reason = 'overload'
    const outcome = this.#readLongLine(this.#carry.bytes, this.#carry.view, 0, this.#carry.length, reason)
    assert(outcome === TAKEN, 'a carried line is the first of its batch')
    this.#carry.clear()
    this.#startDiscarding()
    return TAKEN
  }

  #startDiscarding(): void {
    this.#isDiscarding = true
    this.#discard()
  }

  /** The line that no newline ended, once nothing more comes. */
  #readLastLine(): void {
    if (this.#ending !== 'whole' && this.#ending !== 'broken') return
    const isBroken = this.#ending === 'broken'
    this.#ending = 'done'
    if (this.#carry.length === 0) return
    if (isBroken && isCommand(this.#carry.bytes, this.#carry.view, 0, this.#carry.length)) {
      this.counters.unfinishedCommands++
      this.#carry.clear()
      return
    }
    this.#readCarry()
  }

  /** QUIT: nothing after it counts. */
  #stop(): void {
    this.#ending = 'done'
    this.#isStopped = true
    this.#chunk = NOTHING
    this.#at = 0
    this.#carry.clear()
  }

  // ---- one line -----------------------------------------------------------------------------------------------

  #readLine(bytes: Buffer, view: DataView, start: number, lineEnd: number): LineOutcome {
    if (lineEnd - start > this.#lineBytesMax) {
      return this.#readLongLine(bytes, view, start, start + this.#lineBytesMax, 'tooLong')
    }
    const end = lineEnd > start && bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd
    if (end - start >= COMMAND_BYTES) {
      const word = view.getUint32(start, true)
      if (word === WORD_LOG_BAR) return this.#readMainCommand(bytes, view, start, end)
      if (word === WORD_LOG_COLON && isShortCommand(bytes, start, end)) {
        return this.#readShortCommand(bytes, view, start, end)
      }
      if (isWord(word)) {
        const outcome = this.#readWord(word, bytes, start, end)
        if (outcome !== NO_WORD) return outcome
      }
    }
    if (end === start) return this.#countEmptyLine()
    return this.#readPlainLine(bytes, start, end)
  }

  #countEmptyLine(): LineOutcome {
    this.counters.lines++
    this.counters.emptyLines++
    return TAKEN
  }

  /** A line of which only the first bytes are known, as it is longer than any record. */
  #readLongLine(bytes: Buffer, view: DataView, start: number, end: number, reason: LogRefusal): LineOutcome {
    if (!isCommand(bytes, view, start, end)) return this.#readPlainLine(bytes, start, end, true)
    return this.#refuse(reason, bytes[start + 3] === COLON ? 'short' : 'main')
  }

  /** PING, STATS, QUIT and AUTH; anything that only begins like them is a plain line. */
  #readWord(word: number, bytes: Buffer, start: number, end: number): LineOutcome | typeof NO_WORD {
    const length = end - start
    if (word === WORD_PING && length === 4) return this.#reply(REPLY_PONG)
    if (word === WORD_STAT && length === 5 && bytes[start + 4] === CAPITAL_S)
      return this.#step({ kind: 'stats' })
    if (word === WORD_QUIT && length === 4) {
      const outcome = this.#step({ kind: 'quit' })
      if (outcome === SPECIAL) this.#stop()
      return outcome
    }
    if (word === WORD_AUTH && length > 4 && bytes[start + 4] === BAR) {
      return this.#step({ kind: 'auth', token: Uint8Array.prototype.slice.call(bytes, start + 5, end) })
    }
    return NO_WORD
  }

  /** `LOG|<LEVEL>|<timestamp>|<message>` */
  #readMainCommand(bytes: Buffer, view: DataView, start: number, end: number): LineOutcome {
    const levelStart = start + COMMAND_BYTES
    const levelEnd = indexOfByte(bytes, BAR, levelStart, end)
    const timeEnd = levelEnd < 0 ? -1 : indexOfByte(bytes, BAR, levelEnd + 1, end)
    if (timeEnd < 0) return this.#refuse('badForm', 'main')
    const severity = levelEnd === levelStart ? -1 : levelSeverityOfBytes(bytes, levelStart, levelEnd)
    if (severity < 0) return this.#refuse('badLevel', 'main')
    const hasTime = timeEnd > levelEnd + 1
    if (hasTime && !this.#readTime(bytes, levelEnd + 1, timeEnd, true)) return this.#refuse('badTime', 'main')
    return this.#putCommand(bytes, view, timeEnd + 1, end, levelStart, levelEnd, severity, hasTime, 'main')
  }

  /** `LOG:<unix time>:<LEVEL>:<message>` */
  #readShortCommand(bytes: Buffer, view: DataView, start: number, end: number): LineOutcome {
    const timeStart = start + COMMAND_BYTES
    const timeEnd = indexOfByte(bytes, COLON, timeStart, end)
    const levelEnd = indexOfByte(bytes, COLON, timeEnd + 1, end)
    const severity = levelSeverityOfBytes(bytes, timeEnd + 1, levelEnd)
    if (severity < 0) return this.#refuse('badLevel', 'short')
    const hasTime = timeEnd > timeStart
    if (hasTime && !this.#readTime(bytes, timeStart, timeEnd, false)) return this.#refuse('badTime', 'short')
    return this.#putCommand(bytes, view, levelEnd + 1, end, timeEnd + 1, levelEnd, severity, hasTime, 'short')
  }

  #readTime(bytes: Buffer, start: number, end: number, isRfc3339Known: boolean): boolean {
    if (end - start > TIME_BYTES_MAX) return false
    if (parseUnixTime(bytes, start, end, this.#time)) return true
    return isRfc3339Known && parseRfc3339(bytes, start, end, this.#time)
  }

  // ---- into the batch -----------------------------------------------------------------------------------------

  #putCommand(
    bytes: Buffer,
    view: DataView,
    start: number,
    end: number,
    levelStart: number,
    levelEnd: number,
    severity: number,
    hasTime: boolean,
    dialect: Dialect,
  ): LineOutcome {
    const length = end - start
    if (length === 0) return this.#refuse('emptyMessage', dialect)
    if (length > this.#options.recordBytesMax) return this.#refuse('tooLong', dialect)
    if (!this.#open(COMMANDS)) return HELD
    const { encoder } = this.#workspace
    encoder.beginRecord()
    encoder.reserve(length)
    if (!copyPrintable(view, start, end, this.#workspace.view, encoder.position)) {
      encoder.abandonRecord()
      return this.#refuse('controlCharacter', dialect)
    }
    encoder.advanceMessage(length)
    const flags = this.#putLevel(bytes, levelStart, levelEnd)
    if (this.#isBatchFull()) return HELD
    if (hasTime) encoder.endRecord(severity, flags | RECORD_FLAG_SENDER_TIME, this.#time.ms, this.#time.ns)
    else encoder.endRecord(severity, flags, this.#arrivalMs, this.#arrivalNs)
    this.counters.lines++
    this.counters.commands++
    this.counters.records++
    this.#putCode(dialect === 'main' ? REPLY_OK : REPLY_ACK)
    return TAKEN
  }

  /** The line is the message; level and time are what it tells itself. */
  #readPlainLine(bytes: Buffer, start: number, end: number, isCut = false): LineOutcome {
    if (!this.#open(PLAIN_LINES)) return HELD
    const messageEnd = cutEnd(bytes, start, end, this.#options.recordBytesMax)
    const isTruncated = isCut || messageEnd < end
    const { encoder } = this.#workspace
    const line = this.#detection
    encoder.beginRecord()
    encoder.putMessage(bytes, start, messageEnd)
    detectLine(bytes, start, messageEnd, this.#arrivalMs, line)
    let flags = this.#putLevel(bytes, line.levelStart, line.levelEnd)
    if (this.#isBatchFull()) return HELD
    if (isTruncated) flags |= RECORD_FLAG_TRUNCATED
    if (line.hasTime) encoder.endRecord(line.severity, flags | RECORD_FLAG_SENDER_TIME, line.ms, line.ns)
    else encoder.endRecord(line.severity, flags, this.#arrivalMs, this.#arrivalNs)
    this.#countPlainLine(isTruncated)
    if (this.#options.plainLinesReply === 'ack') this.#putCode(REPLY_ACK)
    return TAKEN
  }

  #countPlainLine(isTruncated: boolean): void {
    this.counters.lines++
    this.counters.plainLines++
    this.counters.records++
    if (isTruncated) this.counters.truncated++
  }

  /** Writes the word for the level if the record must keep it; the record's flags. */
  #putLevel(bytes: Buffer, start: number, end: number): number {
    const flags = levelWordFlags(bytes, start, end)
    if (flags >= 0) return flags
    this.#workspace.encoder.putLevelWord(bytes.subarray(start, end))
    return 0
  }

  /** Opens a batch of this kind, or goes on with the one that is open; false when that is of the other kind. */
  #open(kind: BatchKind): boolean {
    if (this.#kind === kind) return true
    const { encoder } = this.#workspace
    if (this.#kind !== NO_RECORDS && encoder.count > 0) return false
    if (this.#kind === NO_RECORDS) {
      encoder.reset(this.#arrivalMs, this.#arrivalNs)
      if (this.#peer !== null) {
        encoder.shareField('client.address', this.#peer.address, FIELD_STRING)
        encoder.shareField('client.port', String(this.#peer.port), FIELD_NUMBER)
      }
    }
    this.#kind = kind
    return true
  }

  /** Whether the record just written goes beyond the batch: then it is taken back, for the next one. */
  #isBatchFull(): boolean {
    const { encoder } = this.#workspace
    if (encoder.position <= this.#options.batchBytesMax || encoder.count === 0) return false
    encoder.abandonRecord()
    return true
  }

  #closeBatch(): LogStep | null {
    const codes = this.#workspace.codes.subarray(0, this.#codeCount)
    const { encoder } = this.#workspace
    if (this.#kind === NO_RECORDS || encoder.count === 0) {
      return this.#codeCount === 0 ? null : { kind: 'replies', codes }
    }
    const isPlain = this.#kind === PLAIN_LINES
    return { kind: 'batch', isPlain, bytes: encoder.finish(), count: encoder.count, codes }
  }

  // ---- replies ------------------------------------------------------------------------------------------------

  #putCode(code: number): void {
    this.#workspace.putCode(this.#codeCount++, code)
  }

  #reply(code: number): LineOutcome {
    this.counters.lines++
    this.#putCode(code)
    return TAKEN
  }

  #refuse(reason: LogRefusal, dialect: Dialect): LineOutcome {
    const { refused } = this.counters
    refused[reason] = (refused[reason] ?? 0) + 1
    this.counters.commands++
    return this.#reply(refusalCode(reason, dialect))
  }

  /** A step of its own: what came before it goes first. */
  #step(step: LogStep): LineOutcome {
    if (this.#codeCount > 0 || (this.#kind !== NO_RECORDS && this.#workspace.encoder.count > 0)) return HELD
    this.counters.lines++
    this.#special = step
    return SPECIAL
  }
}

// ---- the forms of lines ---------------------------------------------------------------------------------------

const NO_WORD = -1
const CAPITAL_S = 0x53

function isWord(word: number): boolean {
  return word === WORD_PING || word === WORD_STAT || word === WORD_QUIT || word === WORD_AUTH
}

/** Whether a line is a LOG command, well-formed or not (or an AUTH line, which must never become a record). */
function isCommand(bytes: Buffer, view: DataView, start: number, end: number): boolean {
  if (end - start < COMMAND_BYTES) return false
  const word = view.getUint32(start, true)
  if (word === WORD_AUTH) return bytes[start + COMMAND_BYTES] === BAR
  return word === WORD_LOG_BAR || (word === WORD_LOG_COLON && isShortCommand(bytes, start, end))
}

/** `LOG:` [digits[`.`digits]] `:` letters `:`, of sane length. PostgreSQL's `LOG:  ready` is none. */
function isShortCommand(bytes: Buffer, start: number, end: number): boolean {
  const timeStart = start + COMMAND_BYTES
  let at = digitsEnd(bytes, timeStart, end)
  if (at > timeStart && bytes[at] === DOT) {
    const fraction = at + 1
    at = digitsEnd(bytes, fraction, end)
    if (at === fraction) return false
  }
  if (at >= end || bytes[at] !== COLON || at - timeStart > TIME_BYTES_MAX) return false
  const levelStart = at + 1
  at = lettersEnd(bytes, levelStart, end)
  return at > levelStart && at < end && bytes[at] === COLON && at - levelStart <= LEVEL_WORD_BYTES_MAX
}

function digitsEnd(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] >= 0x30 && bytes[at] <= 0x39) at++
  return at
}

function lettersEnd(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && (bytes[at] | 0x20) >= 0x61 && (bytes[at] | 0x20) <= 0x7a) at++
  return at
}

function indexOfByte(bytes: Buffer, byte: number, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === byte) return at
  return -1
}

/** Where a message is cut: at the limit, but never inside a UTF-8 character. */
function cutEnd(bytes: Buffer, start: number, end: number, bytesMax: number): number {
  if (end - start <= bytesMax) return end
  const limit = start + bytesMax
  let at = limit
  while (at > limit - 3 && at > start && (bytes[at] & 0xc0) === 0x80) at--
  return (bytes[at] & 0xc0) === 0x80 || at === start ? limit : at
}

function wordOf(text: string): number {
  return Buffer.from(text).readUInt32LE(0)
}
