/** What a decoder of the text log protocol counts. */
import type { LogRefusal } from './log-replies.ts'

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
