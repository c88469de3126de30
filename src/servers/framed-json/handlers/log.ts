/** `log`: one record, acknowledged when it is on disk. */
import { CodedError } from '../../../base/base.ts'
import type { JsonHandler } from '../registry.ts'

export const log: JsonHandler = {
  action: 'record.write',
  isForDatagrams: true,
  run: async (context, { payload }) => {
    const { ids, refused } = await context.services.logs.write([payload], null)
    if (refused.length > 0) throw new CodedError(refused[0].code, refused[0].reason)
    context.reply('ack', { ids })
  },
}
