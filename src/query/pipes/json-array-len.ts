/** `json_array_len(field) as result`: how many items the JSON array has; 0 for what is none. */
import { readJsonArray } from '../values/json-text.ts'
import { fieldFunctionPipe } from './field-function.ts'

export const jsonArrayLenPipe = fieldFunctionPipe({
  kind: 'json_array_len',
  summary: 'how many items a JSON array has',
  examples: ['error | unpack_words as words | json_array_len(words) as count | fields count'],
  make: (text) => String(readJsonArray(text)?.length ?? 0),
})
