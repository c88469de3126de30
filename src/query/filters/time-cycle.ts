/**
 * `_time:day_range[08:00, 18:00)`, `_time:week_range[Mon, Fri]`: the time of the day and the day of the week, in UTC.
 * `offset 2h` moves the range two hours later, to the clock of a zone two hours behind UTC: what the engine of LogsQL does,
 * though its pages say "ahead". What ends before it begins goes over midnight, or over the end of the week:
 * `day_range[22:00, 06:00)`, `week_range[Sat, Mon]`.
 */
import type { Filter } from '../ast.ts'
import { nameOf } from '../batches/fields-wanted.ts'
import { TIME_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { shown } from '../syntax/quoting.ts'
import { type Moment, momentOf } from '../syntax/time-literal.ts'
import type { TokenReader } from '../syntax/token-reader.ts'
import { COST_NUMBER, type FilterKind } from './kind.ts'
import { parseOffset } from './time-offset.ts'

export interface TimeCycleFilter extends Filter {
  readonly kind: 'timeCycle'
  readonly cycle: keyof typeof CYCLES
  /** As it is printed, behind the name. */
  readonly text: string
  /** Nanoseconds since the cycle began, both inclusive; none, one, or two where it goes over the end. */
  readonly spans: readonly (readonly [number, number])[]
  /** So much later than UTC the cycle begins. */
  readonly offset: Moment
}

const NS_PER_MS = 1_000_000
const DAY_MS = 86_400_000
const DAY_NS = DAY_MS * NS_PER_MS
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const DAY_NAMES = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
/** The epoch was a Thursday. */
const EPOCH_DAY = 4

interface Cycle {
  readonly name: string
  readonly ms: number
  /** Milliseconds between its beginning and the epoch. */
  readonly epochMs: number
  /** The unit in which its ends are told, in nanoseconds. */
  readonly unitNs: number
  readonly ends: string
  /** In units; null for what is no such end. */
  read(text: string): number | null
  print(end: number): string
}

const CYCLES = {
  day: {
    name: 'day_range',
    ms: DAY_MS,
    epochMs: 0,
    unitNs: 1,
    ends: 'a time of day like 08:30',
    read: timeOfDay,
    print: timeOfDayText,
  },
  week: {
    name: 'week_range',
    ms: DAY_MS * DAYS.length,
    epochMs: DAY_MS * EPOCH_DAY,
    unitNs: DAY_NS,
    ends: 'a day like Mon',
    read: dayOfWeek,
    print: (day: number) => DAYS[day],
  },
} as const satisfies Record<string, Cycle>

const TIME_OF_DAY = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/
const MINUTE_NS = 60_000 * NS_PER_MS
const SECOND_NS = 1000 * NS_PER_MS

function timeOfDay(text: string): number | null {
  const match = TIME_OF_DAY.exec(text)
  if (match === null) return null
  const [, hours, minutes, seconds = '0', fraction = ''] = match
  if (Number(minutes) > 59 || Number(seconds) > 59) return null
  const ns =
    (Number(hours) * 60 + Number(minutes)) * MINUTE_NS +
    Number(seconds) * SECOND_NS +
    Number(fraction.padEnd(9, '0'))
  return ns > DAY_NS ? null : ns
}

function timeOfDayText(ns: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const minutes = Math.floor(ns / MINUTE_NS)
  const seconds = Math.floor((ns % MINUTE_NS) / SECOND_NS)
  const rest = ns % SECOND_NS
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(9, '0')}`
  const end = ns % MINUTE_NS === 0 ? '' : `:${two(seconds)}${fraction}`
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}${end}`
}

function dayOfWeek(text: string): number | null {
  const word = text.toLowerCase()
  const day = DAY_NAMES.findIndex((name) => name === word || name.slice(0, 3) === word)
  return day < 0 ? null : day
}

// ---- parsing ------------------------------------------------------------------------------------------------

