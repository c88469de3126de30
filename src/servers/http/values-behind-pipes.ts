/**
 * The values that rows have behind the pipes of a query, with hits: what `hub.values` says of records, which it counts
 * without a look at any row. Of streams only what a row says of its own.
 */
import type { Answer, ValuesAnswer } from '../../hub/hub.ts'
import {
  parseQuery,
  type Query,
  quote,
  rowText,
  type ValueHits,
  type ValuesWanted,
} from '../../query/query.ts'

/** A query whose rows have a value in this field, and its hits behind it. */
interface ValuesQuery {
  readonly query: Query
  readonly field: string
}

const HITS = 'hits'
const STREAM_FIELDS: Readonly<Partial<Record<ValuesWanted['kind'], string>>> = {
  streams: '_stream',
  streamIds: '_stream_id',
}

/** The query that finds them; null where the query has no pipes, or where only the streams of records can be asked. */
export function behindPipes(query: Query, wanted: ValuesWanted): ValuesQuery | null {
  if (query.pipes.length === 0) return null
  if (wanted.kind === 'fieldNames') {
    return { query: withPipes(query, 'field_names as name'), field: 'name' }
  }
  const field = wanted.kind === 'fieldValues' ? wanted.field : STREAM_FIELDS[wanted.kind]
  if (field === undefined) return null
  const pipe = `stats by (${quote(field)}) count() as ${field === HITS ? `${HITS}_` : HITS}`
  return { query: withPipes(query, pipe), field }
}

function withPipes(query: Query, pipes: string): Query {
  return { ...query, pipes: [...query.pipes, ...parseQuery(`* | ${pipes}`, { nowMs: 0 }).pipes] }
}

/** As many are held as are wanted, and as many again. */
const SPARE = 1000

/** The values with most hits, then by their texts, of the rows of `behindPipes`. */
export async function valuesOf(
  { rows, missing }: Answer,
  { field }: ValuesQuery,
  part: string,
  limit: number,
): Promise<ValuesAnswer> {
  let values: ValueHits[] = []
  let distinct = 0
  for await (const row of rows) {
    const texts = rowText(row)
    const value = texts.get(field) ?? ''
    if (value === '' || !value.includes(part)) continue
    distinct++
    values.push({ value, hits: hitsOf(texts) })
    if (values.length >= 2 * limit + SPARE) values = mostFrequent(values, limit)
  }
  return { values: mostFrequent(values, limit), distinct, isCut: false, missing: [...missing] }
}

/** Behind the value. */
function hitsOf(texts: ReadonlyMap<string, string>): number {
  return Number([...texts.values()].at(-1))
}

function mostFrequent(values: ValueHits[], limit: number): ValueHits[] {
  return values.sort((a, b) => b.hits - a.hits || (a.value < b.value ? -1 : 1)).slice(0, limit)
}
