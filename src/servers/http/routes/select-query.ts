/**
 * `GET|POST /select/logsql/query`: the rows of a query as NDJSON, oldest first, as they are read.
 *
 * Until the first rows are there, what goes wrong is a problem document; after that the connection is destroyed, so
 * that no answer looks whole that is not.
 */
import type { Answer } from '../../../hub/hub.ts'
import { type Row, rowJson } from '../../../query/query.ts'
import { Deadline } from '../deadline.ts'
import { HttpProblem } from '../problem-document.ts'
import { readQueryRequest } from '../query-parameters.ts'
import { ResponseWriter } from '../response-writer.ts'
import type { HttpRoute, RouteCall } from '../route.ts'

const PIECE_CHARACTERS = 32 * 1024
/** What the hub keeps of a row that it has found and not given yet. */
const PLACE_BYTES = 8

export const selectQuery: HttpRoute = {
  methods: ['GET', 'POST'],
  path: '/select/logsql/query',
  action: 'query',
  summary:
    'The rows of a LogsQL query as NDJSON, oldest first. Parameters, in the path or as a form: `query`, ' +
    '`limit` (the newest rows), `start`, `end`, `timeout`.',
  async answer(call) {
    const { query, timeoutMs } = await readQueryRequest(call)
    const { hub, clock, options } = call.around
    const deadline = new Deadline(clock, timeoutMs, call.session.gone)
    const writer = new ResponseWriter(call.reply, 'application/stream+json', deadline.signal)
    try {
      await using answer = await hub.query(query, {
        store: options.store,
        signal: deadline.signal,
        client: call.session.arrival.peer.address,
      })
      await writeHeld(call, writer, answer)
    } catch (error) {
      if (writer.hasBegun) writer.breakOff()
      else throw deadline.problemOf(error)
    } finally {
      deadline.stop()
    }
    return call.reply
  },
}

/** A peer that reads slowly holds the places of all rows meanwhile: that memory is charged. */
async function writeHeld(call: RouteCall, writer: ResponseWriter, { count, rows }: Answer): Promise<void> {
  const { answers } = call.around
  const byteCount = count * PLACE_BYTES
  if (!answers.take(byteCount)) {
    throw new HttpProblem('SERVER_BUSY', 'Too many rows of other answers are not read yet: ask again soon.')
  }
  try {
    await writeRows(call, writer, rows)
  } finally {
    answers.give(byteCount)
  }
}

async function writeRows(
  { around }: RouteCall,
  writer: ResponseWriter,
  rows: AsyncIterable<Row>,
): Promise<void> {
  let piece = ''
  for await (const row of rows) {
    piece += `${rowJson(row)}\n`
    around.counters.rows++
    if (piece.length < PIECE_CHARACTERS) continue
    await writer.write(piece)
    piece = ''
  }
  await writer.end(piece)
}
