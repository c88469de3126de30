/** `log_batch {records, batch_id?}`: many records, acknowledged together when all that are not refused are on disk. */
import { CodedError } from '../../../base/base.ts'
import { isObject } from '../json-object.ts'
import { BATCH_ID_BYTES_MAX, type RefusedRecord } from '../log-writer.ts'
import type { JsonHandler } from '../registry.ts'

/** Characters of all reasons of one reply: it must fit into a frame. Refusals behind that have only their code. */
const REASONS_LENGTH_MAX = 32 * 1024

export const logBatch: JsonHandler = {
  action: 'record.write',
  isForDatagrams: true,
  run: async (context, { payload }) => {
    const { records, batchId } = readBatch(payload)
    const { ids, refused } = await context.services.logs.write(records, batchId)
    context.reply('ack', {
      ids,
      ...(refused.length > 0 ? { refused: shortened(refused) } : {}),
      ...(batchId !== null ? { batch_id: batchId } : {}),
    })
  },
}

function readBatch(payload: unknown): {
  readonly records: readonly unknown[]
  readonly batchId: string | null
} {
  const { records, batch_id: batchId = null } = isObject(payload) ? payload : {}
  if (!Array.isArray(records)) throw invalid('Bad "records": expected an array of records')
  if (batchId === null) return { records, batchId }
  if (typeof batchId === 'string' && batchId !== '' && Buffer.byteLength(batchId) <= BATCH_ID_BYTES_MAX) {
    return { records, batchId }
  }
  throw invalid(`Bad "batch_id": expected text of 1 to ${BATCH_ID_BYTES_MAX} bytes`)
}

function shortened(refused: readonly RefusedRecord[]): readonly object[] {
  let length = 0
  return refused.map(({ index, code, reason }) => {
    length += reason.length
    return length <= REASONS_LENGTH_MAX ? { index, code, reason } : { index, code }
  })
}

function invalid(message: string): CodedError {
  return new CodedError('REQUEST_INVALID', message)
}
