/**
 * Steps of time, for rows by minute, week or month: `5m`, `1d12h`, `day`, `month`. A step of a fixed length counts from
 * 1970-01-01T00:00:00Z, whole weeks from a Monday, months and years as the calendar has them. An offset moves where steps
 * begin: `2h` means that days begin at 02:00 UTC; the name of a zone, that they begin at its midnight.
 *
 * Bound once a query; what is asked of rows is numbers, without text.
 */
import { formatRfc3339, TIME_MS_MIN, type TimeZone, timeZoneOf } from '../../record/record.ts'
import { parseNumber } from '../syntax/number-literal.ts'
import { parseDuration } from '../syntax/time-literal.ts'

const NS_PER_MS = 1_000_000
const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
/** 1970-01-05 was the first Monday. */
const MONDAY_MS = 4 * DAY_MS

/** Names of steps, with the durations that they stand for; those of the calendar have none. */
export const STEP_NAMES: ReadonlyMap<string, string | null> = new Map([
  ['nanosecond', '1ns'],
  ['microsecond', '1us'],
  ['millisecond', '1ms'],
  ['second', '1s'],
  ['minute', '1m'],
  ['hour', '1h'],
  ['day', '1d'],
  ['week', '1w'],
  ['month', null],
  ['year', null],
])

/** Nanoseconds of a step of a fixed length; null where it is one of the calendar, or none at all. */
export function stepNs(step: string): bigint | null {
  const named = STEP_NAMES.get(step)
  if (named === null) return null
  const ns = parseDuration(named ?? step) ?? wholeNumber(step)
  return ns === null || ns <= 0n ? null : ns
}

const NS_PER_SECOND = 1e9
/** Of a month and a year, as long as they are on average. */
const CALENDAR_SECONDS: ReadonlyMap<string, number> = new Map([
  ['month', 2_629_746],
  ['year', 31_556_952],
])

/** How long a step is, in seconds; null where it is none. */
export function stepSeconds(step: string): number | null {
  const ns = stepNs(step)
  return ns === null ? (CALENDAR_SECONDS.get(step) ?? null) : Number(ns) / NS_PER_SECOND
}

/** A number without a unit is nanoseconds. */
function wholeNumber(text: string): bigint | null {
  const number = parseNumber(text)
  return number === null || !Number.isFinite(number) ? null : BigInt(Math.trunc(number))
}

/** The zone of this name, null for UTC; undefined where there is none. */
export function zoneNamed(name: string): TimeZone | null | undefined {
  try {
    return timeZoneOf(name)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** The step that holds a moment; `find` moves it. */
export abstract class TimeSteps {
  /** Where the step that was found begins, and where the next one does. */
  startMs = 0
  startNs = 0
  endMs = 0
  /** Steps begin and end at whole milliseconds: what lies from `startMs` to before `endMs` needs no `find`. */
  abstract readonly isWholeMs: boolean

  abstract find(ms: number, ns: number): void

  /** The moment at which the step begins. */
  text(): string {
    return formatRfc3339(Math.max(TIME_MS_MIN, this.startMs), this.startNs)
  }
}

/** Null where `step` is no step of time. An offset that is none counts as nothing: whoever parses refuses it. */
export function timeSteps(step: string, offset: string | null): TimeSteps | null {
  const ns = stepNs(step)
  if (ns === null && STEP_NAMES.get(step) !== null) return null
  const offsetNs = offset === null ? 0n : parseDuration(offset)
  const zone = offset !== null && offsetNs === null ? (zoneNamed(offset) ?? null) : null
  const shift = offsetNs ?? 0n
  const isFine = ns !== null && (ns % BigInt(NS_PER_MS) !== 0n || shift % BigInt(NS_PER_MS) !== 0n)
  if (zone === null && isFine) return new NanosecondSteps(ns, shift)
  return new LocalSteps(localStep(step, ns), zone ?? shiftedClocks(Number(shift / BigInt(NS_PER_MS))))
}

/** Where the step that holds `ms` begins, or, with 1 for `next`, where the one behind it does. */
type StepStart = (ms: number, next: 0 | 1) => number

function localStep(step: string, ns: bigint | null): StepStart {
  return ns === null ? calendarStep(step) : fixedStep(ns)
}

/** At least a millisecond. */
function fixedStep(ns: bigint): StepStart {
  const stepMs = Math.max(1, Number(ns / BigInt(NS_PER_MS)))
  const from = stepMs % WEEK_MS === 0 ? MONDAY_MS : 0
  return (ms, next) => (Math.floor((ms - from) / stepMs) + next) * stepMs + from
}

function calendarStep(step: string): StepStart {
  const isYear = step === 'year'
  return (ms, next) => {
    const date = new Date(ms)
    const year = date.getUTCFullYear() + (isYear ? next : 0)
    return startOfMonth(year, isYear ? 0 : date.getUTCMonth() + next)
  }
}

/** `Date.UTC` takes years below 100 for those of a century. */
function startOfMonth(year: number, month: number): number {
  return new Date(0).setUTCFullYear(year, month, 1)
}

/** Clocks by which steps begin. */
type Clocks = Pick<TimeZone, 'toLocalMs' | 'toUtcMs'>

/** Those of UTC, so much later. */
const shiftedClocks = (shiftMs: number): Clocks => ({
  toLocalMs: (utcMs) => utcMs - shiftMs,
  toUtcMs: (localMs) => localMs + shiftMs,
})

class LocalSteps extends TimeSteps {
  readonly isWholeMs = true
  readonly #start: StepStart
  readonly #clocks: Clocks

  constructor(start: StepStart, clocks: Clocks) {
    super()
    this.#start = start
    this.#clocks = clocks
  }

  /** A step that clocks read twice is one; what lies in none, where clocks were changed, is a step of its own. */
  find(ms: number): void {
    const local = this.#clocks.toLocalMs(ms)
    this.startMs = this.#clocks.toUtcMs(this.#start(local, 0))
    this.endMs = this.#clocks.toUtcMs(this.#start(local, 1))
  }
}

class NanosecondSteps extends TimeSteps {
  readonly isWholeMs = false
  readonly #stepNs: bigint
  readonly #shiftNs: bigint

  constructor(step: bigint, shift: bigint) {
    super()
    this.#stepNs = step
    this.#shiftNs = shift
  }

  find(ms: number, ns: number): void {
    const moment = BigInt(ms) * BigInt(NS_PER_MS) + BigInt(ns) - this.#shiftNs
    const rest = moment % this.#stepNs
    const start = moment - (rest < 0n ? rest + this.#stepNs : rest) + this.#shiftNs
    const startMs = start / BigInt(NS_PER_MS) - (start % BigInt(NS_PER_MS) < 0n ? 1n : 0n)
    this.startMs = Number(startMs)
    this.startNs = Number(start - startMs * BigInt(NS_PER_MS))
  }
}
