/**
 * `uniq by (a, b)`: the distinct tuples of these fields, in the order of their values. With `filter text` those in which
 * some value contains the text, with `limit N` the first N, in bounded memory; `hits` are exact all the same.
 */
import type { Pipe } from '../ast.ts'
import { NO_FIELD, withFields } from '../batches/fields-wanted.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { TupleCounter } from '../batches/tuple-counter.ts'
import { TupleGroups } from '../batches/tuple-groups.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { Gatherer, PipeKind } from './kind.ts'
import { freeName } from './order-parts.ts'
import { parseWholeNumber, printFieldNames } from './parts.ts'
import { parseTupleFields } from './top.ts'
import { batchOfTuples, tupleGatherer } from './tuple-gatherer.ts'

export interface UniqPipe extends Pipe {
  readonly kind: 'uniq'
  /** At least one. */
  readonly by: readonly string[]
  readonly hasHits: boolean
  /** What some value has to contain; null: any will do. */
  readonly contained: string | null
  readonly limit: number | null
}

const HITS_FIELD = 'hits'

export const uniqPipe: PipeKind<UniqPipe> = {
  kind: 'uniq',
  names: ['uniq'],
  summary:
    'the distinct values of these fields, those with a text in them, or the first N; `with hits` says how many rows have each',
  examples: ['error | uniq by (service)', '* | uniq by (host, level) with hits filter web limit 100'],
  isLive: false,
  parse: parseUniq,
  print({ by, hasHits, contained, limit }, printer) {
    const hits = hasHits ? ' with hits' : ''
    return `uniq by (${printFieldNames(by, printer)})${hits}${printChoice({ contained, limit }, printer)}`
  },
  wants: ({ by }) => withFields(NO_FIELD, by),
  leaves: ({ by, hasHits }) => [...new Set(by), ...(hasHits ? [freeName(HITS_FIELD, by)] : [])],
  limited: (pipe, rows) => ({ ...pipe, limit: Math.min(pipe.limit ?? Infinity, rows) }),
  bindGather: (pipe, { memory }) =>
    uniqGatherer(pipe.by, pipe.hasHits ? freeName(HITS_FIELD, pipe.by) : null, pipe, memory),
}

/** Which of the tuples are wanted. */
export type TupleChoice = Pick<UniqPipe, 'contained' | 'limit'>

/** `hitsAs` null: without hits. */
export function uniqGatherer(
  by: readonly string[],
  hitsAs: string | null,
  { contained, limit }: TupleChoice,
  memory: MemoryShare,
): Gatherer {
  const counter = new TupleCounter(by, memory, Math.max(1, limit ?? Infinity))
  const all = tupleGatherer(counter, () => batchOfTuples(counter.firstByValue(), by, hitsAs))
  const gatherer = limit === 0 ? { ...all, rows: () => [] } : all
  if (contained === null) return gatherer
  return { ...gatherer, add: (batch) => gatherer.add(containing(batch, by, contained)) }
}

/** The rows in which one of the fields contains the text. */
function containing(batch: RowBatch, by: readonly string[], text: string): RowBatch {
  const tuples = new TupleGroups(batch, by)
  const isWanted = Array.from({ length: tuples.count }, (_, tuple) =>
    by.some((_name, field) => tuples.textOf(tuple, field).includes(text)),
  )
  const rows: number[] = []
  for (let row = 0; row < batch.rowCount; row++) {
    if (isWanted[tuples.ofRow === null ? 0 : tuples.ofRow[row]]) rows.push(row)
  }
  return rows.length === batch.rowCount ? batch : batch.select(Uint32Array.from(rows))
}

function parseUniq(parser: FilterParser): UniqPipe {
  const { reader } = parser
  const by = parseTupleFields(parser, 'uniq', ['with', 'hits', 'limit'])
  const isWith = reader.takeWord('with')
  const hasHits = reader.takeWord('hits')
  if (isWith && !hasHits) throw reader.expected('`hits` after `with`')
  return { kind: 'uniq', by, hasHits, ...parseChoice(parser, 'a number of rows') }
}

/** `filter text`, `limit N`, both in any order, or nothing; `what` N is, for messages. */
export function parseChoice(parser: FilterParser, what: string): TupleChoice {
  const { reader } = parser
  let contained: string | null = null
  let limit: number | null = null
  for (;;) {
    if (contained === null && reader.takeWord('filter'))
      contained = reader.expectPhrase('a text after `filter`', { colon: true }).text
    else if (limit === null && reader.takeWord('limit')) limit = parseWholeNumber(parser, what)
    else return { contained, limit }
  }
}

/** With a space before it. */
export function printChoice({ contained, limit }: TupleChoice, printer: FilterPrinter): string {
  const filter = contained === null ? '' : ` filter ${printer.phrase(contained)}`
  return `${filter}${limit === null ? '' : ` limit ${limit}`}`
}

/** The distinct values of a field. */
export function uniqOf(field: string): UniqPipe {
  return { kind: 'uniq', by: [field], hasHits: false, contained: null, limit: null }
}
