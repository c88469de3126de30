/** `auth {token}`: adds what the token allows. What was sent behind it waits, so that it is judged by that. */
import { CodedError } from '../../../base/base.ts'
import { CAPABILITIES } from '../../actions.ts'
import { isObject } from '../json-object.ts'
import type { JsonHandler } from '../registry.ts'

export const auth: JsonHandler = {
  action: 'login',
  isBarrier: true,
  run: async (context, { payload }) => {
    const token = isObject(payload) ? payload['token'] : undefined
    if (typeof token !== 'string') throw new CodedError('REQUEST_INVALID', 'Bad "token": expected text')
    if (!(await context.access.login(Buffer.from(token)))) {
      throw new CodedError('TOKEN_UNKNOWN', 'Unknown token')
    }
    const { granted } = context.access
    context.reply('auth_ok', { grant: CAPABILITIES.filter((capability) => granted.has(capability)) })
  },
}
