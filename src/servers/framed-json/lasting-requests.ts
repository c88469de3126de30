/**
 * Requests of one session that go on for long: queries and tails. Each can be ended by a message of its own type that
 * has the same correlation id; all are ended when the peer is gone.
 */
import { CodedError } from '../../base/base.ts'
import type { JsonMessage } from '../../wire/wire.ts'
import type { LastingOptions, LastingRequest } from './context.ts'

type CorrelationId = JsonMessage['correlationId']

export class LastingRequests {
  readonly #countMax: number
  readonly #running = new Set<Running>()

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  get count(): number {
    return this.#running.size
  }

  /** SERVER_BUSY when there are too many. */
  begin(options: LastingOptions, correlationId: CorrelationId): LastingRequest {
    if (this.#running.size >= this.#countMax) {
      const message = `Too many queries and tails at once: at most ${this.#countMax} in one session`
      throw new CodedError('SERVER_BUSY', message)
    }
    const running = new Running(options, correlationId, () => this.#running.delete(running))
    this.#running.add(running)
    return running
  }

  /** Ends those that the peer's message names; how many there were. */
  end(endedBy: string, correlationId: CorrelationId): number {
    const found = [...this.#running].filter(
      (each) => each.options.endedBy === endedBy && each.correlationId === correlationId,
    )
    for (const running of found) running.end(true)
    return found.length
  }

  /** The peer sends nothing more: ends those that would never end by themselves. */
  endEndless(): void {
    for (const running of this.#running) if (running.options.isEndless) running.end(false)
  }

  /** Nobody reads what they say any more. */
  endAll(): void {
    for (const running of this.#running) running.end(false)
  }
}

class Running implements LastingRequest {
  readonly options: LastingOptions
  readonly correlationId: CorrelationId
  readonly #controller = new AbortController()
  readonly #over: () => void
  isEndedByPeer = false

  constructor(options: LastingOptions, correlationId: CorrelationId, over: () => void) {
    this.options = options
    this.correlationId = correlationId
    this.#over = over
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  end(isByPeer: boolean): void {
    if (this.signal.aborted) return
    this.isEndedByPeer = isByPeer
    this.#controller.abort()
  }

  [Symbol.dispose](): void {
    this.#over()
  }
}
