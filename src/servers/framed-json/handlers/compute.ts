/** `compute {numbers}`: their sum, made on a worker thread. */
import { CodedError } from '../../../base/base.ts'
import { isObject } from '../json-object.ts'
import type { JsonHandler } from '../registry.ts'

const NUMBERS_MAX = 100_000

export const compute: JsonHandler = {
  action: 'compute',
  run: async (context, { payload }) => {
    const numbers = readNumbers(payload)
    const count = numbers.length
    const result = await context.services.compute.sum(numbers)
    if (!Number.isFinite(result)) throw invalid('The sum is too large for a number')
    context.reply('compute_response', { result, count })
  },
}

function readNumbers(payload: unknown): Float64Array<ArrayBuffer> {
  const numbers = isObject(payload) ? payload['numbers'] : undefined
  if (!Array.isArray(numbers)) throw invalid('Bad "numbers": expected an array of numbers')
  if (numbers.length > NUMBERS_MAX) throw invalid(`Too many numbers: at most ${NUMBERS_MAX}`)
  if (!numbers.every((number) => Number.isFinite(number))) {
    throw invalid('Bad "numbers": expected an array of numbers')
  }
  return Float64Array.from(numbers)
}

function invalid(message: string): CodedError {
  return new CodedError('REQUEST_INVALID', message)
}
