/** The ways in which clients of crash rounds send, what is asked of them, and what they report. */
import { type MessageName, makeMessage, makeTextMessage } from './crash-messages.ts'

/**
 * `main`, `short` and `plain` speak the text protocol: the two LOG dialects, pipelined, and lines with a PING after
 * some of them, whose PONG acknowledges all before it. `binary` are LOG frames, pipelined. `framed` are batches of
 * framed JSON with a batch id, `post` requests of `POST /api/v1/logs` with an idempotency key: what of them was not
 * acknowledged is sent again after the crash. `stream` are long bodies of `POST /insert/jsonline`.
 */
export type SendingWay = 'main' | 'framed' | 'post' | 'binary' | 'short' | 'stream' | 'plain'

/** Clients take them by turns: four of them speak four protocols. */
export const SENDING_WAYS: readonly SendingWay[] = [
  'main',
  'framed',
  'post',
  'binary',
  'short',
  'stream',
  'plain',
]

const JSON_WAYS: ReadonlySet<SendingWay> = new Set(['framed', 'post', 'stream'])
const KEYED_WAYS: ReadonlySet<SendingWay> = new Set(['framed', 'post'])

/** Whether its messages come in batches that are stored once, however often they are sent. */
export const isKeyed = (way: SendingWay): boolean => KEYED_WAYS.has(way)

/** What a client sends under this name. */
export function messageOf(way: SendingWay, name: MessageName): Buffer {
  return JSON_WAYS.has(way) ? makeTextMessage(name) : makeMessage(name)
}

export interface SenderTask {
  readonly logPort: number
  readonly httpPort: number
  readonly round: number
  readonly clients: readonly { readonly client: number; readonly way: SendingWay }[]
}

/** What a client knows when its connection has ended. */
export interface ClientReport {
  readonly client: number
  readonly way: SendingWay
  /** Messages 0 to below this were given to the socket; of the last ones nobody knows what arrived. */
  readonly sent: number
  /** Messages 0 to below this were acknowledged. */
  readonly acknowledged: number
  /** The ids of the acknowledged ones, in order; empty where the way does not tell them. */
  readonly ids: readonly number[]
  /** Why the server did not take more, in its words. */
  readonly refusals: readonly string[]
  /** Replies that should never come, or not after a refusal. */
  readonly problems: readonly string[]
}

export type SenderMessage =
  | { readonly kind: 'progress'; readonly acknowledged: number }
  | { readonly kind: 'reports'; readonly reports: readonly ClientReport[] }
