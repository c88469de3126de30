/**
 * Why a line of NDJSON was refused: the reasons, the sentence and the error code of each, and the counters of a
 * decoder. One row per reason; the sentence says what would be right.
 */
import type { ErrorCode } from '../base/base.ts'
import { FIELD_NAME_BYTES_MAX, LEVEL_WORD_BYTES_MAX, RECORD_ENCODED_BYTES_MAX } from '../record/record.ts'

export type NdjsonReason =
  | 'badJson'
  | 'notObject'
  | 'tooDeep'
  | 'tooManyFields'
  | 'nameTooLong'
  | 'nameEmpty'
  | 'badTime'
  | 'badLevel'
  | 'messageTooLong'
  | 'lineTooLong'
  | 'recordTooLarge'
  | 'overload'

/** A line that was not stored. */
export interface NdjsonRefusal {
  /** The first line is 1; empty lines count. */
  readonly line: number
  readonly reason: NdjsonReason
  /** The byte of the line where it stops being JSON (the first is 1), 0 for all other reasons. */
  readonly byte: number
}

export interface NdjsonLimits {
  /** Bytes of one message (`record.bytesMax`). */
  readonly recordBytesMax: number
  /** Bytes of one line. */
  readonly lineBytesMax: number
  readonly fieldsMax: number
  /** How many arrays and objects may be open at once. */
  readonly depthMax: number
}

interface ReasonText {
  readonly code: ErrorCode
  sentence(limits: NdjsonLimits): string
}

const REASONS: Readonly<Record<NdjsonReason, ReasonText>> = {
  badJson: { code: 'RECORD_INVALID', sentence: () => 'the line is not JSON' },
  notObject: {
    code: 'RECORD_INVALID',
    sentence: () => 'the line is JSON but no object; give each record as an object on a line of its own',
  },
  tooDeep: {
    code: 'RECORD_INVALID',
    sentence: ({ depthMax }) => `the line is nested deeper than ${depthMax}; flatten it`,
  },
  tooManyFields: {
    code: 'RECORD_INVALID',
    sentence: ({ fieldsMax }) =>
      `there are more than ${fieldsMax} fields; keep what belongs together in an array`,
  },
  nameTooLong: {
    code: 'RECORD_INVALID',
    sentence: () => `the name of a field has more than ${FIELD_NAME_BYTES_MAX} bytes; give a shorter one`,
  },
  nameEmpty: {
    code: 'RECORD_INVALID',
    sentence: () => 'the name of a field is empty; give it at least one character',
  },
  badTime: {
    code: 'RECORD_INVALID',
    sentence: () => 'the time cannot be read; give RFC 3339 (2025-01-15T09:50:00Z) or Unix time',
  },
  badLevel: {
    code: 'RECORD_INVALID',
    sentence: () => `the level has more than ${LEVEL_WORD_BYTES_MAX} bytes; give a word such as error`,
  },
  messageTooLong: {
    code: 'RECORD_TOO_LARGE',
    sentence: ({ recordBytesMax }) => `the message has more than ${recordBytesMax} bytes`,
  },
  lineTooLong: {
    code: 'RECORD_TOO_LARGE',
    sentence: ({ lineBytesMax }) => `the line has more than ${lineBytesMax} bytes`,
  },
  recordTooLarge: {
    code: 'RECORD_TOO_LARGE',
    sentence: () => `the record has more than ${RECORD_ENCODED_BYTES_MAX} bytes with all its fields`,
  },
  overload: {
    code: 'RECORD_TOO_LARGE',
    sentence: () => 'there is no memory left for a line that is not yet whole; send it again later',
  },
}

/** The error code of a reason. */
export function ndjsonRefusalCode(reason: NdjsonReason): ErrorCode {
  return REASONS[reason].code
}

/** `the line is not JSON, from byte 17 on`. Holds none of the sender's text. */
export function ndjsonRefusalText(refusal: NdjsonRefusal, limits: NdjsonLimits): string {
  const sentence = REASONS[refusal.reason].sentence(limits)
  return refusal.byte === 0 ? sentence : `${sentence}, from byte ${refusal.byte} on`
}

export interface NdjsonCounters {
  /** All lines, empty ones and those that were refused included: lines = records + emptyLines + refusedLines. */
  lines: number
  emptyLines: number
  /** Records handed over in batches. */
  records: number
  refusedLines: number
  /** Records without a message, which got MISSING_MESSAGE. */
  missingMessages: number
  /** A line that the connection broke off in the middle of: neither stored nor refused. */
  unfinishedLines: number
  refused: Partial<Record<NdjsonReason, number>>
}

export function newNdjsonCounters(): NdjsonCounters {
  return {
    lines: 0,
    emptyLines: 0,
    records: 0,
    refusedLines: 0,
    missingMessages: 0,
    unfinishedLines: 0,
    refused: {},
  }
}
