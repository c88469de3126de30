/**
 * The lines of a tail on their way to its peer, as NDJSON. What comes in one turn of the event loop goes as one piece, and
 * what comes close behind it as another, no faster than the peer takes it; where it is asked for, and nothing goes for a
 * while, an empty line says that the connection lives.
 *
 * A peer that has not taken what was written has no room: its rows wait where they come from, and become gaps there.
 */
import type { Clock } from '../../base/base.ts'
import { type Row, rowTextJson } from '../../query/query.ts'
import type { HttpCounters } from './http-counters.ts'
import type { ResponseWriter } from './response-writer.ts'

const PIECE_CHARACTERS = 32 * 1024
/** Each piece of a busy tail is a call of the system, which costs as much as many rows. */
const BETWEEN_PIECES_MS = 20

export class TailLines {
  readonly #writer: Pick<ResponseWriter, 'write' | 'end'>
  readonly #clock: Clock
  readonly #counters: Pick<HttpCounters, 'rows'>
  readonly #heartbeatMs: number
  #text = ''
  #isDue = false
  #writing: Promise<void> | null = null
  #writtenMs: number
  #stopTimer: () => void = () => {}

  /** `heartbeatMs` without a line, and an empty one goes; 0: never. */
  constructor(
    writer: Pick<ResponseWriter, 'write' | 'end'>,
    clock: Clock,
    counters: Pick<HttpCounters, 'rows'>,
    heartbeatMs: number,
  ) {
    this.#writer = writer
    this.#clock = clock
    this.#counters = counters
    this.#writtenMs = clock.monotonicMs() - BETWEEN_PIECES_MS
    this.#heartbeatMs = heartbeatMs
    if (heartbeatMs > 0) this.#watch(heartbeatMs)
  }

  /** Whether a row may be put without waiting. */
  get hasRoom(): boolean {
    return this.#writing === null && this.#text.length < PIECE_CHARACTERS
  }

  row(row: Row): void {
    this.#counters.rows++
    this.line(rowTextJson(row))
  }

  /** Goes at the end of this turn of the event loop; a moment later where a piece went just before. */
  line(text: string): void {
    this.#text += `${text}\n`
    if (this.#isDue) return
    this.#isDue = true
    const restMs = this.#writtenMs + BETWEEN_PIECES_MS - this.#clock.monotonicMs()
    if (restMs > 0) this.#clock.after(restMs, this.#writeDue)
    else setImmediate(this.#writeDue)
  }

  /** It fails where nobody waits any more: whoever follows the tail hears of it too. */
  readonly #writeDue = (): void => {
    this.#isDue = false
    this.ready().catch(() => {})
  }

  /** Writes what waits, and resolves when the peer has taken enough of it. QUERY_CANCELLED when nobody waits for it. */
  async ready(): Promise<void> {
    while (this.#writing !== null) await this.#writing
    if (this.#text === '') return
    const text = this.#text
    this.#text = ''
    this.#writtenMs = this.#clock.monotonicMs()
    this.#writing = this.#writer.write(text).finally(() => {
      this.#writing = null
    })
    await this.#writing
  }

  /** The last piece. */
  end(): void {
    this.stop()
    this.#writer.end(this.#text)
    this.#text = ''
  }

  /** Says no more that the connection lives. */
  stop(): void {
    this.#stopTimer()
  }

  /** One timer, set anew only when it is due. */
  #watch(delayMs: number): void {
    this.#stopTimer = this.#clock.after(delayMs, () => {
      const restMs = this.#writtenMs + this.#heartbeatMs - this.#clock.monotonicMs()
      if (restMs <= 0 && this.hasRoom) this.line('')
      this.#watch(restMs > 0 ? restMs : this.#heartbeatMs)
    })
  }
}
