/** Small questions that the shell asks for itself: they have a moment, and no answer is no error. */
import { isCodedError } from '../../base/base.ts'
import type { CommandContext } from '../command.ts'
import { type JsonObject, objectOfRow } from '../json-shape.ts'
import { askQueryPort } from '../text-query.ts'

const ROWS_MAX = 500

/** The first field of each row of the query; what came until the time was up. */
export async function firstFieldOf(context: CommandContext, query: string, ms: number): Promise<string[]> {
  const found: string[] = []
  for (const row of await rowsOf(context, `QUERY|LOGSQL|${query}`, ms)) {
    const [value] = Object.values(row)
    if (typeof value === 'string') found.push(value)
  }
  return found
}

/** The rows of an answer that are JSON objects. */
export async function rowsOf(context: CommandContext, request: string, ms: number): Promise<JsonObject[]> {
  const over = new AbortController()
  const stop = context.io.clock.after(ms, () => over.abort())
  const rows: JsonObject[] = []
  try {
    const interrupted = AbortSignal.any([over.signal, context.interrupted])
    for await (const items of askQueryPort({ ...context, interrupted }, request)) {
      for (const item of items) if (item.kind === 'row') rows.push(objectOfRow(item.bytes) ?? {})
      if (rows.length >= ROWS_MAX) break
    }
  } catch (error) {
    // The next query says what is wrong with the server.
    if (!isCodedError(error)) throw error
  } finally {
    stop()
  }
  return rows
}
