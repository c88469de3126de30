/**
 * What `by (…)` of `stats` names: a field, or a field in steps.
 *
 *   service            rows with the same value
 *   _time:5m           a step of time (time-steps.ts); `_time:day offset 2h`, `_time:month offset "Europe/Berlin"`
 *   took:100ms         numbers, durations, times and addresses in steps of a number, with any unit
 *   ip:/24             networks
 *
 * A value that cannot be put into steps stays as it is.
 */
import { parseTimeText } from '../../record/record.ts'
import { groupsOfTexts, type TextGroups } from '../batches/batch-column.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import type { TimeColumn } from '../batches/text-columns.ts'
import { ipv4Text } from '../filters/ip-address.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import { TIME_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { parseNumber } from '../syntax/number-literal.ts'
import { shown } from '../syntax/quoting.ts'
import { parseDuration } from '../syntax/time-literal.ts'
import { durationText } from '../values/duration-text.ts'
import { numberText, parseNumberText } from '../values/number-text.ts'
import { STEP_NAMES, stepSeconds, type TimeSteps, timeSteps, zoneNamed } from '../values/time-steps.ts'

export interface GroupKey {
  readonly field: string
  /** As the query wrote it; null where values are taken as they are. */
  readonly step: string | null
  readonly offset: string | null
}

/** Puts the rows of a batch into groups by one key. May read, and fail. */
export type ReadGroups = (batch: RowBatch) => TextGroups

const MASK = /^\/(\d{1,2})$/

// ---- text ---------------------------------------------------------------------------------------------------

export function parseGroupKey(parser: FilterParser): GroupKey {
  const { reader } = parser
  const { text, span } = reader.expectPhrase('the name of a field')
  if (reader.takeJoined('*')) {
    throw reader.problem(
      `${shown(`${text}*`)} means many fields: rows are grouped by one, without \`*\``,
      span,
    )
  }
  const field = parser.fieldOr(text)
  if (!reader.takeSymbol(':')) return { field, step: null, offset: null }
  const step = parseStep(parser)
  return { field, step, offset: reader.takeWord('offset') ? parseOffset(parser) : null }
}

function parseStep({ reader }: FilterParser): string {
  const { text, span } = reader.expectPhrase('a step like 5m, month, 10KB or /24')
  const name = text.toLowerCase()
  if (STEP_NAMES.has(name)) return name
  const mask = MASK.exec(text)
  const isNumber = stepNumber(plainStep(text)) !== null
  const isStep = mask !== null ? Number(mask[1]) <= 32 : isNumber
  if (isStep) return text
  throw reader.problem(`${shown(text)} is no step: write it like 5m, 1d, month, 10KB, 0.5 or /24`, span)
}

function parseOffset({ reader }: FilterParser): string {
  const { text, span } = reader.expectPhrase('an offset like 2h or the name of a time zone')
  const isOffset =
    parseDuration(text) !== null || offsetNumber(text) !== null || zoneNamed(text) !== undefined
  if (isOffset) return text
  throw reader.problem(`${shown(text)} is no offset: write it like 2h, -30m or "Europe/Berlin"`, span)
}

/** Without what keeps the digits of a long number apart: `1_000KiB`. */
const plainStep = (step: string): string => (/^\d/.test(step) ? step.replaceAll('_', '') : step)

/** Above 0. */
function stepNumber(text: string): number | null {
  const number = offsetNumber(text)
  return number !== null && number > 0 ? number : null
}

function offsetNumber(text: string): number | null {
  const number = parseNumber(text)
  return number === null || !Number.isFinite(number) ? null : number
}

export function printGroupKey({ field, step, offset }: GroupKey, printer: FilterPrinter): string {
  const name = printer.phrase(field)
  if (step === null) return name
  const written = MASK.test(step) ? step : printer.phrase(step)
  return offset === null ? `${name}:${written}` : `${name}:${written} offset ${printer.phrase(offset)}`
}

/** Seconds of the steps of time that rows are grouped by, null where they are by none. */
export function stepSecondsOf(by: readonly GroupKey[]): number | null {
  const step = by.find((key) => key.field === TIME_FIELD && key.step !== null)?.step ?? null
  return step === null ? null : stepSeconds(plainStep(step))
}

// ---- rows ---------------------------------------------------------------------------------------------------

export function bindGroupKey({ field, step: written, offset }: GroupKey): ReadGroups {
  if (written === null) return (batch) => batch.groups(field)
  const step = plainStep(written)
  const steps = timeSteps(step, offset)
  const bucketOf = boundBucket(step, offset, steps)
  return (batch) => {
    const times = steps === null ? null : batch.timesOf(field)
    return times === null ? inBuckets(batch.groups(field), bucketOf) : inSteps(times, steps!)
  }
}

