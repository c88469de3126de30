/**
 * A hub for programs that hold one inside them: records and rows are plain objects, queries are text. A thin coat
 * over Hub, which stays reachable for whoever wants batches of bytes.
 */
import type { Clock } from '../base/base.ts'
import { parseQuery, type Query, type Row, type RowField, type ValuesWanted } from '../query/query.ts'
import {
  BatchEncoder,
  encodeRecord,
  FIELD_FALSE,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_TRUE,
  formatRfc3339,
  type NewRecord,
  STREAM_FIELDS_DEFAULT,
} from '../record/record.ts'
import type {
  Hub,
  HubStats,
  QueryOptions,
  TailQueryOptions,
  ValuesAnswer,
  ValuesQueryOptions,
} from './hub-api.ts'

/** What a row is to a program: `_id`, `_time`, `_msg`, `level` and the fields, with the types that they came with. */
export type RowObject = Record<string, unknown>

/** Rows of a live tail; where the reader was too slow, an object with only `_gap` says what it missed. */
export type TailObject = RowObject | { readonly _gap: { fromId: number; toId: number; count: number } }

export interface WriteOptions {
  readonly store?: string
  /** A batch that comes again with the same key is stored once. At most 256 bytes. */
  readonly idempotencyKey?: string
}

const utf8 = new TextEncoder()
const text = new TextDecoder()

export class ProgramHub implements AsyncDisposable {
  /** The hub itself. */
  readonly hub: Hub
  readonly #clock: Clock
  readonly #streamFields: readonly string[]
  readonly #encoder = new BatchEncoder()

  /** `streamFields` are the stream of records that are written without one. */
  constructor(hub: Hub, clock: Clock, streamFields: readonly string[] = STREAM_FIELDS_DEFAULT) {
    this.hub = hub
    this.#clock = clock
    this.#streamFields = streamFields
  }

  /**
   * Stores records; resolves with their ids when they are on disk and visible. All or none of them:
   * RECORD_INVALID, RECORD_TOO_LARGE, BATCH_TOO_LARGE, STORE_FULL, STORE_READ_ONLY, STORE_CLOSED, STORE_UNKNOWN.
   */
  async write(records: readonly NewRecord[], options: WriteOptions = {}): Promise<number[]> {
    if (records.length === 0) return []
    const store = this.hub.store(options.store)
    await store.writable()
    const now = { ms: Math.floor(this.#clock.wallMs()), ns: 0 }
    const encoder = this.#encoder
    encoder.reset(now.ms, now.ns)
    if (options.idempotencyKey !== undefined) encoder.setKey(utf8.encode(options.idempotencyKey))
    const streamFields = this.#streamFields
    for (const record of records) encodeRecord(encoder, record, now, { streamFields })
    const firstId = await store.append(encoder.finish())
    return records.map((_, index) => firstId + index)
  }

  /** The rows of a LogsQL query, oldest first. QUERY_SYNTAX, QUERY_TOO_LARGE, QUERY_CANCELLED. */
  async *rows(query: string, options: QueryOptions = {}): AsyncGenerator<RowObject, void> {
    await using answer = await this.hub.query(this.#parse(query), options)
    for await (const row of answer.rows) yield rowObject(row)
  }

  /** How many records match. */
  count(query: string, options: QueryOptions = {}): Promise<number> {
    return this.hub.count(this.#parse(query), options)
  }

  /**
   * Names of the fields that matching records have, with how many have each. `query` is a filter, here and below.
   * QUERY_SYNTAX, QUERY_CANCELLED.
   */
  fields(query = '*', options: ValuesQueryOptions = {}): Promise<ValuesAnswer> {
    return this.#values(query, { kind: 'fieldNames' }, options)
  }

  /** The values of a field that are not empty, with how many records have each. The same errors. */
  fieldValues(field: string, query = '*', options: ValuesQueryOptions = {}): Promise<ValuesAnswer> {
    return this.#values(query, { kind: 'fieldValues', field }, options)
  }

  /** Streams, `{host="a",service="shop"}`, with how many records each has. The same errors. */
  streams(query = '*', options: ValuesQueryOptions = {}): Promise<ValuesAnswer> {
    return this.#values(query, { kind: 'streams' }, options)
  }

  // `async`: a query that cannot be read rejects.
  async #values(query: string, wanted: ValuesWanted, options: ValuesQueryOptions): Promise<ValuesAnswer> {
    return this.hub.values(this.#parse(query), wanted, options)
  }

  /** Rows as they are stored, from now on or after an id, until `signal` aborts or the loop is left. */
  async *tail(query: string, options: TailQueryOptions = {}): AsyncGenerator<TailObject, void> {
    for await (const item of this.hub.tail(this.#parse(query), options)) {
      if (item.kind === 'row') yield rowObject(item.row)
      else yield { _gap: { fromId: item.fromId, toId: item.toId, count: item.count } }
    }
  }

  stats(): HubStats {
    return this.hub.stats()
  }

  close(): Promise<void> {
    return this.hub.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.hub.close()
  }

  #parse(query: string): Query {
    return parseQuery(query, { nowMs: this.#clock.wallMs() })
  }
}

function rowObject(row: Row): RowObject {
  const object: RowObject = Object.create(null)
  if (row.kind === 'values') return addFields(object, row.values)
  object._id = row.id
  object._time = formatRfc3339(row.timeMs, row.timeNs)
  object._msg = text.decode(row.message)
  if (row.level !== '') object.level = row.level
  return addFields(object, row.fields)
}

function addFields(object: RowObject, fields: readonly RowField[]): RowObject {
  for (const field of fields) object[field.name] = fieldValue(field)
  return object
}

function fieldValue({ kind, value }: RowField): unknown {
  switch (kind) {
    case FIELD_TRUE:
      return true
    case FIELD_FALSE:
      return false
    case FIELD_NULL:
      return null
    case FIELD_NUMBER:
      return numberOf(text.decode(value))
    case FIELD_JSON:
      return JSON.parse(text.decode(value))
    default:
      return text.decode(value)
  }
}

/** A number that a double cannot hold stays text, so that an id does not change its last digits. */
function numberOf(digits: string): number | string {
  const number = Number(digits)
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? digits : number
}
