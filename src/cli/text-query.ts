/** One request on the query port and its answer: the socket around TextAnswerReader. */
import type { Duplex } from 'node:stream'
import { CodedError } from '../base/base.ts'
import type { CommandContext } from './command.ts'
import {
  foreignAnswer,
  loginLine,
  openConnection,
  refusal,
  type ServerTarget,
  targetOf,
  tokenRefused,
  wentAway,
} from './connection.ts'
import { EXIT_PARTIAL, EXIT_USAGE } from './exit-codes.ts'
import { count } from './plural.ts'
import { type AnswerEvent, TextAnswerReader } from './text-query-client.ts'

/** What is left for a command: errors were thrown, the end ends the iteration. */
export type AnswerItem = Extract<AnswerEvent, { kind: 'start' | 'row' | 'gap' | 'missing' }>

/**
 * Sends `request` (one line, without its end) and yields the answer, a group of items for each piece that arrived.
 * Leaving the iteration early closes the connection. SERVER_UNREACHABLE, SERVER_REFUSED, QUERY_CANCELLED when the
 * answer breaks off. On Ctrl+C, and when nobody reads
 * stdout any more, the iteration ends quietly.
 */
export async function* askQueryPort(context: CommandContext, request: string): AsyncGenerator<AnswerItem[]> {
  const target = await targetOf(context, 'query-port')
  const { token } = target
  const stop = AbortSignal.any([context.interrupted, context.out.closed])
  const socket = await openConnection(context.io, target, stop)
  try {
    const login = token === undefined ? '' : loginLine(token)
    socket.write(`${login}${request}\n`)
    const reader = new TextAnswerReader({ hasToken: token !== undefined })
    yield* readAnswer(socket, reader, target, stop)
  } finally {
    socket.destroy()
  }
}

async function* readAnswer(
  socket: Duplex,
  reader: TextAnswerReader,
  target: ServerTarget,
  stop: AbortSignal,
): AsyncGenerator<AnswerItem[]> {
  let rowCount = 0
  for await (const chunk of chunksOf(socket)) {
    const events = reader.push(chunk)
    const items = events.filter(isItem)
    for (const item of items) if (item.kind === 'row') rowCount++
    if (items.length > 0) yield items
    const last = events.at(-1)
    if (last?.kind === 'refusedToken') throw tokenRefused(target, last.reason)
    if (last?.kind === 'error') throw serverError(target, last.reason, rowCount, reader)
    if (last?.kind === 'foreign') throw foreignAnswer(target, last.line)
    if (reader.isDone || stop.aborted) return
  }
  if (!stop.aborted) throw brokenOff(target, reader, rowCount)
}

function isItem(event: AnswerEvent): event is AnswerItem {
  return ['start', 'row', 'gap', 'missing'].includes(event.kind)
}

/** The bytes of a socket until it ends or breaks: the caller knows what was still to come. */
export async function* chunksOf(socket: Duplex): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of socket) yield chunk
  } catch {
    // Reset and premature close mean the same to the caller as an early end.
  }
}

function serverError(
  target: ServerTarget,
  reason: string,
  rowCount: number,
  reader: TextAnswerReader,
): CodedError {
  return reader.hasStarted || rowCount > 0
    ? partial(`${reason} (after ${count(rowCount, 'row')})`)
    : refusal(target, reason, EXIT_USAGE)
}

function brokenOff(target: ServerTarget, reader: TextAnswerReader, rowCount: number): CodedError {
  if (!reader.hasStarted) return wentAway(target, 'there was no answer.')
  return partial(`The server went away after ${count(rowCount, 'row')}: the answer is not complete.`)
}

function partial(message: string): CodedError {
  return new CodedError('SERVER_REFUSED', message, { details: { exitCode: EXIT_PARTIAL } })
}
