/**
 * Writes one answer of the text query protocol:
 *
 *   RESULT|<count>    the number of rows, `*` for a tail
 *   rows, and in a tail GAP|<fromId>|<toId>|<count>
 *   MISSING|<fromId>|<toId>|<reason>   for each range of ids that could not be read
 *   END               or, when the answer broke off, ERROR|<reason>
 *
 * Rows gather in pieces. Whoever writes many asks `isFull` after each and awaits `ready`, so that a peer that reads
 * slowly makes the query wait and not the memory grow. Rows of a tail may be put while nobody asks, as long as there is
 * room (`hasRoom`, `row`, `flushSoon`).
 */
import { type Dialect, printQueryError } from '../ingest/ingest.ts'
import { inert, type Row } from '../query/query.ts'
import type { LostRange } from '../storage/storage.ts'
import { RowTextEncoder } from './row-text.ts'

/** Where the bytes go. */
export interface AnswerSink {
  write(bytes: Uint8Array): void
  /** The peer has taken enough, or is gone. */
  readonly hasRoom: boolean
  /** Resolves when the peer has taken enough; at once when it is gone. */
  room(): Promise<void>
}

const PIECE_BYTES = 32 * 1024
/** Each piece of a busy tail is a call of the system, which costs as much as many rows. */
const BETWEEN_FLUSHES_MS = 20

export class AnswerWriter {
  rows = 0
  readonly #sink: AnswerSink
  readonly #dialect: Dialect
  readonly #encoder = new RowTextEncoder()
  #isFlushDue = false
  #flushedMs = Number.NEGATIVE_INFINITY

  constructor(sink: AnswerSink, dialect: Dialect) {
    this.#sink = sink
    this.#dialect = dialect
  }

  begin(count: number | '*'): void {
    this.#encoder.putLine(`RESULT${this.#dialect === 'main' ? '|' : ':'}${count}`)
  }

  row(row: Row): void {
    this.rows++
    this.#encoder.putRow(row, this.#dialect)
  }

  /** A row of the server's own words, on one line. */
  line(text: string): void {
    this.rows++
    this.#encoder.putLine(text)
  }

  gap(fromId: number, toId: number, count: number): void {
    this.#encoder.putLine(`GAP|${fromId}|${toId}|${count}`)
  }

  /** Of this the answer lacks what was there. Not in the short dialect, which has no word for it. */
  missing({ fromId, toId, reason }: LostRange): void {
    if (this.#dialect === 'main') this.#encoder.putLine(`MISSING|${fromId}|${toId}|${inert(reason)}`)
  }

  end(): void {
    this.#encoder.putLine('END')
    this.flush()
  }

  error(reason: string): void {
    this.#encoder.putLine(printQueryError(this.#dialect, reason).trimEnd())
    this.flush()
  }

  get isFull(): boolean {
    return this.#encoder.length >= PIECE_BYTES || !this.#sink.hasRoom
  }

  /** Sends what gathered, and waits until the peer has taken enough of it. */
  ready(): Promise<void> {
    this.flush()
    return this.#sink.room()
  }

  /** Sends what gathers in this turn of the event loop, at its end; a moment later where something was sent just before. */
  flushSoon(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    const restMs = this.#flushedMs + BETWEEN_FLUSHES_MS - performance.now()
    if (restMs > 0) setTimeout(this.#flushDue, restMs)
    else setImmediate(this.#flushDue)
  }

  readonly #flushDue = (): void => {
    this.#isFlushDue = false
    if (this.#encoder.length > 0) this.#flushedMs = performance.now()
    this.flush()
  }

  flush(): void {
    if (this.#encoder.length > 0) this.#sink.write(this.#encoder.take())
  }
}
