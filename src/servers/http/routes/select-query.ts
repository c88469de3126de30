/** `GET|POST /select/logsql/query`: the rows of a query as NDJSON, as they are read. Every value is a text. */
import type { Answer } from '../../../hub/hub.ts'
import { rowTextJson } from '../../../query/query.ts'
import { answerInTime, MISSING_HEADER, rangesText, withRows } from '../query-answer.ts'
import { readQueryRequest } from '../query-parameters.ts'
import type { ResponseWriter } from '../response-writer.ts'
import type { HttpRoute, RouteCall } from '../route.ts'

export const ROWS_TYPE = 'application/stream+json'
const PIECE_CHARACTERS = 32 * 1024

export const selectQuery: HttpRoute = {
  methods: ['GET', 'POST'],
  path: '/select/logsql/query',
  action: 'query',
  summary:
    'The rows of a LogsQL query as NDJSON, oldest first unless its pipes say otherwise. Parameters, in the path or as ' +
    'a form: `query`, `limit` (the newest rows), `start`, `end`, `timeout`, `extra_filters`, `extra_stream_filters`, ' +
    '`query_id`.',
  async answer(call) {
    const request = await readQueryRequest(call)
    return answerInTime(call, request, ROWS_TYPE, (asked, writer) =>
      withRows(call, asked, request.query, (answer) => writeRows(call, writer, answer)),
    )
  },
}

async function writeRows(
  { around }: RouteCall,
  writer: ResponseWriter,
  { rows, missing }: Answer,
): Promise<void> {
  let piece = ''
  writer.announce(MISSING_HEADER)
  for await (const row of rows) {
    piece += `${rowTextJson(row)}\n`
    around.counters.rows++
    if (piece.length < PIECE_CHARACTERS) continue
    await writer.write(piece)
    piece = ''
  }
  writer.end(piece, missing.length === 0 ? {} : { [MISSING_HEADER]: rangesText(missing) })
}
