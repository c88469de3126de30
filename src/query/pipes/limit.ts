/** `limit N`: the newest N rows. */
import type { Pipe } from '../ast.ts'
import { shown } from '../quoting.ts'
import type { PipeKind } from './kind.ts'

export interface LimitPipe extends Pipe {
  readonly kind: 'limit'
  readonly rows: number
}

const ROWS_DEFAULT = 10
const WHOLE_NUMBER = /^\d{1,3}(?:_?\d{1,3}){0,4}$/

export const limitPipe: PipeKind<LimitPipe> = {
  kind: 'limit',
  names: ['limit', 'head'],
  summary: 'the newest N rows, 10 where N is left out',
  examples: ['error | limit 100', 'error | head 5', 'error | limit'],
  isLive: false,
  parse({ reader }) {
    const phrase = reader.phrase()
    if (phrase === null) return { kind: 'limit', rows: ROWS_DEFAULT }
    if (WHOLE_NUMBER.test(phrase.text))
      return { kind: 'limit', rows: Number(phrase.text.replaceAll('_', '')) }
    throw reader.problem(`${shown(phrase.text)} is no number of rows: write \`limit 100\``, phrase.span)
  },
  print: ({ rows }) => `limit ${rows}`,
  rowsMax: ({ rows }) => rows,
}

export function limitOf(rows: number): LimitPipe {
  return { kind: 'limit', rows }
}
