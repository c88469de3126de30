/** Rows of an answer as NDJSON, every value as a text, in pieces of whole lines: as `rowTextJson` writes them. */
import type { Row } from './row.ts'
import { rowTextJson } from './row-fields.ts'

export interface JsonLines {
  /** UTF-8, each line with its end. Nobody changes them any more. */
  readonly bytes: Uint8Array
  readonly rowCount: number
}

/** Rows that may be taken as lines as well. To be read once, in one of both ways. */
export interface RowsWithLines extends AsyncIterable<Row> {
  lines(): AsyncGenerator<JsonLines>
}

const PIECE_CHARACTERS = 32 * 1024
const encoder = new TextEncoder()

/** In the way that is best for these rows. */
export function jsonLinesOf(rows: AsyncIterable<Row>): AsyncGenerator<JsonLines> {
  return hasLines(rows) ? rows.lines() : linesOfRows(rows)
}

function hasLines(rows: AsyncIterable<Row>): rows is RowsWithLines {
  return 'lines' in rows && typeof rows.lines === 'function'
}

/** Row by row. */
export async function* linesOfRows(rows: AsyncIterable<Row>): AsyncGenerator<JsonLines> {
  let text = ''
  let rowCount = 0
  for await (const row of rows) {
    text += `${rowTextJson(row)}\n`
    rowCount++
    if (text.length < PIECE_CHARACTERS) continue
    yield { bytes: encoder.encode(text), rowCount }
    text = ''
    rowCount = 0
  }
  if (rowCount > 0) yield { bytes: encoder.encode(text), rowCount }
}
