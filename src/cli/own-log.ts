/**
 * LogCaster's own log, on standard error: pino's JSON lines for programs, or one plain line each for people. What is
 * logged may hold text that came from outside, so the pretty form goes through `terminalSafe`.
 */
import { pino } from 'pino'
import type { OwnLog } from '../program/program.ts'
import { terminalSafe } from './terminal.ts'

export interface OwnLogOptions {
  readonly level: string
  readonly format: 'pretty' | 'json'
}

export function openOwnLog(stream: { write(text: string): unknown }, options: OwnLogOptions): OwnLog {
  const destination =
    options.format === 'json' ? stream : { write: (line: string) => stream.write(prettyLine(line)) }
  return pino({ level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
}

const LEVEL_NAMES: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
}

/** `2026-01-02T03:04:05.678Z WARN  message  name=value` */
function prettyLine(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>
  const fields = Object.entries(rest).map(([name, value]) => `  ${name}=${printValue(value)}`)
  const label = (LEVEL_NAMES[Number(level)] ?? String(level)).padEnd(5)
  return `${time} ${label} ${terminalSafe(String(msg) + fields.join(''))}\n`
}

const printValue = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
