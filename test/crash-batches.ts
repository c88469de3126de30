/**
 * Batches with a key, as crash rounds send them: once under load, and again after the crash. A batch is made from its
 * name alone, so both times it is the same.
 */
import { type Agent, request } from 'node:http'
import { messageOf, type SendingWay } from './crash-ways.ts'
import { type JsonAnswer, jsonFrame } from './frames.ts'

/** Batch n of a client holds its messages from n times this on. */
export const BATCH_MESSAGES = 20

export interface BatchName {
  readonly way: SendingWay
  readonly round: number
  readonly client: number
  readonly batch: number
}

const keyOf = ({ round, client, batch }: BatchName): string => `r${round}-c${client}-b${batch}`

function messagesOf({ way, round, client, batch }: BatchName): string[] {
  return Array.from({ length: BATCH_MESSAGES }, (_, index) =>
    messageOf(way, { round, client, number: batch * BATCH_MESSAGES + index }).toString(),
  )
}

// ---- framed JSON ------------------------------------------------------------------------------------------------

/** Its answer has the number of the batch as correlation id. */
export function framedBatch(name: BatchName): Buffer {
  const records = messagesOf(name).map((message) => ({ message, level: 'INFO' }))
  return jsonFrame('log_batch', { records, batch_id: keyOf(name) }, name.batch)
}

/** The ids of an `ack` for all of the batch; null for any other answer. */
export function idsOfAck({ type, payload }: JsonAnswer): number[] | null {
  const ids = payload['ids']
  if (type !== 'ack' || !Array.isArray(ids) || ids.length !== BATCH_MESSAGES) return null
  return ids.every((id) => Number.isSafeInteger(id)) ? ids : null
}

// ---- HTTP -------------------------------------------------------------------------------------------------------

export interface HttpAnswer {
  readonly status: number
  readonly body: string
}

export const ndjsonOf = (messages: readonly string[]): string =>
  messages.map((message) => `${JSON.stringify({ message, level: 'INFO' })}\n`).join('')

/** Rejects when the connection ends before the answer. */
export function postBatch(agent: Agent, port: number, name: BatchName): Promise<HttpAnswer> {
  const headers = { 'Content-Type': 'application/x-ndjson', 'Idempotency-Key': keyOf(name) }
  const options = { agent, host: '127.0.0.1', port, path: '/api/v1/logs', method: 'POST', headers }
  return answerOf(request(options), (call) => call.end(ndjsonOf(messagesOf(name))))
}

/** Sends a request, and reads its answer to the end. */
export function answerOf(
  call: ReturnType<typeof request>,
  send: (call: ReturnType<typeof request>) => void,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    call.on('error', reject)
    call.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text) => {
        body += text
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    send(call)
  })
}

/** The ids that an answer tells for all of the batch; null for any other answer. */
export function idsOfAnswer({ status, body }: HttpAnswer): number[] | null {
  if (status !== 200) return null
  const { accepted, firstId, lastId } = JSON.parse(body)
  if (accepted !== BATCH_MESSAGES || lastId - firstId + 1 !== BATCH_MESSAGES) return null
  return Array.from({ length: BATCH_MESSAGES }, (_, index) => firstId + index)
}
