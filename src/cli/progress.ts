/**
 * How far a long command is, on stderr: one line that is drawn over on a terminal, plain lines now and then where
 * stderr goes elsewhere, JSON lines for programs. Drawn when there is news, not by a timer.
 */
import type { Clock } from '../base/base.ts'
import type { CliStream } from './cli-io.ts'
import { printSize } from './size.ts'

export interface ProgressState {
  readonly bytesDone: number
  readonly bytesTotal: number
  /** Bytes of `bytesDone` that an earlier run has dealt with: they tell nothing of the speed. */
  readonly bytesBefore: number
  readonly records: number
}

export type ProgressForm = 'bar' | 'lines' | 'json' | 'none'

const INTERVAL_MS: Readonly<Record<ProgressForm, number>> = { bar: 100, lines: 5000, json: 1000, none: 0 }
const BAR_WIDTH_MAX = 30
const BAR_WIDTH_MIN = 8
const CLEAR_LINE = '\r\x1b[K'

export class Progress {
  readonly #stream: CliStream
  readonly #clock: Clock
  readonly #form: ProgressForm
  readonly #startedMs: number
  #shownMs: number
  #isBarShown = false

  constructor(stream: CliStream, clock: Clock, form: ProgressForm) {
    this.#stream = stream
    this.#clock = clock
    this.#form = form
    this.#startedMs = clock.monotonicMs()
    this.#shownMs = this.#startedMs
  }

  /** Shows the news, unless something was shown just now. */
  show(state: ProgressState): void {
    const nowMs = this.#clock.monotonicMs()
    if (this.#form === 'none' || nowMs - this.#shownMs < INTERVAL_MS[this.#form]) return
    this.#shownMs = nowMs
    const speed = speedOf(state, nowMs - this.#startedMs)
    if (this.#form === 'json') this.#stream.write(`${JSON.stringify({ progress: { ...state, ...speed } })}\n`)
    else if (this.#form === 'lines') this.#stream.write(`${wordsOf(state, speed)}\n`)
    else this.#draw(state, speed)
  }

  /** Takes the bar away, before something else is written and at the end. */
  clear(): void {
    if (this.#isBarShown) this.#stream.write(CLEAR_LINE)
    this.#isBarShown = false
  }

  #draw(state: ProgressState, speed: Speed): void {
    const room = (this.#stream.columns ?? 80) - 1
    const words = wordsOf(state, speed)
    const width = Math.min(BAR_WIDTH_MAX, room - words.length - 4)
    const bar = width < BAR_WIDTH_MIN ? '' : `[${barOf(fractionOf(state), width)}]  `
    this.#stream.write(`${CLEAR_LINE}${(bar + words).slice(0, room)}`)
    this.#isBarShown = true
  }
}

interface Speed {
  readonly recordsPerSecond: number
  /** null until it can be told. */
  readonly secondsLeft: number | null
}

function speedOf({ bytesDone, bytesTotal, bytesBefore, records }: ProgressState, elapsedMs: number): Speed {
  const bytesPerMs = (bytesDone - bytesBefore) / Math.max(1, elapsedMs)
  return {
    recordsPerSecond: Math.round((records * 1000) / Math.max(1, elapsedMs)),
    secondsLeft: bytesPerMs <= 0 ? null : Math.ceil((bytesTotal - bytesDone) / bytesPerMs / 1000),
  }
}

function fractionOf({ bytesDone, bytesTotal }: ProgressState): number {
  return bytesTotal === 0 ? 1 : Math.min(1, bytesDone / bytesTotal)
}

function barOf(fraction: number, width: number): string {
  const filled = Math.floor(fraction * width)
  return '#'.repeat(filled) + ' '.repeat(width - filled)
}

/** `45%  1.20 GiB of 2.71 GiB  1,234,567 records  98,000/s  0:42 left` */
function wordsOf(state: ProgressState, { recordsPerSecond, secondsLeft }: Speed): string {
  const { bytesDone, bytesTotal, records } = state
  return [
    `${Math.floor(fractionOf(state) * 100)}%`.padStart(4),
    `${printSize(bytesDone)} of ${printSize(bytesTotal)}`,
    `${printNumber(records)} records`,
    `${printNumber(recordsPerSecond)}/s`,
    ...(secondsLeft === null ? [] : [`${printDuration(secondsLeft)} left`]),
  ].join('  ')
}

/** `1,234,567` */
export function printNumber(number: number): string {
  return number.toLocaleString('en-US')
}

/** `0:42`, `1:02:03` */
export function printDuration(seconds: number): string {
  const two = (part: number): string => String(part).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  const rest = two(seconds % 60)
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`
}
