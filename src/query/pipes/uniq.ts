/**
 * `uniq by (a, b)`: the distinct tuples of these fields, in the order of their values. With `limit N` the first N, in
 * bounded memory; `hits` are exact all the same.
 */
import type { Pipe } from '../ast.ts'
import { NO_FIELD, withFields } from '../batches/fields-wanted.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import { TupleCounter } from '../batches/tuple-counter.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { Gatherer, PipeKind } from './kind.ts'
import { freeName, parseCount } from './order-parts.ts'
import { printFieldNames } from './parts.ts'
import { parseTupleFields } from './top.ts'
import { batchOfTuples, tupleGatherer } from './tuple-gatherer.ts'

export interface UniqPipe extends Pipe {
  readonly kind: 'uniq'
  /** At least one. */
  readonly by: readonly string[]
  readonly hasHits: boolean
  readonly limit: number | null
}

const HITS_FIELD = 'hits'

export const uniqPipe: PipeKind<UniqPipe> = {
  kind: 'uniq',
  names: ['uniq'],
  summary:
    'the distinct values of these fields, or the first N of them; `with hits` says how many rows have each',
  examples: ['error | uniq by (service)', '* | uniq by (host, level) with hits limit 100'],
  isLive: false,
  parse: parseUniq,
  print({ by, hasHits, limit }, printer) {
    const most = limit === null ? '' : ` limit ${limit}`
    return `uniq by (${printFieldNames(by, printer)})${hasHits ? ' with hits' : ''}${most}`
  },
  wants: ({ by }) => withFields(NO_FIELD, by),
  leaves: ({ by, hasHits }) => [...new Set(by), ...(hasHits ? [freeName(HITS_FIELD, by)] : [])],
  limited: (pipe, rows) => ({ ...pipe, limit: Math.min(pipe.limit ?? Infinity, rows) }),
  bindGather: ({ by, hasHits, limit }, { memory }) =>
    uniqGatherer(by, hasHits ? freeName(HITS_FIELD, by) : null, limit, memory),
}

/** `hitsAs` null: without hits. */
export function uniqGatherer(
  by: readonly string[],
  hitsAs: string | null,
  limit: number | null,
  memory: MemoryShare,
): Gatherer {
  const counter = new TupleCounter(by, memory, Math.max(1, limit ?? Infinity))
  const gatherer = tupleGatherer(counter, () => batchOfTuples(counter.firstByValue(), by, hitsAs))
  return limit === 0 ? { ...gatherer, rows: () => [] } : gatherer
}

function parseUniq(parser: FilterParser): UniqPipe {
  const { reader } = parser
  const by = parseTupleFields(parser, 'uniq', ['with', 'hits', 'limit'])
  const isWith = reader.takeWord('with')
  const hasHits = reader.takeWord('hits')
  if (isWith && !hasHits) throw reader.expected('`hits` after `with`')
  const limit = reader.takeWord('limit') ? parseCount(parser, 'a number of rows') : null
  return { kind: 'uniq', by, hasHits, limit }
}

/** The distinct values of a field. */
export function uniqOf(field: string): UniqPipe {
  return { kind: 'uniq', by: [field], hasHits: false, limit: null }
}
