/**
 * A clock that only moves when a test says so. Timers are called inside `advance`, earliest first, in the order of
 * their making when they are due together; while one is called the clock shows the time at which it was due.
 *
 * It does not wait for promises: where code awaits between two timers, advance to `nextTimerMs`, let it settle, go on.
 */
import { assert } from './assert.ts'
import type { Clock } from './clock.ts'

interface Timer {
  readonly dueMs: number
  readonly callback: () => void
}

export interface SimulatedClockOptions {
  /** Default 2026-01-01T00:00:00Z. */
  readonly wallMs?: number
  /** Default 0. */
  readonly monotonicMs?: number
}

const WALL_MS = Date.UTC(2026, 0, 1)

export class SimulatedClock implements Clock {
  #monotonicMs: number
  /** What to add to the monotonic time to get the wall time. */
  #wallOffsetMs: number
  /** In the order of their making. */
  readonly #timers = new Set<Timer>()

  constructor(options: SimulatedClockOptions = {}) {
    this.#monotonicMs = options.monotonicMs ?? 0
    this.#wallOffsetMs = (options.wallMs ?? WALL_MS) - this.#monotonicMs
  }

  wallMs(): number {
    return this.#monotonicMs + this.#wallOffsetMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Moves both sides of the clock on and calls every timer that becomes due, also those made meanwhile. */
  advance(byMs: number): void {
    assert(byMs >= 0, `a clock does not advance by ${byMs} ms`)
    const untilMs = this.#monotonicMs + byMs
    for (let timer = this.#next(); timer !== null && timer.dueMs <= untilMs; timer = this.#next()) {
      this.#timers.delete(timer)
      this.#monotonicMs = timer.dueMs
      timer.callback()
    }
    this.#monotonicMs = untilMs
  }

  /** Makes the wall clock jump. Timers and the monotonic side do not notice. */
  setWall(wallMs: number): void {
    this.#wallOffsetMs = wallMs - this.#monotonicMs
  }

  /** Milliseconds until the next timer is due, or null when there is none. */
  get nextTimerMs(): number | null {
    const next = this.#next()
    return next === null ? null : next.dueMs - this.#monotonicMs
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.size
  }

  #next(): Timer | null {
    let next: Timer | null = null
    for (const timer of this.#timers) if (next === null || timer.dueMs < next.dueMs) next = timer
    return next
  }
}