/** By numbers alone: rows that follow each other are mostly of the same step. */
function inSteps({ timesMs, timesNs }: TimeColumn, steps: TimeSteps): TextGroups {
  const rowCount = timesMs.length
  const ofRow = new Uint32Array(rowCount)
  const texts: string[] = []
  const numbers = new Map<number, number>()
  const { isWholeMs } = steps
  let startMs = 0
  let endMs = 0
  let number = 0
  for (let row = 0; row < rowCount; row++) {
    const ms = timesMs[row]
    if (!(ms >= startMs && ms < endMs)) {
      steps.find(ms, timesNs[row])
      number = isWholeMs ? numberOfStep(steps, steps.startMs, numbers, texts) : texts.push(steps.text()) - 1
      if (isWholeMs) ({ startMs, endMs } = steps)
    }
    ofRow[row] = number
  }
  const groups = { texts, ofRow }
  return isWholeMs ? groups : inBuckets(groups, (text) => text)
}

function numberOfStep(steps: TimeSteps, key: number, numbers: Map<number, number>, texts: string[]): number {
  let number = numbers.get(key)
  if (number === undefined) {
    number = texts.push(steps.text()) - 1
    numbers.set(key, number)
  }
  return number
}

function inBuckets({ texts, ofRow }: TextGroups, bucketOf: (text: string) => string): TextGroups {
  const buckets = groupsOfTexts(texts.map(bucketOf))
  if (ofRow === null) return { texts: [buckets.texts[buckets.ofRow![0]]], ofRow: null }
  const bucketOfGroup = buckets.ofRow!
  return { texts: buckets.texts, ofRow: ofRow.map((group) => bucketOfGroup[group]) }
}

// ---- values -------------------------------------------------------------------------------------------------

const ADDRESS_MAX = 0xffff_ffff
const ADDRESS = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/
const TIME = /^\d{4}-\d\d-\d\d[Tt ]/
const PLAIN = /^[+-]?(?:\d|\.\d|0x|inf)/i
const DURATION = /(?:\d)(?:ns|us|µs|ms|s|m|h|d|w|y)$/

function boundBucket(step: string, offset: string | null, steps: TimeSteps | null): (text: string) => string {
  const mask = MASK.exec(step)
  if (mask !== null) return (text) => maskedAddress(text, Number(mask[1]))
  const size = stepNumber(STEP_NAMES.get(step) ?? step)
  const from = offset === null ? 0 : (offsetNumber(offset) ?? 0)
  return (text) => {
    if (TIME.test(text)) return timeBucket(text, steps)
    if (size === null || !PLAIN.test(text)) return text
    const address = addressNumber(text)
    if (address !== null) return addressText(Math.max(0, bucketStart(address, size, from)))
    const number = parseNumberText(text)
    if (!Number.isFinite(number)) return text
    const start = bucketStart(number, size, from)
    return DURATION.test(text) ? durationText(BigInt(Math.round(start))) : numberText(start)
  }
}

const time = { ms: 0, ns: 0 }

function timeBucket(text: string, steps: TimeSteps | null): string {
  if (steps === null || !parseTimeText(text, time)) return text
  steps.find(time.ms, time.ns)
  return steps.text()
}

const DECIMALS_MAX = 15

/** The largest `from` + n * `size` up to `number`, in as many decimals as these two have. */
function bucketStart(number: number, size: number, from: number): number {
  const decimals = Math.min(DECIMALS_MAX, Math.max(decimalsOf(size), decimalsOf(from)))
  const startOf = (index: number): number => {
    const start = index * size + from
    return Math.abs(start) < 1e15 ? Number(start.toFixed(decimals)) : start
  }
  const index = Math.floor((number - from) / size)
  return startOf(startOf(index + 1) <= number ? index + 1 : index)
}

function decimalsOf(number: number): number {
  const text = numberText(number)
  const point = text.indexOf('.')
  return point < 0 ? 0 : text.length - point - 1
}

function addressNumber(text: string): number | null {
  const parts = ADDRESS.exec(text)
  if (parts === null) return null
  const numbers = parts.slice(1).map(Number)
  return numbers.some((part) => part > 255) ? null : numbers.reduce((sum, part) => sum * 256 + part, 0)
}

const addressText = (address: number): string => ipv4Text(Math.min(address, ADDRESS_MAX))

function maskedAddress(text: string, bits: number): string {
  const address = addressNumber(text)
  if (address === null) return text
  const size = 2 ** (32 - bits)
  return addressText(Math.floor(address / size) * size)
}
