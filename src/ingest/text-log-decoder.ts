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
  detectLine,
  FIELD_NUMBER,
  FIELD_STRING,
  type LineDetection,
  levelSeverityOfBytes,
  levelWordFlags,
  parseRfc3339,
  parseUnixTime,
  RECORD_FLAG_SENDER_TIME,
  RECORD_FLAG_TRUNCATED,
  type TimeZone,
} from '../record/record.ts'
import { LineCarry } from './line-carry.ts'
import { type Dialect, type LogRefusal, REPLY_ACK, REPLY_OK, REPLY_PONG, refusalCode } from './log-replies.ts'
import { copyPrintable } from './printable-copy.ts'
import { newTextLogCounters } from './text-log-counters.ts'
import {
  BAR,
  COLON,
  COMMAND_BYTES,
  cutEnd,
  indexOfByte,
  isCommand,
  isShortCommand,
  isWord,
  mayBecomeCommand,
  TIME_BYTES_MAX,
  WORD_AUTH,
  WORD_LOG_BAR,
  WORD_LOG_COLON,
  WORD_PING,
  WORD_QUIT,
  WORD_STAT,
} from './text-log-forms.ts'
import type { TextLogWorkspace } from './text-log-workspace.ts'

export interface TextLogOptions {
  /** Bytes of one message (`record.bytesMax`). */
  readonly recordBytesMax: number
  /** Bytes of one encoded batch; at least one record of `recordBytesMax` fits. */
  readonly batchBytesMax: number
  /** `ack` answers every plain line with ACK (`plainLines.reply`). */
  readonly plainLinesReply: 'none' | 'ack'
  /** Of times in plain lines that name none (`record.timeZone`); null is UTC. */
  readonly timeZone: TimeZone | null
  /** What comes after QUIT is read like everything else: datagrams have no end. Default false. */
  readonly isEndless?: boolean
  /** Every line is a plain line, whatever it looks like; one that broke off is dropped. Default false. */
  readonly plainOnly?: boolean
  /** Batch n has the key `<idempotencyKey>#<n>`. At most 200 bytes. */
  readonly idempotencyKey?: string
  /** Fields of every record, stream fields first. Each name must pass `checkFieldName`. */
  readonly extraFields?: readonly (readonly [name: string, value: string, isStream: boolean])[]
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

const NOTHING = Buffer.alloc(0)
const NEWLINE = 0x0a
const RETURN = 0x0d
const CAPITAL_S = 0x53

/** What a command may have before its message; a line longer than this and a message is too long, whatever it is. */
const PREFIX_BYTES_MAX = 256

/** What became of a line: taken; to be shown again after the batch was closed; or taken, and `#special` is a step. */
type LineOutcome = typeof TAKEN | typeof HELD | typeof SPECIAL
const TAKEN = 0
const HELD = 1
const SPECIAL = 2
/** Not a word of the protocol after all. */
const NO_WORD = -1

/** What the open batch holds. */
type BatchKind = typeof NO_RECORDS | typeof COMMANDS | typeof PLAIN_LINES
const NO_RECORDS = 0
const COMMANDS = 1
const PLAIN_LINES = 2

export class TextLogDecoder {
  readonly counters = newTextLogCounters()
  readonly #workspace: TextLogWorkspace
  readonly #options: TextLogOptions
  #peer: TextLogPeer | null
  readonly #lineBytesMax: number
  readonly #carry: LineCarry
  /** Level and time of the line that is read. */
  readonly #line: LineDetection = {
    ms: 0,
    ns: 0,
    hasTime: false,
    isLocal: false,
    severity: 0,
    levelStart: 0,
    levelEnd: 0,
  }
  #chunk: Buffer = NOTHING
  #chunkView: DataView = new DataView(NOTHING.buffer, 0, 0)
  #at = 0
  #arrivalMs = 0
  #arrivalNs = 0
  /** The arrival as clocks read it in `timeZone`. */
  #arrivalLocalMs = 0
  /** The rest of a line that was too long is on its way. */
  #isDiscarding = false
  #isStopped = false
  #ending: 'no' | 'whole' | 'broken' | 'done' = 'no'
  #kind: BatchKind = NO_RECORDS
  #codeCount = 0
  #batches = 0
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

