/**
 * `top N by (a, b)`: the N tuples of these fields that most rows have. Exact: what does not fit into the memory of the
 * query is refused, not guessed. The most frequent come first, those with as many rows in the order of their values.
 */
import type { Pipe } from '../ast.ts'
import { NO_FIELD, withFields } from '../batches/fields-wanted.ts'
import { TupleCounter } from '../batches/tuple-counter.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { shown } from '../syntax/quoting.ts'
import { spanOf } from '../syntax/token-reader.ts'
import type { PipeKind } from './kind.ts'
import { freeName, parseCountIfAny, parseRank, printRank } from './order-parts.ts'
import { parseAs, parseFieldNames, parseFieldNamesInGroup, printFieldNames } from './parts.ts'
import { batchOfTuples, tupleGatherer } from './tuple-gatherer.ts'

export interface TopPipe extends Pipe {
  readonly kind: 'top'
  readonly rows: number
  /** At least one. */
  readonly by: readonly string[]
  readonly hitsAs: string
  readonly rankAs: string | null
}

const ROWS_DEFAULT = 10
const HITS_FIELD = 'hits'

export const topPipe: PipeKind<TopPipe> = {
  kind: 'top',
  names: ['top'],
  summary: 'the N most frequent values of these fields with their `hits`, 10 where N is left out; exact',
  examples: ['error | top 5 by (service)', '* | top (host, level) hits as rows rank'],
  isLive: false,
  parse: parseTop,
  print({ rows, by, hitsAs, rankAs }, printer) {
    const count = rows === ROWS_DEFAULT ? '' : ` ${rows}`
    const hits = hitsAs === hitsName(by) ? '' : ` hits as ${printer.phrase(hitsAs)}`
    return `top${count} by (${printFieldNames(by, printer)})${hits}${printRank(rankAs, printer)}`
  },
  wants: ({ by }) => withFields(NO_FIELD, by),
  leaves: ({ by, hitsAs, rankAs }) => [...new Set([...by, hitsAs, ...(rankAs === null ? [] : [rankAs])])],
  limited: (pipe, rows) => ({ ...pipe, rows: Math.min(pipe.rows, rows) }),
  bindGather: ({ rows, by, hitsAs, rankAs }, { memory }) =>
    tupleGatherer(new TupleCounter(by, memory), (counter) =>
      batchOfTuples(counter.mostFrequent(rows), by, hitsAs, rankAs),
    ),
}

const hitsName = (by: readonly string[]): string => freeName(HITS_FIELD, by)

function parseTop(parser: FilterParser): TopPipe {
  const rows = parseCountIfAny(parser, 'a number of rows') ?? ROWS_DEFAULT
  const by = parseTupleFields(parser, 'top', ['hits', 'rank'])
  let namedHits: string | null = null
  let rankAs: string | null = null
  let span = spanOf(parser.reader.token)
  for (;;) {
    const { token } = parser.reader
    if (parser.reader.takeWordOnce('hits', namedHits !== null)) namedHits = parseAs(parser)
    else if (parser.reader.takeWordOnce('rank', rankAs !== null)) rankAs = parseRank(parser)
    else break
    span = spanOf(token)
  }
  const hitsAs = namedHits ?? hitsName(by)
  const taken = by.includes(hitsAs) ? hitsAs : [...by, hitsAs].find((name) => name === rankAs)
  if (taken !== undefined) {
    const message = `two fields of the result would be called ${shown(taken)}: give this one another name with \`as\``
    throw parser.reader.problem(message, span)
  }
  return { kind: 'top', rows, by, hitsAs, rankAs }
}

/** `by (a, b)`, `(a, b)`, `by a, b` or `a, b`: at least one. Words of `after` stand behind the fields, not for one. */
export function parseTupleFields(parser: FilterParser, pipe: string, after: readonly string[]): string[] {
  const { reader } = parser
  const isNamed = reader.takeWord('by')
  if (reader.isSymbol('(')) {
    const fields = parseFieldNamesInGroup(parser, `after \`${isNamed ? 'by' : pipe}\``)
    if (fields.length === 0)
      throw reader.problem(`\`${pipe}\` needs the name of a field: write \`${pipe} by (level)\``)
    return fields
  }
  const isMissing = reader.isAtEndOfPart() || after.some((word) => reader.isWord(word))
  if (isMissing) throw reader.expected(`the name of a field: \`${pipe} by (level)\``)
  return parseFieldNames(parser)
}
