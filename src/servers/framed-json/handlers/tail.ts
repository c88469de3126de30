/**
 * `tail {query, after?}`: `tail_started`, then a `record` frame for everything that matches, as it is stored, and a
 * `gap` frame where the peer was too slow; `stop` with the same correlation id ends it, and so does the peer's end.
 */
import { CodedError } from '../../../base/base.ts'
import type { TailItem } from '../../../hub/hub.ts'
import type { JsonContext, LastingRequest } from '../context.ts'
import { isObject } from '../json-object.ts'
import { parseQueryText } from '../query-payload.ts'
import type { JsonHandler } from '../registry.ts'
import { printRow } from '../result-writer.ts'

export const tail: JsonHandler = {
  action: 'tail',
  run: async (context, { payload }) => {
    const { clock, hub, store } = context.services
    const parsed = parseQueryText(payload, clock)
    const afterId = readAfter(payload)
    using lasting = context.last({ endedBy: 'stop', isEndless: true })
    const items = hub.tail(parsed, { store, afterId, signal: lasting.signal })
    context.reply('end', { count: await follow(context, lasting, items) })
  },
}

/** Sends what comes until the end; how many records that were. */
async function follow(
  context: JsonContext,
  { signal }: LastingRequest,
  tailed: AsyncIterable<TailItem>,
): Promise<number> {
  const items = tailed[Symbol.asyncIterator]()
  let count = 0
  try {
    // The first `next` subscribes: what is stored after the peer saw `tail_started` is in the tail.
    let coming = items.next()
    context.reply('tail_started', {})
    for (let item = await coming; item.done !== true; item = await coming) {
      sendItem(context, item.value)
      if (item.value.kind === 'row') count++
      if (!context.hasRoom) await context.room(signal)
      if (signal.aborted) break
      coming = items.next()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await items.return?.()
  }
  return count
}

function sendItem(context: JsonContext, item: TailItem): void {
  if (item.kind === 'row') context.replyJson('record', `{"id":${item.id},"row":${printRow(item.row).json}}`)
  else context.reply('gap', { from: item.fromId, to: item.toId, count: item.count })
}

function readAfter(payload: unknown): number | undefined {
  const after = isObject(payload) ? payload['after'] : null
  if (after === null || after === undefined) return undefined
  if (typeof after === 'number' && Number.isSafeInteger(after) && after >= -1) return after
  throw new CodedError('REQUEST_INVALID', 'Bad "after": expected the id of a record')
}