  /** Another peer sends what is pushed from now on. Only between chunks, and where no line is half read. */
  setPeer(peer: TextLogPeer | null): void {
    assert(this.#at === this.#chunk.length && this.#carry.length === 0, 'the peer changes between lines')
    this.#peer = peer
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

  /** The next step, or null when more bytes are needed (and, unless `isEndless`, always after QUIT). */
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
    const zone = this.#options.timeZone
    this.#arrivalLocalMs = zone === null ? arrivalMs : zone.toLocalMs(arrivalMs)
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
    if (isBroken && this.#needsEnd()) {
      this.counters.unfinishedCommands++
      this.#carry.clear()
      return
    }
    this.#readCarry()
  }

  /** Whether the carried line is only right when it is whole. */
  #needsEnd(): boolean {
    const { bytes, view, length } = this.#carry
    return (
      this.#options.plainOnly === true || isCommand(bytes, view, 0, length) || mayBecomeCommand(bytes, length)
    )
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
    if (end - start >= COMMAND_BYTES && this.#options.plainOnly !== true) {
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
    return this.#readPlainLine(bytes, view, start, end)
  }

  #countEmptyLine(): LineOutcome {
    this.counters.lines++
    this.counters.emptyLines++
    return TAKEN
  }

  /** A line of which only the first bytes are known, as it is longer than any record. */
  #readLongLine(bytes: Buffer, view: DataView, start: number, end: number, reason: LogRefusal): LineOutcome {
    if (!this.#isCommand(bytes, view, start, end)) return this.#readPlainLine(bytes, view, start, end, true)
    return this.#refuse(reason, bytes[start + 3] === COLON ? 'short' : 'main')
  }

