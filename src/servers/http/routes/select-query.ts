/**
 * `GET|POST /select/logsql/query`: the rows of a query as NDJSON, as they are read, or as CSV. Every value is a text.
 *
 * CSV has to know all columns before the first row, so the query is run twice: once for the names of its fields. What a
 * record brings that came between is left out.
 */
import type { Answer } from '../../../hub/hub.ts'
import { jsonLinesOf, type Query, type Row, rowText } from '../../../query/query.ts'
import { csvLines } from '../csv-rows.ts'
import { HttpProblem } from '../problem-document.ts'
import { type AskOptions, answerInTime, MISSING_HEADER, rangesText, withRows } from '../query-answer.ts'
import { readParameters, readQueryRequest } from '../query-parameters.ts'
import type { ResponseWriter } from '../response-writer.ts'
import type { HttpRoute, RouteCall } from '../route.ts'
import { withPipe, withStreamIds } from '../stream-ids.ts'

export const ROWS_TYPE = 'application/stream+json'
const CSV_TYPE = 'text/csv; charset=utf-8; header=present'
const PIECE_CHARACTERS = 32 * 1024

export const selectQuery: HttpRoute = {
  methods: ['GET', 'POST'],
  path: '/select/logsql/query',
  action: 'query',
  summary:
    'The rows of a LogsQL query as NDJSON, oldest first unless its pipes say otherwise. Parameters, in the path or as ' +
    'a form: `query`, `limit` (the newest rows), `offset` (without so many of the newest), `start`, `end`, `timeout`, ' +
    '`extra_filters`, `extra_stream_filters`, `query_id`, `format` (`csv`).',
  async answer(call) {
    const parameters = await readParameters(call)
    const { query: asked, ...request } = readQueryRequest(call, parameters)
    const query = withStreamIds(asked)
    if (isCsv(parameters.get('format') ?? '')) {
      return answerInTime(call, request, CSV_TYPE, async (options, writer) => {
        const names = await namesOf(call, query, options)
        await withRows(call, options, query, (answer) =>
          writeTexts(call, writer, answer, csvLines(textsOf(answer.rows), names)),
        )
      })
    }
    return answerInTime(call, request, ROWS_TYPE, (options, writer) =>
      withRows(call, options, query, (answer) => writeRows(call, writer, answer)),
    )
  },
}

function isCsv(format: string): boolean {
  if (format === 'csv') return true
  if (format === '' || format === 'json') return false
  throw new HttpProblem('REQUEST_INVALID', 'The parameter `format` must be json or csv.')
}

// ---- rows ---------------------------------------------------------------------------------------------------

async function writeRows(
  { around }: RouteCall,
  writer: ResponseWriter,
  { rows, missing }: Answer,
): Promise<void> {
  writer.announce(MISSING_HEADER)
  for await (const { bytes, rowCount } of jsonLinesOf(rows)) {
    around.counters.rows += rowCount
    await writer.write(bytes)
  }
  endOf(writer, missing, '')
}

function endOf(writer: ResponseWriter, missing: Answer['missing'], piece: string): void {
  writer.end(piece, missing.length === 0 ? {} : { [MISSING_HEADER]: rangesText(missing) })
}

async function writeTexts(
  { around }: RouteCall,
  writer: ResponseWriter,
  { missing }: Answer,
  lines: AsyncIterable<string>,
): Promise<void> {
  let piece = ''
  writer.announce(MISSING_HEADER)
  for await (const line of lines) {
    piece += `${line}\n`
    around.counters.rows++
    if (piece.length < PIECE_CHARACTERS) continue
    await writer.write(piece)
    piece = ''
  }
  endOf(writer, missing, piece)
}

// ---- csv ----------------------------------------------------------------------------------------------------

async function namesOf({ around }: RouteCall, query: Query, options: AskOptions): Promise<string[]> {
  await using answer = await around.hub.query(withPipe(query, 'field_names'), options)
  const names: string[] = []
  for await (const row of answer.rows) names.push(rowText(row).get('name') ?? '')
  return names
}

async function* textsOf(rows: AsyncIterable<Row>): AsyncGenerator<ReadonlyMap<string, string>, void> {
  for await (const row of rows) yield rowText(row)
}
