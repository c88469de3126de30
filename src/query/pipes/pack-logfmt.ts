/** `pack_logfmt fields (a, b*) as result`: the fields of a row as `a=1 b="x y"`. Empty fields are left out. */
import { logfmtName, logfmtValue } from '../values/logfmt-text.ts'
import { packPipe } from './packing.ts'

export const packLogfmtPipe = packPipe({
  kind: 'pack_logfmt',
  summary: 'the fields of a row as logfmt',
  examples: ['error | pack_logfmt | fields _msg', 'error | pack_logfmt fields (service, http.*) as packed'],
  marks: ['', ' ', ''],
  name: (name) => `${logfmtName(name)}=`,
  value: logfmtValue,
})