  #isCommand(bytes: Buffer, view: DataView, start: number, end: number): boolean {
    return this.#options.plainOnly !== true && isCommand(bytes, view, start, end)
  }

  /** PING, STATS, QUIT and AUTH; anything that only begins like them is a plain line. */
  #readWord(word: number, bytes: Buffer, start: number, end: number): LineOutcome | typeof NO_WORD {
    const length = end - start
    if (word === WORD_PING && length === 4) return this.#reply(REPLY_PONG)
    if (word === WORD_STAT && length === 5 && bytes[start + 4] === CAPITAL_S)
      return this.#step({ kind: 'stats' })
    if (word === WORD_QUIT && length === 4) {
      const outcome = this.#step({ kind: 'quit' })
      if (outcome === SPECIAL && this.#options.isEndless !== true) this.#stop()
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
    if (!this.#readLevel(bytes, levelStart, levelEnd)) return this.#refuse('badLevel', 'main')
    if (!this.#readTime(bytes, levelEnd + 1, timeEnd, true)) return this.#refuse('badTime', 'main')
    return this.#putCommand(bytes, view, timeEnd + 1, end, 'main')
  }

  /** `LOG:<unix time>:<LEVEL>:<message>` */
  #readShortCommand(bytes: Buffer, view: DataView, start: number, end: number): LineOutcome {
    const timeStart = start + COMMAND_BYTES
    const timeEnd = indexOfByte(bytes, COLON, timeStart, end)
    const levelEnd = indexOfByte(bytes, COLON, timeEnd + 1, end)
    if (!this.#readLevel(bytes, timeEnd + 1, levelEnd)) return this.#refuse('badLevel', 'short')
    if (!this.#readTime(bytes, timeStart, timeEnd, false)) return this.#refuse('badTime', 'short')
    return this.#putCommand(bytes, view, levelEnd + 1, end, 'short')
  }

  #readLevel(bytes: Buffer, start: number, end: number): boolean {
    const line = this.#line
    line.levelStart = start
    line.levelEnd = end
    line.severity = start === end ? -1 : levelSeverityOfBytes(bytes, start, end)
    return line.severity >= 0
  }

  #readTime(bytes: Buffer, start: number, end: number, isRfc3339Known: boolean): boolean {
    this.#line.hasTime = start < end
    if (start === end) return true
    if (end - start > TIME_BYTES_MAX) return false
    if (parseUnixTime(bytes, start, end, this.#line)) return true
    return isRfc3339Known && parseRfc3339(bytes, start, end, this.#line)
  }

  // ---- into the batch -----------------------------------------------------------------------------------------

  #putCommand(bytes: Buffer, view: DataView, start: number, end: number, dialect: Dialect): LineOutcome {
    const length = end - start
    if (length === 0) return this.#refuse('emptyMessage', dialect)
    if (length > this.#options.recordBytesMax) return this.#refuse('tooLong', dialect)
    if (!this.#open(COMMANDS)) return HELD
    const { encoder } = this.#workspace
    encoder.beginRecord()
    encoder.reserve(length)
    if (!copyPrintable(view, start, end, encoder.view, encoder.position)) {
      encoder.abandonRecord()
      return this.#refuse('controlCharacter', dialect)
    }
    encoder.advanceMessage(length)
    if (!this.#endRecord(bytes, 0)) return HELD
    this.counters.commands++
    this.#putCode(dialect === 'main' ? REPLY_OK : REPLY_ACK)
    return TAKEN
  }

  /** The line is the message; level and time are what it tells itself. */
  #readPlainLine(bytes: Buffer, view: DataView, start: number, end: number, isCut = false): LineOutcome {
    if (!this.#open(PLAIN_LINES)) return HELD
    const messageEnd = cutEnd(bytes, start, end, this.#options.recordBytesMax)
    const isTruncated = isCut || messageEnd < end
    const { encoder } = this.#workspace
    encoder.beginRecord()
    encoder.putMessageFrom(view, start, messageEnd)
    this.#detect(bytes, start, messageEnd)
    if (!this.#endRecord(bytes, isTruncated ? RECORD_FLAG_TRUNCATED : 0)) return HELD
    this.counters.plainLines++
    if (isTruncated) this.counters.truncated++
    if (this.#options.plainLinesReply === 'ack') this.#putCode(REPLY_ACK)
    return TAKEN
  }

  /** What the line tells of itself; a time without a zone is of the configured one. */
  #detect(bytes: Buffer, start: number, end: number): void {
    const line = this.#line
    const { timeZone } = this.#options
    detectLine(bytes, start, end, this.#arrivalLocalMs, line)
    if (line.isLocal && timeZone !== null) line.ms = timeZone.toUtcMs(line.ms)
  }

  /** Writes level and time behind the message; false when the record went beyond the batch and was taken back. */
  #endRecord(bytes: Buffer, cutFlag: number): boolean {
    const { encoder } = this.#workspace
    const line = this.#line
    const flags = cutFlag | this.#putLevel(bytes, line.levelStart, line.levelEnd)
    if (encoder.position > this.#options.batchBytesMax && encoder.count > 0) {
      encoder.abandonRecord()
      return false
    }
    if (line.hasTime) encoder.endRecord(line.severity, flags | RECORD_FLAG_SENDER_TIME, line.ms, line.ns)
    else encoder.endRecord(line.severity, flags, this.#arrivalMs, this.#arrivalNs)
    this.counters.lines++
    this.counters.records++
    return true
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
      this.#setKey()
      for (const [name, value, isStream] of this.#options.extraFields ?? []) {
        encoder.shareField(name, value, FIELD_STRING, isStream)
      }
      if (this.#peer !== null) {
        encoder.shareField('client.address', this.#peer.address, FIELD_STRING)
        encoder.shareField('client.port', String(this.#peer.port), FIELD_NUMBER)
      }
    }
    this.#kind = kind
    return true
  }

  #setKey(): void {
    const { idempotencyKey } = this.#options
    if (idempotencyKey === undefined) return
    this.#workspace.encoder.setKey(Buffer.from(`${idempotencyKey}#${this.#batches + 1}`))
  }

  #closeBatch(): LogStep | null {
    const codes = this.#workspace.codes.subarray(0, this.#codeCount)
    const { encoder } = this.#workspace
    if (this.#kind === NO_RECORDS || encoder.count === 0) {
      return this.#codeCount === 0 ? null : { kind: 'replies', codes }
    }
    this.#batches++
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
