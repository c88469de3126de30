/**
 * A record as framed JSON says it: `{message, level?, timestamp?, fields?, stream?}`. Here its shape is checked; what
 * is within is checked where it is encoded (record/record-object.ts).
 *
 * Not a place for anything else: a member that nobody knows is refused, so that no part of a record is lost silently.
 */
import { CodedError } from '../../base/base.ts'
import type { NewRecord } from '../../record/record.ts'
import { isObject } from './json-object.ts'

const MEMBERS: ReadonlySet<string> = new Set(['message', 'level', 'timestamp', 'fields', 'stream'])
const SECOND_MS = 1000
/** Numbers from here on are milliseconds or less. */
const SECONDS_END = 1e11
const NAME_LENGTH_MAX = 64

/** RECORD_INVALID. */
export function readRecord(value: unknown): NewRecord {
  if (!isObject(value)) throw invalid('a record is an object with a message')
  for (const name in value) {
    if (!MEMBERS.has(name)) throw invalid(`a record has no ${shown(name)}; put it into \`fields\``)
  }
  return {
    message: value['message'] as string,
    level: (value['level'] ?? undefined) as string | undefined,
    time: readTime(value['timestamp'] ?? undefined),
    fields: readMembers('fields', value['fields'] ?? undefined) as NewRecord['fields'],
    stream: readMembers('stream', value['stream'] ?? undefined) as NewRecord['stream'],
  }
}

/** Numbers are Unix seconds, and smaller units where they are too large for that; text is read by its own rules. */
function readTime(timestamp: unknown): NewRecord['time'] {
  if (typeof timestamp !== 'number') return timestamp as string | undefined
  // As text a fraction keeps its decimals; multiplied it would be another one.
  if (!Number.isInteger(timestamp) || Math.abs(timestamp) >= SECONDS_END) return String(timestamp)
  return timestamp * SECOND_MS
}

function readMembers(name: string, value: unknown): object | undefined {
  if (value === undefined || isObject(value)) return value
  throw invalid(`\`${name}\` is no object; give names and values`)
}

function shown(name: string): string {
  return JSON.stringify(name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX)}…` : name)
}

function invalid(message: string): CodedError {
  return new CodedError('RECORD_INVALID', message)
}
