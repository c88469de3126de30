/**
 * The rows of an answer, which may be ended while nobody takes them: their ids are let go at once, and whoever asks for
 * the next row is told.
 */
import { CodedError } from '../base/base.ts'
import { type JsonLines, jsonLinesOf, type Row, type RowsWithLines } from '../query/query.ts'

export class HeldRows implements AsyncIterableIterator<Row>, RowsWithLines {
  readonly #source: AsyncIterable<Row>
  readonly #rows: AsyncIterator<Row>
  #lines: AsyncGenerator<JsonLines> | null = null
  #isEnded = false

  constructor(rows: AsyncIterable<Row>) {
    this.#source = rows
    this.#rows = rows[Symbol.asyncIterator]()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Called by whoever needs the memory; resolves when nothing is read any more. */
  async end(): Promise<void> {
    this.#isEnded = true
    await this.#close()
  }

  async next(): Promise<IteratorResult<Row>> {
    if (this.#isEnded) throw ended()
    return await this.#rows.next()
  }

  async *lines(): AsyncGenerator<JsonLines> {
    this.#lines = jsonLinesOf(this.#source)
    for await (const lines of this.#lines) {
      yield lines
      if (this.#isEnded) throw ended()
    }
    if (this.#isEnded) throw ended()
  }

  async return(): Promise<IteratorResult<Row>> {
    await this.#close()
    return { done: true, value: undefined }
  }

  async #close(): Promise<void> {
    await this.#lines?.return(undefined)
    await this.#rows.return?.()
  }
}

function ended(): CodedError {
  return new CodedError(
    'QUERY_CANCELLED',
    'The rest of the answer was dropped: it was read too slowly, and other queries needed its memory.',
  )
}
