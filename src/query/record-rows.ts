/** The rows of an answer that is made of records: one by one, or as lines of JSON without a row ever being made. */
import type { Pipe, Query } from './ast.ts'
import type { FieldsPipe } from './pipes/fields.ts'
import { RecordLineWriter } from './record-lines.ts'
import type { Row } from './row.ts'
import { type JsonLines, linesOfRows, type RowsWithLines } from './row-lines.ts'
import { rowMapOf } from './row-map.ts'
import type { RowPage } from './row-page.ts'
import { withoutLimits } from './shape.ts'
import { STREAM_ID_FIELD } from './special-fields.ts'

/** To be read once, in one of both ways. */
export function recordRowsOf(query: Query, pages: AsyncGenerator<RowPage>): RowsWithLines {
  const rows = mappedRows(query, pages)
  const shown = shownOf(withoutLimits(query).pipes)
  return {
    [Symbol.asyncIterator]: () => rows,
    lines: () => (shown === null ? linesOfRows(rows) : recordLines(pages, shown.hasStreamId)),
  }
}

async function* mappedRows(query: Query, pages: AsyncIterable<RowPage>): AsyncGenerator<Row> {
  const mapRow = rowMapOf(query)
  for await (const page of pages) for (let at = 0; at < page.rowCount; at++) yield mapRow(page.row(at))
}

/** What every record shows; null where pipes choose fields. */
function shownOf(pipes: readonly Pipe[]): { readonly hasStreamId: boolean } | null {
  if (pipes.length === 0) return { hasStreamId: false }
  const [pipe] = pipes
  if (pipes.length > 1 || pipe.kind !== 'fields') return null
  const { fields } = pipe as FieldsPipe
  if (!fields.some(({ name, isPrefix }) => isPrefix && name === '')) return null
  return { hasStreamId: fields.some(({ name, isPrefix }) => !isPrefix && name === STREAM_ID_FIELD) }
}

async function* recordLines(pages: AsyncIterable<RowPage>, hasStreamId: boolean): AsyncGenerator<JsonLines> {
  const writer = new RecordLineWriter(hasStreamId)
  for await (const page of pages) {
    writer.turnTo(page)
    for (let at = 0; at < page.rowCount; at++) {
      writer.write(at)
      if (writer.isFull) yield writer.take()
    }
    page.release()
  }
  if (writer.rowCount > 0) yield writer.take()
}
