/**
 * A record as the JSON text that travels: an object with `message`, `level`, `timestamp`, `fields`, `stream`.
 *
 * What JSON does not know keeps its meaning, as in the hub: an Error becomes its name, message and stack, a Date its
 * RFC 3339 text, NaN and Infinity text, a bigint its digits as text, bytes the text that they are in UTF-8. `undefined`
 * and functions are left out. A record without a time gets the time at which it was handed over, so that a late delivery
 * does not change it.
 *
 * Invariant: what comes out is nested no deeper than DEPTH_MAX below the record, so that one record cannot make the
 * server refuse a whole frame. Whether level, names and lengths are right is the server's to say, record by record.
 */
import { CodedError, messageOf } from '../base/base.ts'
import { formatRfc3339, type NewRecord, parseTimeText, TIME_MS_MAX, TIME_MS_MIN } from '../record/record.ts'
import { BODY_BYTES_MAX } from './client-options.ts'

export interface RecordText {
  readonly json: string
  /** In UTF-8. */
  readonly bytes: number
}

const DEPTH_MAX = 32
const text = new TextDecoder()

/** RECORD_INVALID, RECORD_TOO_LARGE. */
export function encodeRecordText(record: NewRecord, nowMs: number): RecordText {
  if (!isObject(record)) throw invalid('a record is an object with a message')
  const json = JSON.stringify({
    message: messageText(record.message),
    level: record.level,
    timestamp: timestampOf(record.time, nowMs),
    fields: membersOf(record.fields, 'fields'),
    stream: membersOf(record.stream, 'stream'),
  })
  const bytes = Buffer.byteLength(json)
  if (bytes <= BODY_BYTES_MAX) return { json, bytes }
  throw new CodedError(
    'RECORD_TOO_LARGE',
    `The record has ${bytes} bytes as JSON; at most ${BODY_BYTES_MAX} fit.`,
  )
}

function messageText(message: unknown): string {
  const found = message instanceof Uint8Array ? text.decode(message) : message
  if (typeof found !== 'string') throw invalid('the message is missing; give a string or a Uint8Array')
  if (found === '') throw invalid('the message is empty; give at least one character')
  return found
}

function timestampOf(time: unknown, nowMs: number): string {
  if (time === undefined) return timeText(nowMs)
  if (time instanceof Date) return timeText(time.getTime())
  if (typeof time === 'number') return timeText(time)
  const parsed = { ms: 0, ns: 0 }
  if (typeof time === 'string' && parseTimeText(time, parsed)) return formatRfc3339(parsed.ms, parsed.ns)
  throw invalid('the time cannot be read; give a Date, milliseconds or text such as 2025-01-15T09:50:00Z')
}

function timeText(timeMs: number): string {
  const wholeMs = Math.floor(timeMs)
  const isInRange = wholeMs >= TIME_MS_MIN && wholeMs <= TIME_MS_MAX
  if (!isInRange) throw invalid(`the time ${timeMs} is out of range; give milliseconds`)
  const ns = Math.min(Math.round((timeMs - wholeMs) * 1_000_000), 999_999)
  return formatRfc3339(wholeMs, ns)
}

// ---- fields -------------------------------------------------------------------------------------------------

function membersOf(members: unknown, what: string): unknown {
  if (members === undefined) return undefined
  if (!isObject(members) || Array.isArray(members)) {
    throw invalid(`\`${what}\` is no object; give names and values`)
  }
  return plainObject(members, 1)
}

/** The value as JSON can say it. */
function plainValue(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'bigint':
      return String(value)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'object':
      return value === null ? null : plainMembers(value, depth)
    case 'symbol':
    case 'function':
      return undefined
    default:
      return value
  }
}

function plainMembers(value: object, depth: number): unknown {
  if (depth > DEPTH_MAX) throw invalid(`a field is nested deeper than ${DEPTH_MAX}, or within itself`)
  if (Array.isArray(value)) return value.map((item) => plainValue(item, depth + 1) ?? null)
  if (value instanceof Uint8Array) return text.decode(value)
  if (value instanceof Error) return plainObject(errorMembers(value), depth)
  if ('toJSON' in value && typeof value.toJSON === 'function') return plainValue(jsonOf(value), depth + 1)
  return plainObject(value, depth)
}

function jsonOf(value: object): unknown {
  try {
    return 'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON('') : undefined
  } catch (cause) {
    throw new CodedError('RECORD_INVALID', `A field cannot be written as JSON: ${messageOf(cause)}`, {
      cause,
    })
  }
}

/** An Error's own members and those that are not enumerable but matter. */
function errorMembers(error: Error): object {
  return { ...error, name: error.name, message: error.message, stack: error.stack, cause: error.cause }
}

function plainObject(value: object, depth: number): object {
  const plain: Record<string, unknown> = Object.create(null)
  for (const [name, member] of Object.entries(value)) plain[name] = plainValue(member, depth + 1)
  return plain
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

function invalid(problem: string): CodedError {
  return new CodedError('RECORD_INVALID', `${problem[0].toUpperCase()}${problem.slice(1)}.`)
}
