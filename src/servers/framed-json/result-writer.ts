/**
 * Gathers the rows of an answer into `result` frames. A row that fits into no frame is sent without what is in it, as
 * `{_id, _time, _row_bytes}`, and counted as `too_long`: an answer never looks complete that is not.
 */
import { type Row, rowJson } from '../../query/query.ts'
import { formatRfc3339 } from '../../record/record.ts'
import type { JsonContext } from './context.ts'
import { PAYLOAD_BYTES_MAX } from './reply-frame.ts'

/** Rows are sent when there are so many bytes of them: the peer begins to read, and can stop in time. */
const RESULT_BYTES = 64 * 1024
/** `{"rows":[…]}` or `{"id":…,"row":…}` around a row. */
const AROUND_ROW_BYTES = 64
const ROW_BYTES_MAX = PAYLOAD_BYTES_MAX - AROUND_ROW_BYTES

export class ResultWriter {
  readonly #context: JsonContext
  #rows: string[] = []
  #bytes = 0
  #count = 0
  #tooLong = 0

  constructor(context: JsonContext) {
    this.#context = context
  }

  /** Of all rows, for the `end` frame. */
  get totals(): { readonly count: number; readonly too_long?: number } {
    return { count: this.#count, ...(this.#tooLong > 0 ? { too_long: this.#tooLong } : {}) }
  }

  row(row: Row): void {
    const { json, bytes, isWhole } = printRow(row)
    if (this.#bytes + bytes > ROW_BYTES_MAX) this.flush()
    this.#rows.push(json)
    this.#bytes += bytes + 1
    this.#count++
    if (!isWhole) this.#tooLong++
  }

  get isFull(): boolean {
    return this.#bytes >= RESULT_BYTES
  }

  /** Sends what gathered, and waits until the peer has taken enough of it. */
  ready(signal: AbortSignal): Promise<void> {
    this.flush()
    return this.#context.room(signal)
  }

  flush(): void {
    if (this.#rows.length === 0) return
    this.#context.replyJson('result', `{"rows":[${this.#rows.join(',')}]}`)
    this.#rows = []
    this.#bytes = 0
  }
}

export interface PrintedRow {
  readonly json: string
  readonly bytes: number
  /** Whether all of it is there. */
  readonly isWhole: boolean
}

export function printRow(row: Row): PrintedRow {
  const json = rowJson(row)
  const bytes = Buffer.byteLength(json)
  if (bytes <= ROW_BYTES_MAX) return { json, bytes, isWhole: true }
  const own = row.kind === 'record' ? { _id: row.id, _time: formatRfc3339(row.timeMs, row.timeNs) } : {}
  const short = JSON.stringify({ ...own, _row_bytes: bytes })
  return { json: short, bytes: short.length, isWhole: false }
}
