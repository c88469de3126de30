/**
 * For tests: the answer to a query over an array of records, computed as plainly as possible. This is what the engine is
 * held against, whatever is stored how and where; it shares nothing with it but the types of parsed queries.
 */
import type { Query } from './ast.ts'
import { matches, type NaiveFields } from './test-naive-filters.ts'
import { type NaiveRow, type PipeWorld, throughPipe } from './test-naive-pipes.ts'
import { jsonOf, momentText } from './test-naive-values.ts'

/** A record as its sender wrote it. Texts may have lone code units from U+DC80 to U+DCFF for bytes that are no UTF-8. */
export interface NaiveRecord {
  /** Nanoseconds since the epoch. */
  readonly time: bigint
  readonly message: string
  readonly level: string
  readonly stream: NaiveFields
  readonly fields: NaiveFields
}

/** The rows of the answer in their order, without empty fields. Record i has id `firstId` + i. */
export function naiveAnswer(query: Query, records: readonly NaiveRecord[], firstId = 1): NaiveFields[] {
  const inOrder = records
    .map((record, at) => ({ time: record.time, id: firstId + at, fields: fieldsOf(record, firstId + at) }))
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.id - b.id))
  const all = inOrder.map(({ fields }, place): NaiveRow => ({ fields, place }))
  return select(query, all).map(({ fields }) => fields)
}

function select({ filter, pipes }: Query, all: readonly NaiveRow[]): NaiveRow[] {
  const known = new Map<Query, readonly string[]>()
  const valuesOf = (query: Query): readonly string[] => {
    const values = known.get(query) ?? select(query, all).flatMap(({ fields }) => Object.values(fields))
    known.set(query, values)
    return values
  }
  const world: PipeWorld = { valuesOf, select: (query) => select(query, all) }
  const found = all.filter(({ fields }) => matches(filter, fields, valuesOf))
  return pipes.reduce((rows, pipe) => throughPipe(pipe, rows, world), found)
}

/** What is empty is absent. */
function fieldsOf({ time, message, level, stream, fields }: NaiveRecord, id: number): NaiveFields {
  const all = {
    _time: momentText(time),
    _stream: streamText(stream),
    _msg: message,
    level,
    ...stream,
    ...fields,
    _id: String(id),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

function streamText(stream: NaiveFields): string {
  const names = Object.keys(stream).sort()
  return names.length === 0 ? '' : `{${names.map((name) => `${name}=${jsonOf(stream[name])}`).join(',')}}`
}
