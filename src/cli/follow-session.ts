/**
 * Sends what the followers find, each file's chunks one after another, all files at once. For every chunk:
 *
 *   remember what is on its way (durable) → send, until the server has it → acknowledged → the next
 *
 * So a crash at any point leads to the same range under the same key. While a chunk is on its way, also for hours, the
 * follower goes on looking: files that are rotated meanwhile are not missed.
 */
import type { Clock } from '../base/base.ts'
import type { FileFollower } from './file-follower.ts'
import type { FollowChunk } from './follow-file.ts'
import type { FollowState } from './follow-state.ts'
import type { HttpSender } from './http-sender.ts'
import type { LogsAnswer } from './http-sender-answer.ts'
import { LINE_BYTES_MAX } from './line-chunks.ts'

const POLL_MS = 250

export interface FollowSessionOptions {
  readonly follower: FileFollower
  readonly state: FollowState
  readonly sender: HttpSender
  readonly clock: Clock
  readonly stop: AbortSignal
  readonly totals: FollowTotals
  /** A line that was not stored. */
  readonly onRefused: (text: string) => void
}

export class FollowTotals {
  acknowledged = 0
  refused = 0
}

export class FollowSession {
  readonly #options: FollowSessionOptions
  #isSaved = false

  constructor(options: FollowSessionOptions) {
    this.#options = options
  }

  /** Resolves after `stop`. Rejects when the server takes no more, or a file or the state cannot be used. */
  async run(): Promise<void> {
    const { follower, stop } = this.#options
    try {
      while (!stop.aborted) await this.#turn()
    } finally {
      await this.#save()
      await follower.close()
    }
  }

  async #turn(): Promise<void> {
    const { follower, clock, stop } = this.#options
    await follower.poll()
    const chunk = await follower.next()
    if (chunk !== null) {
      await this.#deliver(chunk)
      return
    }
    if (!this.#isSaved) await this.#save()
    await new Pause(clock, POLL_MS, stop).over
  }

  async #deliver(chunk: FollowChunk): Promise<void> {
    const { follower, totals, onRefused } = this.#options
    if (chunk.isTooLong) {
      totals.refused++
      onRefused(`${follower.name}, byte ${chunk.start + 1}: the line has more than ${LINE_BYTES_MAX} bytes`)
    } else {
      await this.#save()
      this.#answered(chunk, await this.#send(chunk))
    }
    follower.acknowledge(chunk)
    this.#isSaved = false
  }

  async #send({ bytes, key }: FollowChunk): Promise<LogsAnswer> {
    const { sender, follower, clock, stop } = this.#options
    const sending = sender.send({ bytes, key, contentType: 'text/plain' })
    let isOver = false
    const over = sending.then(
      () => (isOver = true),
      () => (isOver = true),
    )
    while (!isOver) {
      const pause = new Pause(clock, POLL_MS, stop)
      await Promise.race([over, pause.over])
      pause.end()
      if (stop.aborted) await over
      else if (!isOver) await follower.poll()
    }
    return sending
  }

  #answered(chunk: FollowChunk, { accepted, refused, refusals }: LogsAnswer): void {
    const { follower, totals, onRefused } = this.#options
    totals.acknowledged += accepted
    totals.refused += refused
    for (const { line, reason } of refusals) {
      onRefused(`${follower.name}, byte ${byteOfLine(chunk, line)}: ${reason}`)
    }
  }

  async #save(): Promise<void> {
    const { state, follower } = this.#options
    this.#isSaved = true
    await state.save(follower.path, follower.places)
  }
}

/** Where a line of the chunk begins in its file; the first byte is 1. */
function byteOfLine({ start, bytes }: FollowChunk, line: number): number {
  let at = 0
  for (let number = 1; number < line; number++) at = bytes.indexOf(10, at) + 1
  return start + at + 1
}

/** Over after some time, at `stop`, or when it is ended. */
class Pause {
  readonly over: Promise<void>
  end: () => void = () => {}

  constructor(clock: Clock, delayMs: number, stop: AbortSignal) {
    this.over = new Promise((resolve) => {
      this.end = () => {
        cancel()
        stop.removeEventListener('abort', this.end)
        resolve()
      }
      const cancel = clock.after(delayMs, this.end)
      stop.addEventListener('abort', this.end, { once: true })
      if (stop.aborted) this.end()
    })
  }
}
