/**
 * Answers that are as long as what was sent, or longer: everybody may ask for them, so their memory is charged until
 * the peer has taken them.
 */
import type { ServerResponse } from 'node:http'
import { CodedError } from '../../base/base.ts'
import type { ByteBudget } from '../../ingest/ingest.ts'

/** `value` as JSON, charged until the response is over. SERVER_BUSY. */
export function heldAnswer(budget: ByteBudget, response: ServerResponse, value: object): Buffer {
  const json = Buffer.from(JSON.stringify(value))
  if (response.closed) return json
  if (!budget.take(json.length)) {
    throw new CodedError('SERVER_BUSY', 'There is no memory left for this answer: ask again soon.')
  }
  response.once('close', () => budget.give(json.length))
  return json
}
