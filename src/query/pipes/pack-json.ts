/**
 * `pack_json fields (a, b*) as result`: the fields of a row as a JSON object. Empty fields are left out; what came as a
 * JSON number, boolean, array or object stays one.
 */
import { jsonString } from '../values/json-text.ts'
import { packPipe } from './packing.ts'

export const packJsonPipe = packPipe({
  kind: 'pack_json',
  summary: 'the fields of a row as a JSON object',
  examples: ['error | pack_json | fields _msg', 'error | pack_json fields (service, http.*) as packed'],
  marks: ['{', ',', '}'],
  name: (name) => `${jsonString(name)}:`,
  value: (text, isText) => (isText ? jsonString(text) : text),
})
