/**
 * Records as objects, for programs that hold a hub: checks one against all limits and encodes it.
 *
 * What JSON knows goes in as JSON would have it: nested objects become names with dots, arrays stay JSON text, numbers
 * keep their text. What JSON does not know and people log anyway keeps its meaning: an Error becomes its name, message
 * and stack, a Date its RFC 3339 text, bytes stay bytes, NaN and Infinity become text. `undefined` is left out.
 *
 * Invariant: nothing is written to the encoder unless the whole record is right.
 * Not a hot path: decoders of protocols write to the BatchEncoder themselves.
 */
import { CodedError } from '../base/portable.ts'
import {
  type BatchEncoder,
  FIELD_FALSE,
  FIELD_HEADER_BYTES,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
  RECORD_FLAG_SENDER_TIME,
  RECORD_HEADER_BYTES,
} from './batch.ts'
import { TRUNCATED_FIELD } from './batch-block.ts'
import { LEVEL_NAMES, levelSeverityOfBytes, levelWordFlags } from './levels.ts'
import {
  FIELD_NAME_BYTES_MAX,
  RECORD_BYTES_MAX_DEFAULT,
  RECORD_ENCODED_BYTES_MAX,
  RECORD_FIELDS_MAX,
} from './limits.ts'
import { formatRfc3339, isTimeInRange, type TimeResult } from './time.ts'
import { parseTimeText } from './time-text.ts'

export type FieldValue = string | number | boolean | null | object

export interface NewRecord {
  /** At least one byte. Bytes are kept as they are, whether they are UTF-8 or not. */
  readonly message: string | Uint8Array
  /** When it happened: a Date, milliseconds since the epoch, or text as in queries. Default: now. */
  readonly time?: Date | number | string
  /** trace, debug, info, warn, error, fatal or a synonym, in any case. Default: none. */
  readonly level?: string
  readonly fields?: Readonly<Record<string, FieldValue | undefined>>
  /**
   * The fields that name where the record comes from: service, host, …. Without it, those of `fields` that the store's
   * owner lists (option `ingest.streamFields`) do.
   */
  readonly stream?: Readonly<Record<string, string>>
}

export interface EncodeRecordOptions {
  /** Bytes of the message (option `record.bytesMax`). Default 256 KiB. */
  readonly recordBytesMax?: number
  /** Fields that are the stream of a record without `stream` (option `ingest.streamFields`). Default: none. */
  readonly streamFields?: readonly string[]
}

/** Names that queries give a meaning of their own. */
const RESERVED_NAMES: ReadonlyMap<string, string> = new Map([
  ['_time', 'give it as `time`'],
  ['_msg', 'give it as `message`'],
  ['_id', 'ids are given by the store'],
  ['_stream', 'give its fields as `stream`'],
  ['_stream_id', 'give the fields of the stream as `stream`'],
  [TRUNCATED_FIELD, 'it is set where a message was cut'],
  ['level', 'give it as `level` of the record'],
])
const DEPTH_MAX = 32

const utf8 = new TextEncoder()
const NO_BYTES = new Uint8Array(0)

interface EncodedField {
  readonly text: string
  /** The same as bytes. */
  readonly name: Uint8Array
  readonly value: Uint8Array
  readonly kind: number
}

/**
 * Adds the record to the batch that the encoder is writing. RECORD_INVALID and RECORD_TOO_LARGE say what was wrong and
 * what would be right; the encoder is unchanged then.
 *
 *   encodeRecord(encoder, { message: 'disk is full', level: 'error', fields: { free: 0 } }, { ms: Date.now(), ns: 0 })
 */
export function encodeRecord(
  encoder: BatchEncoder,
  record: NewRecord,
  now: Readonly<TimeResult>,
  options: EncodeRecordOptions = {},
): void {
  const message = messageBytes(record.message, options.recordBytesMax ?? RECORD_BYTES_MAX_DEFAULT)
  const level = utf8.encode(levelWord(record.level))
  const severity = levelSeverityOfBytes(level, 0, level.length)
  const wordFlags = levelWordFlags(level, 0, level.length)
  const time = record.time === undefined ? now : timeOf(record.time)
  const fields = new FieldList()
  if (record.stream !== undefined) fields.addStream(record.stream)
  if (record.fields !== undefined) fields.addFields(record.fields)
  if (record.stream === undefined && options.streamFields !== undefined)
    fields.moveToStream(options.streamFields)
  checkEncodedBytes(message.length + level.length + fields.byteCount)

  encoder.beginRecord()
  encoder.putMessage(message, 0, message.length)
  if (wordFlags < 0) encoder.putLevelWord(level)
  fields.list.forEach(({ name, value, kind }, index) => {
    encoder.putField(name, value, kind, index < fields.streamCount)
  })
  const timeFlag = record.time === undefined ? 0 : RECORD_FLAG_SENDER_TIME
  encoder.endRecord(severity, Math.max(wordFlags, 0) | timeFlag, time.ms, time.ns)
}

