/**
 * `GET|POST /select/logsql/tail`: what matches from now on, as NDJSON that does not end: every value is a text.
 *
 * A peer that takes its rows too slowly gets a line for those that it missed, `{"_gap":"12","_from_id":"7","_to_id":"40"}`;
 * with `after_id` everything stored after that record comes first, and nothing is missed. An empty line says now and then
 * that the connection lives.
 */

import type { TailItem } from '../../../hub/hub.ts'
import { isLive, parseQuery, rowText } from '../../../query/query.ts'
import { HttpProblem } from '../problem-document.ts'
import { readDurationMs, readNarrowed, readNumber, readParameters } from '../query-parameters.ts'
import { ResponseWriter } from '../response-writer.ts'
import type { HttpRoute, RouteCall } from '../route.ts'
import { TailLines } from '../tail-lines.ts'
import { ROWS_TYPE } from './select-query.ts'

export const selectTail: HttpRoute = {
  methods: ['GET', 'POST'],
  path: '/select/logsql/tail',
  action: 'tail',
  summary:
    'What matches `query` from now on, as NDJSON that does not end, at the moment it is stored; with `after_id` from ' +
    'that record on, with `start_offset` from the first record of so long ago. Only pipes that work row by row. `offset` ' +
    'and `refresh_interval` are taken and not needed.',
  async answer(call) {
    const parameters = await readParameters(call)
    const { query, scope } = readNarrowed(call, parameters)
    if (scope.hidden !== undefined) {
      const detail = 'The parameter `hidden_fields_filters` is not for tails: nothing is hidden there.'
      throw new HttpProblem('REQUEST_INVALID', detail)
    }
    const startMs = readStartOffset(parameters)
    if (!isLive(query)) {
      const detail = 'The query has a pipe that needs all rows: a live tail never has them all.'
      throw new HttpProblem('QUERY_SYNTAX', detail)
    }
    const stopped = new AbortController()
    const signal = AbortSignal.any([stopped.signal, call.session.gone])
    const { hub, options } = call.around
    const afterId = readNumber(parameters, 'after_id') ?? (await idBefore(call, startMs, signal))
    const items = hub.tail(query, { store: options.store, signal, ...(afterId !== null && { afterId }) })
    const writer = new ResponseWriter(call.reply, ROWS_TYPE, signal)
    try {
      await follow(call, items, writer)
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
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]()
  const lines = new TailLines(writer, around.clock, around.counters)
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
