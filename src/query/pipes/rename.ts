/** `rename a as b, p* as q*`: fields under another name, in the place where they were. */
import { type PairsPipe, pairsPipe } from './field-pairs.ts'

export type RenamePipe = PairsPipe<'rename'>

export const renamePipe = pairsPipe({
  kind: 'rename',
  names: ['rename', 'mv'],
  summary: 'a field under another name; `p* as q*` is all fields that begin so',
  examples: ['error | rename host as server, _msg as text', '* | mv http.* as web.*'],
  isMove: true,
})