/** What is wrong with the name of a field, and what would be right; null when nothing is. */
export function checkFieldName(name: string): string | null {
  if (name === '') return 'the name of a field is empty; give it at least one character'
  const reserved = RESERVED_NAMES.get(name)
  if (reserved !== undefined) return `the name ${shown(name)} is reserved; ${reserved}`
  if (!name.isWellFormed()) return `the name of the field ${shown(name)} is not valid Unicode`
  const bytes = utf8.encode(name).length
  if (bytes <= FIELD_NAME_BYTES_MAX) return null
  return `the name of the field ${shown(name)} has ${bytes} bytes; at most ${FIELD_NAME_BYTES_MAX} fit`
}

// ---- message, level, time -----------------------------------------------------------------------------------

function messageBytes(message: unknown, bytesMax: number): Uint8Array {
  if (typeof message !== 'string' && !(message instanceof Uint8Array)) {
    throw invalid(`the message is ${kindOf(message)}; give a string or a Uint8Array`)
  }
  if (message.length === 0) throw invalid('the message is empty; give at least one character')
  const bytes = typeof message === 'string' ? utf8.encode(message) : message
  if (bytes.length > bytesMax)
    throw tooLarge(`the message has ${bytes.length} bytes; at most ${bytesMax} fit`)
  return bytes
}

function levelWord(level: unknown): string {
  if (level === undefined) return ''
  if (typeof level !== 'string')
    throw invalid(`the level is ${kindOf(level)}; give ${LEVEL_NAMES.join(', ')}`)
  const bytes = utf8.encode(level)
  if (levelSeverityOfBytes(bytes, 0, bytes.length) >= 0) return level
  throw invalid(`the level ${shown(level)} is unknown; give ${LEVEL_NAMES.join(', ')} or a usual synonym`)
}

function timeOf(time: unknown): TimeResult {
  if (time instanceof Date) return timeOfMs(time.getTime())
  if (typeof time === 'number') return timeOfMs(time)
  if (typeof time !== 'string') {
    throw invalid(
      `the time is ${kindOf(time)}; give a Date, milliseconds or text such as 2025-01-15T09:50:00Z`,
    )
  }
  const parsed = { ms: 0, ns: 0 }
  if (parseTimeText(time, parsed)) return parsed
  throw invalid(`the time ${shown(time)} cannot be read; give RFC 3339 (2025-01-15T09:50:00Z) or Unix time`)
}

function timeOfMs(timeMs: number): TimeResult {
  const wholeMs = Math.floor(timeMs)
  if (!isTimeInRange(wholeMs)) {
    throw invalid(`the time ${timeMs} is out of range; give milliseconds between the years 1678 and 2262`)
  }
  const ns = Math.round((timeMs - wholeMs) * 1_000_000)
  return ns === 1_000_000 ? { ms: wholeMs + 1, ns: 0 } : { ms: wholeMs, ns }
}

// ---- fields -------------------------------------------------------------------------------------------------

/** Flattens and checks. Stream fields are added first. */
class FieldList {
  list: EncodedField[] = []
  /** So many of the first are stream fields. */
  streamCount = 0
  byteCount = 0
  readonly #names = new Set<string>()

  addStream(stream: object): void {
    for (const [name, value] of Object.entries(stream)) {
      if (typeof value !== 'string') {
        throw invalid(`the stream field ${shown(name)} is ${kindOf(value)}; give a string`)
      }
      this.#add(name, utf8.encode(value), FIELD_STRING)
    }
    this.streamCount = this.list.length
  }

  /** Those of the fields with these names become the stream, by name. */
  moveToStream(names: readonly string[]): void {
    const moved = this.list.filter(({ text }) => names.includes(text))
    if (moved.length === 0) return
    moved.sort((a, b) => (a.text < b.text ? -1 : 1))
    const others = this.list.filter((field) => !moved.includes(field))
    this.list = [...moved, ...others]
    this.streamCount = moved.length
  }

