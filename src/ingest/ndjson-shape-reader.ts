/**
 * Reads NDJSON lines whose shape is known straight from bytes to spans, and writes those whose values are usual
 * straight into the batch. It is the twin of kernels/ndjson.ts: it says what that does, reads the lines that the kernel
 * leaves, and all lines of known shapes where WebAssembly is refused.
 *
 * Invariants:
 *  - it never refuses and never counts: a line that is anything but right is left to the decoder, which says why.
 *  - whatever it takes, the decoder would have taken with the same result (ndjson-shapes.test.ts).
 *  - it looks up to SLACK_BYTES beyond the newline of the line, which must be there.
 *
 * `readLine` and `putRecord` are long on purpose: they are two thirds of all decoding, and a call per value made them a
 * fifth slower.
 */
import { assert } from '../base/base.ts'
import {
  type BatchEncoder,
  FIELD_HEADER_BYTES,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  RECORD_ENCODED_BYTES_MAX,
  RECORD_FLAG_SENDER_TIME,
  RECORD_HEADER_BYTES,
} from '../record/record.ts'
import {
  firstStop,
  INVALID,
  type JsonScanner,
  SLACK_BYTES,
  startsLiteral,
  startsNumber,
  stopBits,
} from './json-scanner.ts'
import type { NdjsonLevel } from './ndjson-level.ts'
import type { NdjsonNames } from './ndjson-names.ts'
import type { NdjsonLimits } from './ndjson-refusals.ts'
import type { PlannedField, ShapePlan } from './ndjson-shape-step.ts'
import type { NdjsonShapes } from './ndjson-shapes.ts'
import { AS_IT_IS, COMPACT, kindOfLiteral, type NdjsonSpans, NO_SPAN, UNESCAPED } from './ndjson-spans.ts'
import type { NdjsonText } from './ndjson-text.ts'
import type { NdjsonTime } from './ndjson-time.ts'
import type { NdjsonVocabulary, NdjsonWorkspace } from './ndjson-workspace.ts'

/** Instead of where a line ends: it has no shape that is known. */
export const UNKNOWN = -1

/** Names of its own for what the two long functions use: an imported one is looked up each time (see json-scanner.ts). */
const NO_LINE = UNKNOWN
const NO_END = INVALID
const NOT_KEPT = NO_SPAN
const AS_THE_LINE = AS_IT_IS
const WITHOUT_SPACES = COMPACT
const FROM_UNESCAPED = UNESCAPED
const TEXT = FIELD_STRING
const NUMBER = FIELD_NUMBER
const NULL = FIELD_NULL
const JSON_TEXT = FIELD_JSON
const QUOTE = 0x22
const OPENING_BRACKET = 0x5b
const stopsOf = stopBits
const stopOfEight = firstStop
const isNumber = startsNumber
const isLiteral = startsLiteral
const literalKind = kindOfLiteral
const RECORD_HEAD = RECORD_HEADER_BYTES
const FIELD_HEAD = FIELD_HEADER_BYTES
const RECORD_MAX = RECORD_ENCODED_BYTES_MAX
const SENDER_TIME = RECORD_FLAG_SENDER_TIME

/** What the reader shares with the decoder that it reads for. */
export interface NdjsonShapeReaderParts {
  readonly workspace: NdjsonWorkspace
  readonly vocabulary: NdjsonVocabulary
  readonly limits: NdjsonLimits
  readonly scanner: JsonScanner
  readonly spans: NdjsonSpans
  readonly text: NdjsonText
  readonly time: NdjsonTime
  readonly level: NdjsonLevel
}

export class NdjsonShapeReader {
  readonly #workspace: NdjsonWorkspace
  readonly #names: NdjsonNames
  readonly #shapes: NdjsonShapes
  readonly #limits: NdjsonLimits
  readonly #scanner: JsonScanner
  readonly #spans: NdjsonSpans
  readonly #text: NdjsonText
  readonly #time: NdjsonTime
  readonly #level: NdjsonLevel
  /** The plan of the line that was read last, if it has a shape. */
  #plan: ShapePlan | null = null
  #lineBytes = 0

