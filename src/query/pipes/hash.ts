/** `hash(field) as result`: xxHash64 of the value, as a whole number without a sign. */
import { encodeText } from '../values/text.ts'
import { xxHash64Text } from '../values/xxhash64.ts'
import { fieldFunctionPipe } from './field-function.ts'

export const hashPipe = fieldFunctionPipe({
  kind: 'hash',
  summary: 'xxHash64 of a value, as a number',
  examples: ['error | hash(user) as user_hash', 'error | hash(_msg) as h | fields h'],
  make: (text) => xxHash64Text(encodeText(text)),
})
