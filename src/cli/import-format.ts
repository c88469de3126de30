/** How the lines of a file are to be read, and what the server is told about it. */
import { CodedError } from '../base/base.ts'
import type { OptionRow } from './command.ts'
import type { ParsedArgs } from './parsed-args.ts'

export type LineFormat = 'ndjson' | 'lines'

const BYTE_ORDER_MARK = '\ufeff'

export const FORMAT_OPTIONS: readonly OptionRow[] = [
  {
    name: 'format',
    kind: 'choice',
    choices: ['auto', 'ndjson', 'lines'],
    default: 'auto',
    help: 'auto is ndjson where the first line is a JSON object',
  },
  {
    name: 'time-field',
    kind: 'text',
    value: 'NAMES',
    help: 'NDJSON: fields with the time, the first that is there',
  },
  { name: 'msg-field', kind: 'text', value: 'NAMES', help: 'NDJSON: fields with the message' },
  {
    name: 'stream-fields',
    kind: 'text',
    value: 'NAMES',
    help: 'NDJSON: fields that name where records come from',
  },
  {
    name: 'ignore-fields',
    kind: 'text',
    value: 'NAMES',
    help: 'NDJSON: fields to leave out; prefix* names many',
  },
  { name: 'extra-fields', kind: 'text', value: 'NAME=VALUE', help: 'NDJSON: fields that every record gets' },
]

const FIELD_OPTIONS = ['time-field', 'msg-field', 'stream-fields', 'ignore-fields', 'extra-fields']

/** The query string for NDJSON. USAGE when fields are named for lines that have none. */
export function searchOf(args: ParsedArgs): string {
  const given = FIELD_OPTIONS.filter((name) => args.text(name) !== undefined)
  if (given.length > 0 && args.text('format') === 'lines') {
    throw new CodedError('USAGE', `--${given[0]} is for NDJSON; leave out --format lines`)
  }
  const search = new URLSearchParams()
  for (const name of given) search.set(name.replace('-', '_'), args.textOr(name, ''))
  return search.toString()
}

/** NDJSON where the first line that is not blank is a JSON object; `head` is the beginning of a file's content. */
export function detectFormat(head: Buffer, isWhole: boolean): LineFormat {
  const lines = head.toString().replace(BYTE_ORDER_MARK, '').split('\n')
  // What follows the last line end may be half a line.
  const complete = isWhole ? lines : lines.slice(0, -1)
  const first = complete.find((line) => line.trim() !== '')
  if (first !== undefined) return isJsonObject(first) ? 'ndjson' : 'lines'
  return looksLikeObject(lines.at(-1) ?? '') ? 'ndjson' : 'lines'
}

function isJsonObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** The start of a first line that is longer than what was read. */
function looksLikeObject(line: string): boolean {
  return /^\s*\{\s*("|\})/.test(line)
}