  constructor(parts: NdjsonShapeReaderParts) {
    this.#workspace = parts.workspace
    this.#names = parts.vocabulary.names
    this.#shapes = parts.vocabulary.shapes
    this.#limits = parts.limits
    this.#scanner = parts.scanner
    this.#spans = parts.spans
    this.#text = parts.text
    this.#time = parts.time
    this.#level = parts.level
  }

  /** Makes ready for lines of the scanner's bytes. */
  begin(): void {
    const lineBytesMax = Math.min(this.#limits.lineBytesMax, this.#scanner.bytes.length)
    this.#workspace.growUnescaped(lineBytesMax + SLACK_BYTES)
  }

  /** Notes the values of the line at `start`: where the next line begins, or UNKNOWN. */
  readLine(start: number): number {
    const scanner = this.#scanner
    const { bytes, view } = scanner
    const spans = this.#spans
    const { fieldsMax } = this.#limits
    let at = start
    let unescapedAt = 0
    let step = this.#shapes.first
    while (step !== null) {
      const { words } = step
      const last = (words.length - 1) | 0
      let index = 0
      let from = at
      while (index < last && view.getInt32(from, true) === words[index]) {
        index = (index + 1) | 0
        from = (from + 4) | 0
      }
      if (index !== last || ((view.getInt32(from, true) ^ words[last]) & step.lastMask) !== 0) {
        step = step.other
        continue
      }
      const valueStart = (at + step.byteCount) | 0
      let keptStart = valueStart
      let keptEnd = valueStart
      let kind = TEXT
      let change = AS_THE_LINE
      if (step.isText) {
        at = valueStart
        for (;;) {
          const low = stopsOf(view.getInt32(at, true))
          const high = stopsOf(view.getInt32((at + 4) | 0, true))
          if ((low | high) !== 0) {
            at = (at + stopOfEight(low, high)) | 0
            break
          }
          at = (at + 8) | 0
        }
        keptEnd = at
        if (bytes[at] !== QUOTE) {
          at = this.#unescape(valueStart, at, unescapedAt)
          if (at === NO_END) return NO_LINE
          change = FROM_UNESCAPED
          keptStart = unescapedAt
          keptEnd = unescapedAt = scanner.unescapedEnd
        }
      } else if (step.plan !== null) {
        return this.#endLine(step.plan, valueStart - start) ? valueStart : NO_LINE
      } else {
        const byte = bytes[valueStart]
        if (isNumber(byte)) {
          kind = NUMBER
          at = scanner.numberEnd(valueStart)
        } else if (isLiteral(byte)) {
          kind = literalKind(byte)
          at = scanner.literalEnd(valueStart)
        } else if (byte === OPENING_BRACKET) {
          kind = JSON_TEXT
          at = scanner.arrayEnd(valueStart, step.depth + 1)
          if (scanner.isSpaced) change = WITHOUT_SPACES
        } else {
          step = step.other
          continue
        }
        if (at === NO_END) return NO_LINE
        keptEnd = kind === NULL ? valueStart : at
      }
      const { span } = step
      if (span !== NOT_KEPT) {
        if (span >= fieldsMax) return NO_LINE
        spans.start[span] = keptStart
        spans.end[span] = keptEnd
        spans.kind[span] = kind
        spans.change[span] = change
      }
      step = step.next
    }
    return NO_LINE
  }

  /**
   * Reads on a string that stops being plain at `stop`: where its closing quote stands, or INVALID, also when it is longer
   * than a line may be.
   */
  #unescape(start: number, stop: number, to: number): number {
    const { view } = this.#scanner
    const target = this.#workspace.unescapedView
    if (to + stop - start + SLACK_BYTES > target.byteLength) return NO_END
    // What is copied too much is written over.
    for (let at = start; at < stop; at += 4) {
      target.setInt32((to + at - start) | 0, view.getInt32(at, true), true)
    }
    return this.#scanner.unescapeString(stop, target, (to + stop - start) | 0)
  }