  addFields(fields: object): void {
    if (Array.isArray(fields)) throw invalid('the fields are an array; give an object of names and values')
    for (const [name, value] of Object.entries(fields)) this.#addValue(name, value, 1)
  }

  #addValue(name: string, value: unknown, depth: number): void {
    if (value === null) this.#add(name, NO_BYTES, FIELD_NULL)
    else if (typeof value === 'object') this.#addObject(name, value, depth)
    else if (value !== undefined) this.#addText(name, value, scalarKind(name, value))
  }

  #addObject(name: string, value: object, depth: number): void {
    if (depth > DEPTH_MAX)
      throw invalid(`a field is nested deeper than ${DEPTH_MAX}: ${shown(name)}; flatten it`)
    if (value instanceof Uint8Array) this.#add(name, value, FIELD_STRING)
    else if (value instanceof Date) this.#addText(name, dateText(name, value), FIELD_STRING)
    else if (Array.isArray(value)) this.#addText(name, jsonText(name, value), FIELD_JSON)
    else if (value instanceof Error) this.#addMembers(name, errorMembers(value), depth)
    else if (hasToJson(value)) this.#addValue(name, value.toJSON(name), depth + 1)
    else this.#addMembers(name, value, depth)
  }

  #addMembers(name: string, value: object, depth: number): void {
    const members = Object.entries(value)
    if (members.length === 0) this.#addText(name, '{}', FIELD_JSON)
    for (const [key, member] of members) this.#addValue(`${name}.${key}`, member, depth + 1)
  }

  #addText(name: string, value: unknown, kind: number): void {
    this.#add(name, utf8.encode(String(value)), kind)
  }

  #add(name: string, value: Uint8Array, kind: number): void {
    const problem = checkFieldName(name)
    if (problem !== null) throw invalid(problem)
    if (this.#names.has(name)) throw invalid(`the field ${shown(name)} is there twice; give each name once`)
    if (this.list.length === RECORD_FIELDS_MAX) {
      throw invalid(`there are more than ${RECORD_FIELDS_MAX} fields; keep what belongs together in an array`)
    }
    this.#names.add(name)
    const nameBytes = utf8.encode(name)
    this.list.push({ text: name, name: nameBytes, value, kind })
    this.byteCount += FIELD_HEADER_BYTES + nameBytes.length + value.length
  }
}

function scalarKind(name: string, value: unknown): number {
  switch (typeof value) {
    case 'string':
      return FIELD_STRING
    case 'number':
      return Number.isFinite(value) ? FIELD_NUMBER : FIELD_STRING
    case 'bigint':
      return FIELD_NUMBER
    case 'boolean':
      return value ? FIELD_TRUE : FIELD_FALSE
    default:
      throw invalid(`the field ${shown(name)} is ${kindOf(value)}; give something that JSON knows`)
  }
}

function hasToJson(value: object): value is { toJSON(key: string): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

/** An Error's own members and those that are not enumerable but matter. */
function errorMembers(error: Error): object {
  return { ...error, name: error.name, message: error.message, stack: error.stack, cause: error.cause }
}

function dateText(name: string, date: Date): string {
  const ms = date.getTime()
  if (!isTimeInRange(ms)) throw invalid(`the field ${shown(name)} is a Date out of range; give a valid one`)
  return formatRfc3339(ms, 0)
}

function jsonText(name: string, value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new CodedError(
      'RECORD_INVALID',
      `the field ${shown(name)} has no JSON text; give values that JSON knows`,
      {
        cause,
      },
    )
  }
}

// ---- failures -----------------------------------------------------------------------------------------------

function checkEncodedBytes(contentBytes: number): void {
  const bytes = RECORD_HEADER_BYTES + contentBytes
  if (bytes <= RECORD_ENCODED_BYTES_MAX) return
  throw tooLarge(`the record has ${bytes} bytes with all its fields; at most ${RECORD_ENCODED_BYTES_MAX} fit`)
}

function invalid(message: string): CodedError {
  return new CodedError('RECORD_INVALID', message)
}

function tooLarge(message: string): CodedError {
  return new CodedError('RECORD_TOO_LARGE', message)
}

const SHOWN_LENGTH_MAX = 64

/** Somebody else's text inside a message: quoted, escaped and short. */
function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text)
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
