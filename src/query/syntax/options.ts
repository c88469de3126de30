/**
 * `options(name=value, …)` before a query: how it is to be run, not what it asks for. The registry is QUERY_OPTIONS;
 * an option of LogsQL that changes nothing here is read and kept, so that queries can be brought along.
 */
import type { QueryOptions } from '../ast.ts'
import type { FilterParser } from './filter-parser.ts'
import { quote, shown } from './quoting.ts'
import { didYouMean } from './suggestion.ts'
import { parseDuration } from './time-literal.ts'

export interface QueryOptionKind {
  readonly name: string
  /** One line for the reference. */
  readonly summary: string
  /** A value that it takes, for messages and for the reference. */
  readonly example: string
  /** The value as the query keeps it; null where it is none. */
  read(value: string): string | null
}

const readCount = (value: string): string | null => (/^\d{1,9}$/.test(value) ? value : null)
const readBoolean = (value: string): string | null => {
  const word = value.toLowerCase()
  return word === 'true' || word === 'false' ? word : null
}

export const QUERY_OPTIONS: readonly QueryOptionKind[] = [
  {
    name: 'concurrency',
    summary: 'threads that search at the same time, at most',
    example: '2',
    read: readCount,
  },
  {
    name: 'parallel_readers',
    summary: 'taken for the sake of LogsQL; `concurrency` decides',
    example: '4',
    read: readCount,
  },
  {
    name: 'ignore_global_time_filter',
    summary: 'the time range of the request does not narrow this query (or subquery)',
    example: 'true',
    read: readBoolean,
  },
  {
    name: 'allow_partial_response',
    summary:
      'taken for the sake of LogsQL: an answer that misses what could not be read is always given, and says so',
    example: 'true',
    read: readBoolean,
  },
  {
    name: 'time_offset',
    summary: 'looks so much earlier, and gives the rows the time of asking',
    example: '1d',
    read: (value) => (parseDuration(value) === null ? null : value),
  },
]

const byName = new Map(QUERY_OPTIONS.map((option) => [option.name, option]))
const THERE_ARE = `; there are ${[...byName.keys()].join(', ')}`

/** From the word `options` on. */
export function parseOptions({ reader }: FilterParser): QueryOptions {
  const options: Record<string, string> = {}
  reader.next()
  reader.expectSymbol('(', 'after `options`')
  while (!reader.isSymbol(')')) {
    const name = reader.expectPhrase('the name of an option', { equals: false })
    const kind = byName.get(name.text.toLowerCase())
    if (kind === undefined)
      throw reader.problem(
        `there is no option ${shown(name.text)}${didYouMean(name.text, byName.keys()) || THERE_ARE}`,
        name.span,
      )
    reader.expectSymbol('=', `after \`${kind.name}\``)
    const { text, span } = reader.expectPhrase(`a value like \`${kind.example}\``)
    const value = kind.read(text)
    if (value === null) throw reader.problem(`\`${kind.name}\` takes a value like \`${kind.example}\``, span)
    options[kind.name] = value
    if (!reader.takeSymbol(',')) break
  }
  reader.expectSymbol(')', 'after the options')
  return options
}

/** Those of a query within another one: its own, and those of the other that it does not set. */
export function optionsWithin(outer: QueryOptions, own: QueryOptions): QueryOptions {
  const { concurrency = '0', ...others } = { ...outer, ...own }
  // As many as there are, which is what it says where it does not stand.
  return Number(concurrency) === 0 ? others : { ...outer, ...own }
}

export function printOptions(options: QueryOptions): string {
  const pairs = Object.entries(options).map(
    ([name, value]) => `${name}=${/^[\w.]+$/.test(value) ? value : quote(value)}`,
  )
  return `options(${pairs.join(',')})`
}