  #endLine(plan: ShapePlan, lineBytes: number): boolean {
    this.#plan = plan
    this.#lineBytes = lineBytes
    const { depthMax, lineBytesMax } = this.#limits
    return plan.depth <= depthMax && lineBytes <= lineBytesMax
  }

  /**
   * Writes the line that was read last as a record; false, and nothing written, when one of its values is not usual or
   * the batch may have no room for it.
   */
  putRecord(encoder: BatchEncoder, batchBytesMax: number, arrivalMs: number, arrivalNs: number): boolean {
    const plan = this.#plan
    const spans = this.#spans
    if (plan === null || plan.messageSpan === NOT_KEPT) return false
    const { fields, streamCount, messageSpan, timeSpan, levelSpan } = plan
    const mostBytes = RECORD_HEAD + this.#lineBytes + plan.nameBytes + fields.length * FIELD_HEAD
    if (mostBytes > RECORD_MAX || encoder.position + mostBytes > batchBytesMax) return false
    const messageBytes = spans.end[messageSpan] - spans.start[messageSpan]
    if (messageBytes === 0 || messageBytes > this.#limits.recordBytesMax) return false
    if (spans.change[messageSpan] === WITHOUT_SPACES) return false
    for (let index = 0; index < streamCount; index++) {
      const { span } = fields[index]
      if (spans.start[span] === spans.end[span]) return false
    }
    if (timeSpan !== NOT_KEPT && !this.#readTime(timeSpan)) return false
    if (levelSpan !== NOT_KEPT && !this.#readLevel(levelSpan)) return false

    const { view } = this.#scanner
    const { unescapedView } = this.#workspace
    const names = this.#names.text
    const time = this.#time
    const level = this.#level
    let flags = SENDER_TIME
    let severity = 0
    if (timeSpan === NOT_KEPT) {
      flags = 0
      time.ms = arrivalMs
      time.ns = arrivalNs
    }
    encoder.beginRecord()
    encoder.putMessageFrom(
      spans.change[messageSpan] === AS_THE_LINE ? view : unescapedView,
      spans.start[messageSpan],
      spans.end[messageSpan],
    )
    if (levelSpan !== NOT_KEPT) {
      severity = level.severity
      if (level.flags >= 0) flags |= level.flags
      else this.#putLevelWord(encoder, levelSpan)
    }
    for (let index = 0; index < fields.length; index++) {
      const { span, nameStart, nameEnd } = fields[index]
      const change = spans.change[span]
      if (change === WITHOUT_SPACES) this.#putCompact(encoder, fields[index], index < streamCount)
      else {
        const source = change === AS_THE_LINE ? view : unescapedView
        encoder.putFieldFrom(
          names,
          nameStart,
          nameEnd,
          source,
          spans.start[span],
          spans.end[span],
          spans.kind[span],
          index < streamCount,
        )
      }
    }
    encoder.endRecord(severity, flags, time.ms, time.ns)
    return true
  }

  #putCompact(encoder: BatchEncoder, { span, nameStart, nameEnd }: PlannedField, isStream: boolean): void {
    const text = this.#text
    text.read(span)
    const { view, start, end } = text
    encoder.putFieldFrom(this.#names.text, nameStart, nameEnd, view, start, end, JSON_TEXT, isStream)
  }

  #putLevelWord(encoder: BatchEncoder, span: number): void {
    encoder.putLevelWord(this.#scanner.bytes.subarray(this.#spans.start[span], this.#spans.end[span]))
  }

  /** False when it is none, or stands for none. */
  #readTime(span: number): boolean {
    const { start, end, kind, change } = this.#spans
    if (end[span] - start[span] < 2 || kind[span] > NUMBER || change[span] !== AS_THE_LINE) return false
    return this.#time.read(this.#scanner.bytes, this.#scanner.view, start[span], end[span])
  }

  #readLevel(span: number): boolean {
    const { start, end, kind, change } = this.#spans
    if (end[span] === start[span] || kind[span] > NUMBER || change[span] !== AS_THE_LINE) return false
    const { bytes, view } = this.#scanner
    return this.#level.read(bytes, view, start[span], end[span], kind[span] === NUMBER)
  }

  /** Hands the line that was read last to the decoder as if it had read it itself. */
  restoreSpans(): void {
    const plan = this.#plan
    assert(plan !== null, 'no line was read')
    const spans = this.#spans
    spans.count = plan.spanCount
    spans.node.set(plan.nodes)
    spans.ofSlot.set(plan.spanOfSlot)
  }
}
