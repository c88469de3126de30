/** Refuses messages of an address that sends more of them in a second than it may, whatever their type. */
import { type Clock, CodedError } from '../../../base/base.ts'
import { AddressRate } from '../../address-rate.ts'
import { addressKey } from '../../peer-address.ts'
import type { JsonMiddleware } from '../registry.ts'

const SECOND_MS = 1000

export function limitRate(clock: Clock, messagesPerSecondMax: number): JsonMiddleware {
  const rate = new AddressRate(messagesPerSecondMax, SECOND_MS)
  return async ({ peer }, _message, next) => {
    const key = addressKey(peer.address)
    const nowMs = clock.monotonicMs()
    if (!rate.isFree(key, nowMs)) {
      throw new CodedError('RATE_EXCEEDED', `Too many messages: at most ${messagesPerSecondMax} per second`)
    }
    rate.count(key, nowMs)
    await next()
  }
}
