/** `cancel`: ends the query with the same correlation id, whose `end` frame answers this message too. */
import { CodedError } from '../../../base/base.ts'
import type { JsonHandler } from '../registry.ts'

export const cancel: JsonHandler = {
  action: 'query',
  run: (context) => {
    if (context.end('cancel') > 0) return
    throw new CodedError('REQUEST_INVALID', 'No query with this correlation_id is under way')
  },
}
