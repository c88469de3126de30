/**
 * Packed records as lines of JSON, every value as a text: byte for byte what `rowTextJson` makes of them, from their bytes.
 * What many rows share (names, levels, streams) is made once a page.
 */
import { FIELD_FALSE, FIELD_NULL, FIELD_TRUE } from '../record/record.ts'
import { JsonBytes } from './json-bytes.ts'
import type { JsonLines } from './row-lines.ts'
import type { RowPage } from './row-page.ts'
import {
  NUMBERS_PER_FIELD as FIELD_NUMBERS,
  HEAD_BYTES_START,
  HEAD_FIELD_COUNT,
  HEAD_FIELDS_START,
  HEAD_LEVEL,
  HEAD_MESSAGE_LENGTH,
  HEAD_STREAM,
  HEADS_PER_ROW as HEADS,
  NUMBERS_PER_ROW as NUMBERS,
  type PackedRows,
  STREAM_BIT,
} from './scan/packed-rows.ts'
import { LEVEL_FIELD, SPECIAL_FIELDS, STREAM_FIELD, STREAM_ID_FIELD, streamId } from './special-fields.ts'
import { decodeLoosely, encodeText } from './values/text.ts'

const HEADS_PER_ROW = HEADS
const NUMBERS_PER_ROW = NUMBERS
const NUMBERS_PER_FIELD = FIELD_NUMBERS
const KIND_MASK = STREAM_BIT - 1
const [TRUE, FALSE, NULL] = [FIELD_TRUE, FIELD_FALSE, FIELD_NULL]
const PIECE_BYTES = 64 * 1024
/** A row more must mostly fit. */
const PIECE_ROOM = 8 * 1024

const TIME_START = encodeText('{"_time":"')
const MESSAGE_NAME = encodeText(',"_msg":')
const ID_START = encodeText(',"_id":"')
const ROW_END = encodeText('}\n')
const TRUE_TEXT = encodeText('"true"')
const FALSE_TEXT = encodeText('"false"')
const NOTHING = new Uint8Array(0)
const QUOTE = 0x22
const DOT = 0x2e
const ZULU = 0x5a

export class RecordLineWriter {
  readonly #hasStreamId: boolean
  readonly #out = new JsonBytes(PIECE_BYTES)
  readonly #time = new TimeText()
  #page: RowPage | null = null
  #texts: readonly TextMembers[] = []
  #rowCount = 0

  constructor(hasStreamId: boolean) {
    this.#hasStreamId = hasStreamId
  }

  /** Rows written and not taken. */
  get rowCount(): number {
    return this.#rowCount
  }

  get isFull(): boolean {
    return this.#out.length >= PIECE_BYTES - PIECE_ROOM
  }

  take(): JsonLines {
    const rowCount = this.#rowCount
    this.#rowCount = 0
    return { bytes: this.#out.take(), rowCount }
  }

  turnTo(page: RowPage): void {
    this.#page = page
    this.#texts = page.packs.map(({ texts }) => new TextMembers(texts))
  }

  /** The row of the page at this place. */
  write(place: number): void {
    const { packs, packOf, rowOf } = this.#page!
    const pack = packs[packOf[place]]
    const members = this.#texts[packOf[place]]
    const row = rowOf[place]
    const out = this.#out
    const { numbers, heads, bytes } = pack
    const head = row * HEADS_PER_ROW
    const at = row * NUMBERS_PER_ROW
    out.put(TIME_START)
    this.#time.write(out, numbers[at + 1], numbers[at + 2])
    const stream = heads[head + HEAD_STREAM]
    if (stream !== 0) out.put(members.stream(stream))
    const start = heads[head + HEAD_BYTES_START]
    const end = start + heads[head + HEAD_MESSAGE_LENGTH]
    if (end > start) {
      out.put(MESSAGE_NAME)
      out.text(bytes, start, end)
    }
    const level = heads[head + HEAD_LEVEL]
    if (level !== 0) out.put(members.level(level))
    this.#writeFields(pack, members, head, end)
    out.put(ID_START)
    out.digits(numbers[at])
    out.byte(QUOTE)
    if (stream !== 0 && this.#hasStreamId) out.put(members.streamId(stream))
    out.put(ROW_END)
    this.#rowCount++
  }

  #writeFields({ heads, fields, bytes }: PackedRows, members: TextMembers, head: number, from: number): void {
    const out = this.#out
    let start = from
    let at = heads[head + HEAD_FIELDS_START] * NUMBERS_PER_FIELD
    for (let left = heads[head + HEAD_FIELD_COUNT]; left > 0; left--, at += NUMBERS_PER_FIELD) {
      const end = start + fields[at + 2]
      const kind = fields[at + 1] & KIND_MASK
      const isText = kind !== TRUE && kind !== FALSE && kind !== NULL
      if (isText ? end > start : kind !== NULL) {
        const name = members.name(fields[at])
        if (name.length > 0) {
          out.put(name)
          if (isText) out.text(bytes, start, end)
          else out.put(kind === TRUE ? TRUE_TEXT : FALSE_TEXT)
        }
      }
      start = end
    }
  }
}

/** What the texts of packed rows become in lines, by their numbers, made when they are first met. */
class TextMembers {
  readonly #texts: readonly string[]
  readonly #names: (Uint8Array | undefined)[] = []
  readonly #levels: (Uint8Array | undefined)[] = []
  readonly #streams: (Uint8Array | undefined)[] = []
  readonly #streamIds: (Uint8Array | undefined)[] = []

  constructor(texts: readonly string[]) {
    this.#texts = texts
  }

  /** `,"name":`; nothing for a field that rows do not show. */
  name(number: number): Uint8Array {
    return (this.#names[number] ??= nameMember(this.#texts[number]))
  }

  level(number: number): Uint8Array {
    return (this.#levels[number] ??= member(LEVEL_FIELD, this.#texts[number]))
  }

  stream(number: number): Uint8Array {
    return (this.#streams[number] ??= member(STREAM_FIELD, this.#texts[number]))
  }

  streamId(number: number): Uint8Array {
    return (this.#streamIds[number] ??= member(STREAM_ID_FIELD, streamId(this.#texts[number])))
  }
}

function nameMember(name: string): Uint8Array {
  return SPECIAL_FIELDS.has(name) ? NOTHING : encoder.encode(`,${JSON.stringify(name)}:`)
}

function member(name: string, text: string): Uint8Array {
  return encoder.encode(`,${JSON.stringify(name)}:${JSON.stringify(decodeLoosely(encodeText(text)))}`)
}

const encoder = new TextEncoder()

/** Times of rows that follow each other are mostly of the same second. */
class TimeText {
  #second = Number.NaN
  #text: Uint8Array = NOTHING

  /** As `formatRfc3339`, with the quote behind it. */
  write(out: JsonBytes, ms: number, ns: number): void {
    const second = Math.floor(ms / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#text = encodeText(new Date(second * 1000).toISOString().slice(0, -'.000Z'.length))
    }
    out.put(this.#text)
    const milliseconds = ms - second * 1000
    if (milliseconds !== 0 || ns !== 0) {
      out.byte(DOT)
      out.digitsOf(milliseconds, 3)
      if (ns % 1000 !== 0) out.digitsOf(ns, 6)
      else if (ns !== 0) out.digitsOf(ns / 1000, 3)
    }
    out.byte(ZULU)
    out.byte(QUOTE)
  }
}
