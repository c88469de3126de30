/**
 * `GET|POST /select/logsql/tail`: what matches from now on, as NDJSON that does not end: every value is a text.
 *
 * A peer that takes its rows too slowly gets a line for those that it missed, `{"_gap":"12","_from_id":"7","_to_id":"40"}`;
 * with `after_id` everything stored after that record comes first, and nothing is missed. With `heartbeat` an empty line
 * says now and then that the connection lives; others may take that for a row that is none. Peers that are gone without a
 * word are found by the keep-alive of TCP (listener.ts).
 */

import type { TailItem } from '../../../hub/hub.ts'
import { isLive, parseQuery, rowText } from '../../../query/query.ts'
import { HttpProblem } from '../problem-document.ts'
import { readDurationMs, readNarrowed, readNumber, readParameters } from '../query-parameters.ts'
import { ResponseWriter } from '../response-writer.ts'
import type { HttpRoute, RouteCall } from '../route.ts'
import { withStreamIds } from '../stream-ids.ts'
import { TailLines } from '../tail-lines.ts'
import { ROWS_TYPE } from './select-query.ts'

const HEARTBEAT_MS_MIN = 1000
const HEARTBEAT_MS_MAX = 3_600_000

export const selectTail: HttpRoute = {
  methods: ['GET', 'POST'],
  path: '/select/logsql/tail',
  action: 'tail',
  summary:
    'What matches `query` from now on, as NDJSON that does not end, at the moment it is stored; with `after_id` from ' +
    'that record on, with `start_offset` from the first record of so long ago, with `heartbeat` also an empty line where ' +
    'nothing came for so long. Only pipes that work row by row. `offset` and `refresh_interval` are taken and not needed.',
  async answer(call) {
    const parameters = await readParameters(call)
    const { query, scope } = readNarrowed(call, parameters)
    if (scope.hidden !== undefined) {
      const detail = 'The parameter `hidden_fields_filters` is not for tails: nothing is hidden there.'
      throw new HttpProblem('REQUEST_INVALID', detail)
    }
    const startMs = readStartOffset(parameters)
    const heartbeatMs = readHeartbeat(parameters)
    if (!isLive(query)) {
      const detail = 'The query has a pipe that needs all rows: a live tail never has them all.'
      throw new HttpProblem('QUERY_SYNTAX', detail)
    }
    const stopped = new AbortController()
    const signal = AbortSignal.any([stopped.signal, call.session.gone])
    const { hub, options } = call.around
    const afterId = readNumber(parameters, 'after_id') ?? (await idBefore(call, startMs, signal))
    const items = hub.tail(withStreamIds(query), {
      store: options.store,
      signal,
      ...(afterId !== null && { afterId }),
    })
    const writer = new ResponseWriter(call.reply, ROWS_TYPE, signal)
    try {
      await follow(call, items, writer, heartbeatMs)
    } catch (error) {
      if (!signal.aborted && !writer.hasBegun) throw error
      writer.breakOff()
    } finally {
      stopped.abort()
    }
    return call.reply
  },
}

/** How far back a tail begins; 0: it begins with what comes. */
function readStartOffset(parameters: URLSearchParams): number {
  const text = parameters.get('start_offset') ?? ''
  return text === '' ? 0 : readDurationMs('start_offset', text)
}

/** After how long without a row an empty line comes; 0: never. */
function readHeartbeat(parameters: URLSearchParams): number {
  const text = parameters.get('heartbeat') ?? ''
  const ms = text === '' ? 0 : readDurationMs('heartbeat', text)
  if (ms === 0 || (ms >= HEARTBEAT_MS_MIN && ms <= HEARTBEAT_MS_MAX)) return ms
  throw new HttpProblem('REQUEST_INVALID', 'The parameter `heartbeat` must be 0, or 1s to 1h.')
}

/** The id before the first record of the last so many milliseconds; null where there is none. */
async function idBefore({ around }: RouteCall, backMs: number, signal: AbortSignal): Promise<number | null> {
  if (backMs === 0) return null
  const nowMs = around.clock.wallMs()
  const query = parseQuery(`_time:>=${nowMs - backMs} | stats min(_id) as id`, { nowMs })
  await using answer = await around.hub.query(query, { store: around.options.store, signal })
  for await (const row of answer.rows) {
    const id = rowText(row).get('id') ?? ''
    if (id !== '') return Math.max(0, Number(id) - 1)
  }
  return null
}

async function follow(
  { around }: RouteCall,
  items: AsyncIterable<TailItem>,
  writer: ResponseWriter,
  heartbeatMs: number,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]()
  const lines = new TailLines(writer, around.clock, around.counters, heartbeatMs)
  let coming = iterator.next(lines)
  try {
    // The headers tell the client that it is subscribed.
    await writer.write('')
    for (let next = await coming; next.done !== true; next = await coming) {
      putItem(lines, next.value)
      if (!lines.hasRoom) await lines.ready()
      coming = iterator.next(lines)
    }
    lines.end()
  } finally {
    lines.stop()
    await iterator.return?.()
  }
}

function putItem(lines: TailLines, item: TailItem): void {
  if (item.kind === 'row') lines.row(item.row)
  else lines.line(gapLine(item))
}

function gapLine({ count, fromId, toId }: Extract<TailItem, { kind: 'gap' }>): string {
  return JSON.stringify({ _gap: String(count), _from_id: String(fromId), _to_id: String(toId) })
}
