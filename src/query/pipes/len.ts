/** `len(field) as result`: the length of the value in bytes, as UTF-8. */
import { textByteLength } from '../values/text-length.ts'
import { fieldFunctionPipe } from './field-function.ts'

export const lenPipe = fieldFunctionPipe({
  kind: 'len',
  summary: 'the length of a value in bytes',
  examples: ['error | len(_msg) as size', 'error | len(_msg) as size | fields size, _msg'],
  make: (text) => String(textByteLength(text)),
})
