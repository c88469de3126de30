/** `_stream_id:3f2a…`, `_stream_id:in(…)`: records of the streams with these ids. */
import type { Filter } from '../ast.ts'
import type { FilterParser } from '../filter-parser.ts'
import type { Span } from '../problem.ts'
import { STREAM_ID_FIELD } from '../special-fields.ts'
import { ALL } from './all.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { inTest } from './in.ts'
import type { FilterKind } from './kind.ts'

export interface StreamIdFilter extends Filter {
  readonly kind: 'streamId'
  /** In small letters. */
  readonly ids: readonly string[]
}

/** Ours have 32 digits, and those of VictoriaLogs 16 more in front. */
const ID = /^(?:[0-9a-f]{32}|[0-9a-f]{48})$/

function parse(parser: FilterParser): Filter {
  const { reader } = parser
  if (!reader.isWord('in')) {
    reader.takeSymbol('=')
    const { text, span } = reader.expectPhrase('the id of a stream')
    return streamIds([readId(parser, text, span)])
  }
  reader.next()
  if (reader.isQueryGroup()) throw reader.notBuilt('a query within `in(…)`')
  const values = parser.parseArguments('in')
  if (values.length === 1 && values[0].isPrefix && values[0].text === '') return ALL
  parser.refusePrefixes('in', values)
  return streamIds(values.map(({ text, offset, length }) => readId(parser, text, { offset, length })))
}

function streamIds(ids: readonly string[]): StreamIdFilter {
  return { kind: 'streamId', ids }
}

function readId({ reader }: FilterParser, text: string, span: Span): string {
  const id = text.toLowerCase()
  if (ID.test(id)) return id
  throw reader.problem('the id of a stream has 32 hexadecimal digits', span)
}

export const streamIdFilter: FilterKind<StreamIdFilter> = {
  kind: 'streamId',
  summary: 'records of the streams with these ids',
  examples: [
    '_stream_id:f1d2d2f924e986ac86fdf7b36c94bcdf',
    '_stream_id:in(f1d2d2f924e986ac86fdf7b36c94bcdf, e242ed3bffccdf271b7fbaf34ed72d08)',
  ],
  forms: { fields: { [STREAM_ID_FIELD]: parse } },
  print: ({ ids }) => `${STREAM_ID_FIELD}:${ids.length === 1 ? ids[0] : `in(${ids.join(',')})`}`,
  bind: ({ ids }) => boundValueFilter(STREAM_ID_FIELD, inTest(ids)),
}
