/**
 * Answers one query of the binary protocol: rows as JSON text, long ones in pieces, and an end; or a refusal in the
 * place of the end, which says that the rows before it are not all.
 */
import { AssertionError, type Clock, isCodedError } from '../base/base.ts'
import type { Hub } from '../hub/hub.ts'
import { QUERY_REFUSALS } from '../ingest/ingest.ts'
import { parseQuery, rowJson } from '../query/query.ts'
import { BINARY_COMMANDS, encodeBinaryEnd, encodeBinaryRefusal, encodeBinaryRow } from '../wire/wire.ts'

export interface BinaryQueryContext {
  readonly hub: Hub
  readonly clock: Clock
  readonly store: string | undefined
  readonly rowsMax: number
  /** The address of who asks. */
  readonly client: string
  /** 0: no limit. */
  readonly queryMsMax: number
  readonly problem: (message: string, error: unknown) => void
  /** Aborts when the peer is gone. */
  readonly gone: AbortSignal
  write(bytes: Uint8Array): void
  readonly hasRoom: boolean
  /** Resolves when the peer has taken enough, or when the signal aborts. */
  room(signal: AbortSignal): Promise<void>
}

/** Resolves when the answer is written, with the number of its rows and whether it was refused. */
export async function answerBinaryQuery(
  context: BinaryQueryContext,
  sequence: number,
  text: string,
): Promise<{ readonly rows: number; readonly isRefused: boolean }> {
  const late = new AbortController()
  const { clock, queryMsMax, gone } = context
  const stop = queryMsMax > 0 ? clock.after(queryMsMax, () => late.abort()) : () => {}
  const progress = { rows: 0 }
  try {
    await writeRows(context, sequence, text, AbortSignal.any([gone, late.signal]), progress)
    context.write(encodeBinaryEnd(sequence))
    return { rows: progress.rows, isRefused: false }
  } catch (error) {
    const reason = late.signal.aborted ? tookTooLong(queryMsMax) : reasonOf(context, error)
    context.write(encodeBinaryRefusal(BINARY_COMMANDS.query, sequence, 'badQuery', reason))
    return { rows: progress.rows, isRefused: true }
  } finally {
    stop()
  }
}

async function writeRows(
  context: BinaryQueryContext,
  sequence: number,
  text: string,
  signal: AbortSignal,
  progress: { rows: number },
): Promise<void> {
  const { hub, clock, store, rowsMax, client } = context
  const query = parseQuery(text, { nowMs: clock.wallMs() })
  await using answer = await hub.query(query, { store, signal, rowsMax, client })
  for await (const row of answer.rows) {
    context.write(encodeBinaryRow(sequence, Buffer.from(rowJson(row))))
    progress.rows++
    if (!context.hasRoom) await context.room(signal)
    signal.throwIfAborted()
  }
}

function tookTooLong(queryMsMax: number): string {
  return QUERY_REFUSALS.tookTooLong.replace('{ms}', String(queryMsMax))
}

function reasonOf({ gone, problem }: BinaryQueryContext, error: unknown): string {
  if (error instanceof AssertionError) throw error
  if (isCodedError(error, 'STORE_CLOSED')) return QUERY_REFUSALS.shuttingDown
  if (isCodedError(error)) return error.message
  if (!gone.aborted) problem('A query failed', error)
  return QUERY_REFUSALS.internal
}
