/** `copy a as b, p* as q*`: fields under one more name. */
import { type PairsPipe, pairsPipe } from './field-pairs.ts'

export type CopyPipe = PairsPipe<'copy'>

export const copyPipe = pairsPipe({
  kind: 'copy',
  names: ['copy', 'cp'],
  summary: 'a field under one more name; `p* as q*` is all fields that begin so',
  examples: ['error | copy host as server, _msg as text', '* | cp http.* as web.*'],
  isMove: false,
})
