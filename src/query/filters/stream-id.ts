/** `_stream_id:3f2a…`, `_stream_id:in(…)`: records of the streams with these ids, or with those that a query gives. */
import type { Filter, Query } from '../ast.ts'
import { nameOf } from '../batches/fields-wanted.ts'
import { STREAM_ID_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { Span } from '../syntax/problem.ts'
import { ALL } from './all.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { inTest } from './in.ts'
import type { FilterKind } from './kind.ts'
import { parseArgumentsOrQuery, printList, valuesOf } from './list-arguments.ts'
import { prefixOf } from './prefix.ts'

export interface StreamIdFilter extends Filter {
  readonly kind: 'streamId'
  /** In small letters. Empty where a subquery stands. */
  readonly ids: readonly string[]
  readonly subquery?: Query
}

/** Ours have 32 digits, and those of VictoriaLogs 16 more in front. */
const ID = /^(?:[0-9a-f]{32}|[0-9a-f]{48})$/

function parse(parser: FilterParser): Filter {
  const { reader } = parser
  if (!reader.isWord('in')) {
    if (reader.takeSymbol('*')) return prefixOf(STREAM_ID_FIELD, '')
    reader.takeSymbol('=')
    const { text, span } = reader.expectPhrase('the id of a stream')
    return streamIds([readId(parser, text, span)])
  }
  const list = parseArgumentsOrQuery(parser, 'in')
  if (list === null) return ALL
  if (!Array.isArray(list)) return streamIds([], list.subquery)
  return streamIds(list.map(({ text, offset, length }) => readId(parser, text, { offset, length })))
}

function streamIds(ids: readonly string[], subquery?: Query): StreamIdFilter {
  return { kind: 'streamId', ids, ...(subquery !== undefined && { subquery }) }
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
    '_stream_id:in(level:fatal | fields _stream_id)',
    '_stream_id:f1d2d2f924e986ac86fdf7b36c94bcdf',
    '_stream_id:in(f1d2d2f924e986ac86fdf7b36c94bcdf, e242ed3bffccdf271b7fbaf34ed72d08)',
  ],
  forms: { fields: { [STREAM_ID_FIELD]: parse } },
  print({ ids, subquery }, printer) {
    if (ids.length === 1) return `${STREAM_ID_FIELD}:${ids[0]}`
    return `${STREAM_ID_FIELD}:in${printList({ values: ids, subquery }, printer)}`
  },
  subquery: ({ subquery }) => subquery ?? null,
  withValues: (_filter, values) =>
    streamIds(values.map((id) => id.toLowerCase()).filter((id) => ID.test(id))),
  wants: () => [nameOf(STREAM_ID_FIELD)],
  bind: ({ ids, subquery }) => boundValueFilter(STREAM_ID_FIELD, inTest(valuesOf({ values: ids, subquery }))),
}
