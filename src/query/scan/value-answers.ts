/** What values the records of a snapshot hold, with hits: names of fields, values of a field, streams. */
import type { Snapshot } from '../../storage/storage.ts'
import type { Query } from '../ast.ts'
import { type RunOptions, searchersOf, withoutSubqueries } from '../run.ts'
import { syntaxProblem } from '../syntax/problem.ts'
import { valuesOfAll } from './searchers.ts'
import { mostFrequent, type ValueHits } from './value-counter.ts'
import type { ValuesWanted } from './values-wanted.ts'

export interface ValuesOptions extends RunOptions {
  /** The values with most hits, at most so many. */
  readonly limit: number
  /** Memory for values. Default 64 MiB. */
  readonly valueBytesMax?: number
}

export interface FoundValues {
  /** By hits, the most first, then by their bytes. What is not UTF-8 shows as U+FFFD. */
  readonly values: readonly ValueHits[]
  /** How many there are, without `limit`. */
  readonly distinct: number
  /** There were more than memory: there may be other values, and more hits of these. */
  readonly isCut: boolean
}

const VALUE_BYTES_MAX_DEFAULT = 64 * 1024 * 1024

/** QUERY_SYNTAX where the query has pipes, QUERY_CANCELLED. */
export async function findValues(
  snapshot: Snapshot,
  query: Query,
  wanted: ValuesWanted,
  options: ValuesOptions,
): Promise<FoundValues> {
  if (query.pipes.length > 0)
    throw syntaxProblem('values are counted of a filter; leave the pipes out', { offset: 0, length: 1 })
  const { limit, signal, valueBytesMax = VALUE_BYTES_MAX_DEFAULT } = options
  const searchers = searchersOf(snapshot, options)
  const { filter } = await withoutSubqueries(searchers, query, options)
  const found = await valuesOfAll(searchers, filter, wanted, valueBytesMax, signal)
  return { values: mostFrequent(found, limit), distinct: found.keys.length, isCut: found.isCut }
}
