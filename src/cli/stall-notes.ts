/**
 * Notices when whoever is waited for does nothing for STALL_MS, and when it goes on: each stall is told once, with its
 * end. Pauses below that are not told.
 */
import type { Clock } from '../base/base.ts'

const STALL_MS = 5000

export interface StallListener {
  /** Nothing has happened since `since`, `2026-11-20T14:32:01Z`. */
  readonly begins: (since: string) => void
  /** It goes on after so many seconds. */
  readonly ends: (seconds: number) => void
}

export class StallNotes {
  readonly #clock: Clock
  readonly #listener: StallListener
  #sinceMs: number | null = null
  #isTold = false
  #isClosed = false
  #cancel: () => void = () => {}

  constructor(clock: Clock, listener: StallListener) {
    this.#clock = clock
    this.#listener = listener
  }

  /** Something is expected from now on, or still. */
  expect(): void {
    if (this.#sinceMs !== null || this.#isClosed) return
    const since = printSecond(this.#clock.wallMs())
    this.#sinceMs = this.#clock.monotonicMs()
    this.#cancel = this.#clock.after(STALL_MS, () => {
      this.#isTold = true
      this.#listener.begins(since)
    })
  }

  /** Something happened; nothing is expected until `expect` is called again. */
  progress(): void {
    this.#cancel()
    if (this.#isTold && this.#sinceMs !== null) {
      this.#listener.ends(Math.round((this.#clock.monotonicMs() - this.#sinceMs) / 1000))
    }
    this.#isTold = false
    this.#sinceMs = null
  }

  /** Nothing is said any more. */
  close(): void {
    this.#cancel()
    this.#isClosed = true
    this.#isTold = false
  }
}

const printSecond = (wallMs: number): string => `${new Date(wallMs).toISOString().slice(0, -'.000Z'.length)}Z`