/** From the name of the cycle on; null where none is next. */
export function parseTimeCycle({ reader }: FilterParser): TimeCycleFilter | null {
  for (const cycle of ['day', 'week'] as const) {
    if (reader.isWord(CYCLES[cycle].name) && '[('.includes(reader.following.text))
      return parseCycle(reader, cycle)
  }
  return null
}

function parseCycle(reader: TokenReader, cycle: keyof typeof CYCLES): TimeCycleFilter {
  reader.next()
  const opens = reader.next().text
  const from = readEnd(reader, cycle)
  reader.expectSymbol(',', 'and the end of the range')
  const to = readEnd(reader, cycle)
  if (!reader.isSymbol(']') && !reader.isSymbol(')'))
    throw reader.expected('`]` or `)` at the end of the range')
  const closes = reader.next().text
  const offset = parseOffset(reader)
  const { print } = CYCLES[cycle]
  const range = `${opens}${print(from)},${print(to)}${closes}`
  return {
    kind: 'timeCycle',
    cycle,
    text: offset === null ? range : `${range} ${offset.text}`,
    spans: spansOf(CYCLES[cycle], from, to, opens === '[', closes === ']'),
    offset: momentOf(offset?.ns ?? 0n),
  }
}

function readEnd(reader: TokenReader, cycle: keyof typeof CYCLES): number {
  const { read, ends } = CYCLES[cycle]
  const { text, span } = reader.expectPhrase(ends, { colon: true })
  const end = read(text)
  if (end === null) throw reader.problem(`${shown(text)} is not ${ends}`, span)
  return end
}

/** `from` and `to` in units, each with the whole of its unit. */
function spansOf({ ms, unitNs }: Cycle, from: number, to: number, hasFrom: boolean, hasTo: boolean) {
  const units = (ms * NS_PER_MS) / unitNs
  const first = hasFrom ? from : from + 1
  const last = (to < from ? to + units : to) - (hasTo ? 0 : 1)
  if (first > last) return []
  const span = (a: number, b: number): [number, number] => [a * unitNs, (b + 1) * unitNs - 1]
  if (last < units) return [span(first, last)]
  // The end of the last day, `24:00`, is no moment of that day.
  if (to >= from) return [span(first, units - 1)]
  return first >= units
    ? [span(first - units, last - units)]
    : [span(first, units - 1), span(0, last - units)]
}

// ---- matching -----------------------------------------------------------------------------------------------

export const timeCycleFilter: FilterKind<TimeCycleFilter> = {
  kind: 'timeCycle',
  summary: 'the time of day or the day of the week, in UTC; `offset -2h` for a zone two hours ahead of UTC',
  examples: [
    '_time:day_range[08:00, 18:00)',
    '_time:week_range[Mon, Fri] offset -2h',
    '_time:day_range[22:00, 06:00)',
  ],
  print: ({ cycle, text }) => `${TIME_FIELD}:${CYCLES[cycle].name}${text}`,
  wants: () => [nameOf(TIME_FIELD)],
  bind({ cycle, spans, offset }) {
    const { ms: cycleMs, epochMs } = CYCLES[cycle]
    const [[first, last] = NO_SPAN, [otherFirst, otherLast] = NO_SPAN] = spans
    return {
      cost: COST_NUMBER,
      narrow({ block: { timesMs, timesNs } }, rows) {
        for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
          let ns = timesNs[row] - offset.ns
          let ms = timesMs[row] - offset.ms + epochMs
          if (ns < 0) {
            ns += NS_PER_MS
            ms--
          }
          const msOfCycle = ms - Math.floor(ms / cycleMs) * cycleMs
          const at = msOfCycle * NS_PER_MS + ns
          const isIn = (at >= first && at <= last) || (at >= otherFirst && at <= otherLast)
          if (!isIn) rows.unset(row)
        }
      },
    }
  },
}

const NO_SPAN: readonly [number, number] = [0, -1]
