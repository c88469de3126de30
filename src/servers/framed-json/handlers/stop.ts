/** `stop`: ends the tail with the same correlation id, whose `end` frame answers this message too. */
import { CodedError } from '../../../base/base.ts'
import type { JsonHandler } from '../registry.ts'

export const stop: JsonHandler = {
  action: 'tail',
  run: (context) => {
    if (context.end('stop') > 0) return
    throw new CodedError('REQUEST_INVALID', 'No tail with this correlation_id is under way')
  },
}
