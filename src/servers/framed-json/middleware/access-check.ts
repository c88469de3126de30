/** Refuses what the session may not do. Inside of it a handler need not ask. */
import { CodedError } from '../../../base/base.ts'
import { ACTIONS } from '../../actions.ts'
import type { JsonMiddleware } from '../registry.ts'

export const checkAccess: JsonMiddleware = async ({ access, action }, _message, next) => {
  if (action !== null && !access.can(action)) {
    throw new CodedError('NOT_ALLOWED', `Not allowed: this session may not ${ACTIONS[action]}`)
  }
  await next()
}
