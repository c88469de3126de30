/** `query {query, limit?}`: the rows in `result` frames, then `end`; `cancel` with the same correlation id ends it. */
import { CodedError, isCodedError } from '../../../base/base.ts'
import { QUERY_REFUSALS } from '../../../ingest/ingest.ts'
import type { Query } from '../../../query/query.ts'
import type { JsonContext, LastingRequest } from '../context.ts'
import { isObject } from '../json-object.ts'
import { parseQueryText } from '../query-payload.ts'
import type { JsonHandler } from '../registry.ts'
import { ResultWriter } from '../result-writer.ts'

export const query: JsonHandler = {
  action: 'query',
  run: async (context, { payload }) => {
    const parsed = parseQueryText(payload, context.services.clock)
    const rowsMax = Math.min(readLimit(payload) ?? Infinity, context.services.rowsMax)
    using lasting = context.last({ endedBy: 'cancel', isEndless: false })
    await answer(context, parsed, rowsMax, lasting)
  },
}

async function answer(
  context: JsonContext,
  parsed: Query,
  rowsMax: number,
  lasting: LastingRequest,
): Promise<void> {
  const { clock, queryMsMax } = context.services
  const late = new AbortController()
  const stop = queryMsMax > 0 ? clock.after(queryMsMax, () => late.abort()) : () => {}
  const out = new ResultWriter(context)
  try {
    await writeRows(context, parsed, rowsMax, AbortSignal.any([lasting.signal, late.signal]), out)
    context.reply('end', out.totals)
  } catch (error) {
    if (late.signal.aborted) throw tookTooLong(queryMsMax)
    if (!lasting.isEndedByPeer) throw lasting.signal.aborted && !isCodedError(error) ? cancelled() : error
    out.flush()
    context.reply('end', { ...out.totals, cancelled: true })
  } finally {
    stop()
  }
}

async function writeRows(
  { services, peer }: JsonContext,
  parsed: Query,
  rowsMax: number,
  signal: AbortSignal,
  out: ResultWriter,
): Promise<void> {
  await using found = await services.hub.query(parsed, {
    store: services.store,
    signal,
    rowsMax,
    client: peer.address,
  })
  for await (const row of found.rows) {
    out.row(row)
    if (out.isFull) await out.ready(signal)
    if (signal.aborted) throw cancelled()
  }
  out.flush()
}

function readLimit(payload: unknown): number | null {
  const limit = (isObject(payload) ? payload['limit'] : null) ?? null
  if (limit === null || (typeof limit === 'number' && Number.isSafeInteger(limit) && limit > 0)) return limit
  throw new CodedError('REQUEST_INVALID', 'Bad "limit": expected a number of rows, 1 or more')
}

function tookTooLong(queryMsMax: number): CodedError {
  return new CodedError('QUERY_CANCELLED', QUERY_REFUSALS.tookTooLong.replace('{ms}', String(queryMsMax)))
}

function cancelled(): CodedError {
  return new CodedError('QUERY_CANCELLED', 'The query was cancelled.')
}
