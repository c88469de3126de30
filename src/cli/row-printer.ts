/**
 * Rows of an answer as text for stdout. `table` is for eyes and inert on every terminal; `raw` is the message alone,
 * its exact bytes where stdout is not a terminal; `json` is one object a line.
 */
import { type JsonObject, objectOfRow } from './json-shape.ts'
import { jsonSafe, type Painter, type Style, terminalSafe } from './terminal.ts'
import { type AnswerEvent, type RecordLine, readRecordLine } from './text-query-client.ts'

export type RowFormat = 'table' | 'raw' | 'json'

export interface RowPrinterOptions {
  readonly format: RowFormat
  /** stdout is a terminal: nothing may pass unescaped. */
  readonly isTerminal: boolean
  readonly paint: Painter
}

const LEVEL_COLUMNS = 5
/** What the text protocol prints for a record without a level. */
const NO_LEVEL = 'UNKNOWN'
const LEVEL_STYLES: Readonly<Record<string, Style>> = {
  TRACE: 'gray',
  DEBUG: 'cyan',
  INFO: 'green',
  WARN: 'yellow',
  ERROR: 'red',
  FATAL: ['bold', 'white', 'bgRed'],
}
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export class RowPrinter {
  #options: RowPrinterOptions

  constructor(options: RowPrinterOptions) {
    this.#options = options
  }

  /** One line, its end included. */
  print(row: Uint8Array): string | Uint8Array {
    const record = readRecordLine(row)
    return record === null ? this.#values(row) : this.#record(record)
  }

  /** Many items as one piece, so that a write is not made for each. */
  printAll(items: readonly AnswerEvent[]): Uint8Array {
    return Buffer.concat(items.map((item) => toBytes(this.#item(item))))
  }

  /** Programs that read JSON learn of a gap where it is; people are told on stderr. */
  #item(item: AnswerEvent): string | Uint8Array {
    if (item.kind === 'row') return this.print(item.bytes)
    if (item.kind !== 'gap' || this.#options.format !== 'json') return ''
    const { fromId, toId, count } = item
    return `{"_gap":{"fromId":${fromId},"toId":${toId},"count":${count}}}\n`
  }

  #record(record: RecordLine): string | Uint8Array {
    if (this.#options.format === 'json') return `${recordJson(record)}\n`
    if (this.#options.format === 'table') return this.#tableLine(record)
    if (this.#options.isTerminal) return `${terminalSafe(record.message)}\n`
    return Buffer.concat([record.message, LINE_FEED])
  }

  #tableLine({ time, level, message }: RecordLine): string {
    const { paint } = this.#options
    const padded = (level === NO_LEVEL ? '-' : terminalSafe(level)).padEnd(LEVEL_COLUMNS)
    const style = LEVEL_STYLES[level]
    const shownLevel = style === undefined ? padded : paint(style, padded)
    return `${paint('dim', printTime(time))} ${shownLevel} ${terminalSafe(message)}\n`
  }

  #values(row: Uint8Array): string | Uint8Array {
    const { format, isTerminal } = this.#options
    if (format === 'json') return `${jsonSafe(decoder.decode(row))}\n`
    const values = objectOfRow(row)
    if (values !== null) return `${valuesLine(values, format, isTerminal)}\n`
    const isShown = format === 'table' || isTerminal
    return isShown ? `${terminalSafe(decoder.decode(row))}\n` : Buffer.concat([row, LINE_FEED])
  }
}

const LINE_FEED = Buffer.from('\n')

const toBytes = (line: string | Uint8Array): Uint8Array =>
  typeof line === 'string' ? Buffer.from(line) : line

/** All that the text protocol says of a record, with the names and types that queries give. */
function recordJson({ id, level, time, message }: RecordLine): string {
  const known = level === NO_LEVEL ? {} : { level }
  const fields = { _time: printTime(time), _msg: decoder.decode(message), ...known, _id: Number(id) }
  return jsonSafe(JSON.stringify(fields))
}

/** `level=ERROR hits=3`; of a record that came as an object, raw prints the message alone. */
function valuesLine(values: JsonObject, format: RowFormat, isTerminal: boolean): string {
  const message = values['_msg']
  if (format === 'raw' && typeof message === 'string') return isTerminal ? terminalSafe(message) : message
  return Object.entries(values).map(pair).join(' ')
}

function pair([name, value]: [string, unknown]): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const shown = /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)
  return `${terminalSafe(name)}=${terminalSafe(shown)}`
}

const MILLISECOND_DIGITS = 3

/** Unix seconds with decimals, as the server prints them, as `2026-11-20T14:32:01.123Z` with as many decimals. */
export function printTime(unixSeconds: string): string {
  const parts = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?$/.exec(unixSeconds)
  if (parts === null) return terminalSafe(unixSeconds)
  const [, sign, whole, decimals = ''] = parts
  const isBefore1970 = sign === '-' && Number(decimals) > 0
  const seconds = sign === '-' ? -Number(whole) - (isBefore1970 ? 1 : 0) : Number(whole)
  const fraction = isBefore1970 ? complement(decimals) : decimals
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return unixSeconds
  return `${date.toISOString().replace(/\.\d+Z$/, '')}.${fraction.padEnd(MILLISECOND_DIGITS, '0')}Z`
}

/** The decimals of 1 minus 0.`decimals`. */
function complement(decimals: string): string {
  return String(10 ** decimals.length - Number(decimals)).padStart(decimals.length, '0')
}
