/**
 * What every route that asks a query does: a deadline, the answer of the hub, and a response that is written as fast as
 * its peer takes it.
 *
 * Until the first piece is written, what goes wrong is a problem document; after that the connection is destroyed, so
 * that no answer looks whole that is not.
 */
import type { Answer, QueryOptions } from '../../hub/hub.ts'
import type { Query, QueryScope } from '../../query/query.ts'
import { Deadline } from './deadline.ts'
import { HttpProblem } from './problem-document.ts'
import { ResponseWriter } from './response-writer.ts'
import type { RouteCall } from './route.ts'

/** Tells a client the id of its query, with which it can ask how far it is, or cancel it. */
const QUERY_ID_HEADER = 'LogCaster-Query-Id'
/** Ids that could not be read, `4711-5200, 6000-6100`: a header where that is known before the rows, else a trailer. */
export const MISSING_HEADER = 'LogCaster-Missing-Ids'
/** Seconds until the first piece of the answer, as clients of VictoriaLogs show them. */
const DURATION_HEADER = 'VL-Request-Duration-Seconds'
/** What the hub keeps of a row that it has found and not given yet. */
const PLACE_BYTES = 8

/** What `hub.query` and the like take from the call. */
export type AskOptions = Pick<QueryOptions, 'store' | 'signal' | 'client' | 'id' | 'scope'>

export interface AskedRequest {
  /** 0: no limit. */
  readonly timeoutMs: number
  /** Null: a random one. */
  readonly queryId: string | null
  readonly scope: QueryScope
}

/** Runs `work` with a deadline; its errors become problems, or the end of the connection. */
export async function answerInTime(
  call: RouteCall,
  { timeoutMs, queryId, scope }: AskedRequest,
  mediaType: string,
  work: (options: AskOptions, writer: ResponseWriter) => Promise<void>,
): Promise<unknown> {
  const { clock, options } = call.around
  const deadline = new Deadline(clock, timeoutMs, call.session.gone)
  const begunMs = clock.monotonicMs()
  const writer = new ResponseWriter(call.reply, mediaType, deadline.signal, () => ({
    [DURATION_HEADER]: ((clock.monotonicMs() - begunMs) / 1000).toFixed(3),
  }))
  const asked: AskOptions = {
    store: options.store,
    signal: deadline.signal,
    client: call.session.arrival.peer.address,
    ...(queryId !== null && { id: queryId }),
    scope,
  }
  try {
    await work(asked, writer)
  } catch (error) {
    if (writer.hasBegun) writer.breakOff()
    else throw deadline.problemOf(error)
  } finally {
    deadline.stop()
  }
  return call.reply
}

/** The rows of a query. A peer that reads slowly holds the places of all rows meanwhile: that memory is charged. */
export async function withRows(
  call: RouteCall,
  asked: AskOptions & { readonly rateSeconds?: number },
  query: Query,
  write: (answer: Answer) => Promise<void>,
): Promise<void> {
  const { hub, answers } = call.around
  await using answer = await hub.query(query, asked)
  call.reply.header(QUERY_ID_HEADER, answer.id)
  if (answer.missing.length > 0) call.reply.header(MISSING_HEADER, rangesText(answer.missing))
  const byteCount = answer.count * PLACE_BYTES
  if (!answers.take(byteCount)) {
    throw new HttpProblem('SERVER_BUSY', 'Too many rows of other answers are not read yet: ask again soon.')
  }
  try {
    await write(answer)
  } finally {
    answers.give(byteCount)
  }
}

/** The step of time that a row is of. QUERY_SYNTAX where a pipe took it away. */
export function stepTimeOf(row: ReadonlyMap<string, string>): string {
  const time = row.get('_time') ?? ''
  if (!Number.isNaN(Date.parse(time))) return time
  const detail = 'No pipe may change or take away `_time`: steps of time are made of it.'
  throw new HttpProblem('QUERY_SYNTAX', detail)
}

export function rangesText(missing: Answer['missing']): string {
  return missing.map(({ fromId, toId }) => `${fromId}-${toId}`).join(', ')
}

/** For answers that are one JSON object: nothing where all could be read. */
export function missingOf(missing: Answer['missing']): { readonly missing?: Answer['missing'] } {
  return missing.length === 0 ? {} : { missing: [...missing] }
}
