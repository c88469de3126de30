/**
 * Rows as lines of the text query protocol, byte by byte into one growing buffer.
 *
 *   main    <id>|<LEVEL>|<timestamp>|<message>     short    LOG:<timestamp>:<LEVEL>:<message>
 *
 * A message is shown inert and can be read back exactly: a newline is `\n`, a backslash `\\`, every other control
 * character but tab is `\xNN`, one for each byte, and so is every byte that is not part of valid UTF-8. (Control
 * characters beyond ASCII, U+0080 to U+009F, are two bytes each.) A row that is no record is one line of JSON.
 */
import { printNumber } from '../base/base.ts'
import type { Dialect } from '../ingest/ingest.ts'
import { type RecordRow, type Row, rowJson, sequenceLength } from '../query/query.ts'
import { levelLabel, UNIX_SECONDS_BYTES_MAX, writeUnixSeconds } from '../record/record.ts'

const INITIAL_BYTES = 4096
/** Bytes that one byte of a message may become. */
const ESCAPED_BYTES_MAX = 4
/** Id, level and separators. */
const HEAD_BYTES_MAX = 64 + UNIX_SECONDS_BYTES_MAX

const NEWLINE = 0x0a
const BAR = 0x7c
const COLON = 0x3a
const BACKSLASH = 0x5c
const HEX = Buffer.from('0123456789abcdef')

export class RowTextEncoder {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES)
  #length = 0

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#length
  }

  /** What was put since the last time, for the caller to keep. */
  take(): Uint8Array {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    if (this.#bytes.length > 16 * INITIAL_BYTES) this.#bytes = Buffer.allocUnsafe(INITIAL_BYTES)
    return taken
  }

  /** A line of our own. */
  putLine(text: string): void {
    this.#reserve(text.length * 3 + 1)
    this.#length += this.#bytes.write(text, this.#length)
    this.#bytes[this.#length++] = NEWLINE
  }

  putRow(row: Row, dialect: Dialect): void {
    if (row.kind === 'values') this.putLine(inertJson(rowJson(row)))
    else this.#putRecord(row, dialect)
  }

  #putRecord(row: RecordRow, dialect: Dialect): void {
    const { message } = row
    this.#reserve(HEAD_BYTES_MAX + message.length * ESCAPED_BYTES_MAX + 1)
    if (dialect === 'main') {
      this.#length = printNumber(row.id, this.#bytes, this.#length)
      this.#bytes[this.#length++] = BAR
      this.#putLevel(row.severity)
      this.#bytes[this.#length++] = BAR
      this.#putTime(row)
      this.#bytes[this.#length++] = BAR
    } else {
      this.#putText('LOG:')
      this.#putTime(row)
      this.#bytes[this.#length++] = COLON
      this.#putLevel(row.severity)
      this.#bytes[this.#length++] = COLON
    }
    this.#length = putMessage(this.#bytes, this.#length, message)
    this.#bytes[this.#length++] = NEWLINE
  }

  #putText(text: string): void {
    this.#length += this.#bytes.write(text, this.#length, 'latin1')
  }

  /** A label is ASCII. */
  #putLevel(severity: number): void {
    const label = levelLabel(severity)
    for (let at = 0; at < label.length; at++) this.#bytes[this.#length++] = label.charCodeAt(at)
  }

  #putTime(row: RecordRow): void {
    this.#length = writeUnixSeconds(this.#bytes, this.#length, row.timeMs, row.timeNs)
  }

  #reserve(byteCount: number): void {
    const needed = this.#length + byteCount
    if (needed <= this.#bytes.length) return
    let capacity = this.#bytes.length
    while (capacity < needed) capacity *= 2
    const grown = Buffer.allocUnsafe(capacity)
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}

/** A row with JSON of a sender in it stays one line, and shows no control character. */
function inertJson(json: string): string {
  // Between values a control character is white space; inside text JSON has escaped all below U+0020.
  return json
    .replace(/[\x00-\x1f]/g, ' ')
    .replace(/[\x7f-\x9f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
}

/** 1 for bytes that are shown as they are: ASCII but control characters and the backslash, and the tab. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === 0x09 || (byte >= 0x20 && byte < 0x7f && byte !== BACKSLASH) ? 1 : 0,
)

/** Writes the message so that it stays on one line; where it ends. Most bytes are plain. */
function putMessage(target: Uint8Array, start: number, message: Uint8Array): number {
  const isPlain = IS_PLAIN
  let to = start
  let at = 0
  while (at < message.length) {
    const byte = message[at]
    if (isPlain[byte] === 1) {
      target[to++] = byte
      at++
    } else if (byte >= 0x80) {
      const length = characterLength(message, at)
      if (length === 0) to = putHex(target, to, message[at++])
      else for (const end = at + length; at < end; ) target[to++] = message[at++]
    } else if (byte === BACKSLASH || byte === NEWLINE) {
      target[to++] = BACKSLASH
      target[to++] = byte === NEWLINE ? 0x6e : BACKSLASH
      at++
    } else {
      to = putHex(target, to, message[at++])
    }
  }
  return to
}

function putHex(target: Uint8Array, at: number, byte: number): number {
  target[at] = BACKSLASH
  target[at + 1] = 0x78
  target[at + 2] = HEX[byte >> 4]
  target[at + 3] = HEX[byte & 15]
  return at + 4
}

/** Bytes of the UTF-8 character beyond ASCII that starts at `at` and may be shown; 0 when there is none. */
function characterLength(bytes: Uint8Array, at: number): number {
  // C2 80 to C2 9F are control characters.
  if (bytes[at] === 0xc2 && bytes[at + 1] < 0xa0) return 0
  return sequenceLength(bytes, at, bytes.length)
}
