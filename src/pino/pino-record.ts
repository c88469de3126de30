/**
 * A line of pino's log as a record: level and time as pino writes them, `msg` as the message, who wrote it (`hostname`,
 * `name`) as the stream, everything else as fields under its own name.
 *
 * A field whose name LogCaster gives a meaning of its own (`_id`, `_time`, …) becomes `pino._id`: a record is not
 * refused for what an application happens to call its data.
 */
import { checkFieldName, type FieldValue, levelSeverity, type NewRecord } from '../record/record.ts'

export interface PinoRecordOptions {
  /** pino's own option of this name. Default `msg`. */
  readonly messageKey?: string
  /** pino's own option of this name: the field that holds an error. Default `err`. */
  readonly errorKey?: string
  /** Fields that name where the records come from, besides `host` and `service`: `{ region: 'eu' }`. */
  readonly stream?: Readonly<Record<string, string>>
}

/** Lowest number of each of pino's levels, highest first. */
const LEVELS = [
  [60, 'fatal'],
  [50, 'error'],
  [40, 'warn'],
  [30, 'info'],
  [20, 'debug'],
  [Number.NEGATIVE_INFINITY, 'trace'],
] as const
const STANDARD_LEVELS: ReadonlySet<unknown> = new Set([10, 20, 30, 40, 50, 60])
/** Numbers below are seconds (pino's `unixTime`), others milliseconds. */
const SECONDS_END = 1e11

export function pinoRecord(line: Readonly<Record<string, unknown>>, options: PinoRecordOptions): NewRecord {
  const { level, time, hostname, name, ...rest } = line
  const messageKey = options.messageKey ?? 'msg'
  const { [messageKey]: message, ...members } = rest
  return {
    message: messageOf(message, members[options.errorKey ?? 'err']),
    level: levelOf(level),
    time: timeOf(time),
    stream: { ...streamOf(hostname, name), ...options.stream },
    fields: fieldsOf({ ...members, ...levelField(level) }),
  }
}

function messageOf(message: unknown, error: unknown): string {
  if (typeof message === 'string' && message !== '') return message
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error
  const text = hasMessage ? String(error.message) : ''
  return text === '' ? '(no message)' : text
}

/** A number between two levels belongs to the lower one. */
function levelOf(level: unknown): string | undefined {
  if (typeof level === 'number') return LEVELS.find(([lowest]) => level >= lowest)?.[1]
  return typeof level === 'string' && levelSeverity(level) >= 0 ? level : undefined
}

/** A level of the application's own is kept as it was. */
function levelField(level: unknown): Readonly<Record<string, unknown>> {
  const isKept = STANDARD_LEVELS.has(level) || level === undefined || isLevelWord(level)
  return isKept ? {} : { 'pino.level': level }
}

const isLevelWord = (level: unknown): boolean => typeof level === 'string' && levelSeverity(level) >= 0

function timeOf(time: unknown): number | string | undefined {
  if (typeof time === 'number') return time < SECONDS_END ? time * 1000 : time
  return typeof time === 'string' ? time : undefined
}

function streamOf(hostname: unknown, name: unknown): Record<string, string> {
  return {
    ...(typeof hostname === 'string' ? { host: hostname } : {}),
    ...(typeof name === 'string' ? { service: name } : {}),
  }
}

function fieldsOf(members: Readonly<Record<string, unknown>>): Record<string, FieldValue> {
  const entries = Object.entries(members).map(([name, value]) => [
    checkFieldName(name) === null ? name : `pino.${name || 'unnamed'}`,
    value,
  ])
  return Object.fromEntries(entries)
}
