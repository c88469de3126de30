/**
 * `stream_context before N after M`: rows with their neighbours, the N records of the same stream before each and the M
 * behind it, as far away as `time_window` says at most. Neighbours are looked for among all records, whatever the filter
 * of the query. Rows that stand together are a chunk, and behind each chunk there is a row whose message is `---`.
 */
import { assert, CodedError } from '../../base/portable.ts'
import { formatRfc3339 } from '../../record/record.ts'
import type { Filter, Pipe } from '../ast.ts'
import { NO_FIELD, withFields } from '../batches/fields-wanted.ts'
import { type MemoryShare, textBytes } from '../batches/memory-share.ts'
import type { BatchKeys, RowBatch } from '../batches/row-batch.ts'
import { ALL } from '../filters/all.ts'
import { andOf } from '../filters/and.ts'
import type { StreamFilter, StreamLabel } from '../filters/stream.ts'
import type { TimeFilter } from '../filters/time.ts'
import { STREAM_FIELD, TIME_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { type Moment, requireDuration } from '../syntax/time-literal.ts'
import type { PipeKind } from './kind.ts'
import { parseWholeNumber } from './parts.ts'
import type { StreamContextRowsPipe, StreamHits } from './stream-context-rows.ts'

export interface StreamContextPipe extends Pipe {
  readonly kind: 'stream_context'
  readonly before: number
  readonly after: number
  /** As it was written, and in milliseconds. */
  readonly windowText: string
  readonly windowMs: number
}

const WINDOW_DEFAULT = '1h'
const WINDOW = { windowText: WINDOW_DEFAULT, windowMs: 3_600_000 }
const NS_PER_MS = 1_000_000
const STREAMS_MAX = 100
const HITS_A_STREAM_MAX = 1000

export const streamContextPipe: PipeKind<StreamContextPipe> = {
  kind: 'stream_context',
  names: ['stream_context'],
  summary: 'rows with the N records of the same stream before and behind them; right behind the filter only',
  examples: [
    'panic | stream_context after 10',
    'level:fatal | stream_context before 5 after 2 time_window 10m',
  ],
  isLive: false,
  isFirstOnly: true,
  parse: parseContext,
  print({ before, after, windowText }) {
    const window = windowText === WINDOW_DEFAULT ? '' : ` time_window ${windowText}`
    return `stream_context before ${before} after ${after}${window}`
  },
  wants: () => withFields(NO_FIELD, [TIME_FIELD, STREAM_FIELD]),
  async *run({ before, after, windowMs }, input, { select, wanted, memory, pause }) {
    const hits = new Hits(memory)
    for await (const batch of input) {
      hits.add(batch)
      await pause()
    }
    if (hits.streams.size === 0) return
    const streams = [...hits.streams].map(([stream, keys]) => keysOf(stream, keys))
    const rows: StreamContextRowsPipe = { kind: 'stream_context_rows', before, after, windowMs, streams }
    const filter = andOf([timesOf(streams, windowMs), streamsOf(streams.map(({ stream }) => stream))])
    // Neighbours may lie beyond the time range of the request.
    yield* select({ filter, pipes: [rows], options: { ignore_global_time_filter: 'true' } }, wanted)
  },
}

function parseContext(parser: FilterParser): StreamContextPipe {
  const { reader } = parser
  let before: number | null = null
  let after: number | null = null
  let window: { windowText: string; windowMs: number } | null = null
  for (;;) {
    if (reader.takeWordOnce('before', before !== null)) before = parseWholeNumber(parser, 'a number of rows')
    else if (reader.takeWordOnce('after', after !== null))
      after = parseWholeNumber(parser, 'a number of rows')
    else if (reader.takeWordOnce('time_window', window !== null)) window = parseWindow(parser)
    else break
  }
  if (before === null && after === null) throw reader.expected('`before N` or `after N`')
  return { kind: 'stream_context', before: before ?? 0, after: after ?? 0, ...(window ?? WINDOW) }
}

function parseWindow({ reader }: FilterParser): { windowText: string; windowMs: number } {
  const { text, span } = reader.expectPhrase('a duration like `1h`')
  const ns = requireDuration(text, span)
  if (ns <= 0n) throw reader.problem('the duration is to be above 0', span)
  return { windowText: text, windowMs: Number(ns) / NS_PER_MS }
}

// ---- the rows whose neighbours are wanted ---------------------------------------------------------------------

interface HitKeys {
  readonly timesMs: number[]
  readonly timesNs: number[]
  readonly ids: number[]
}

const HIT_BYTES = 48

class Hits {
  /** By stream. */
  readonly streams = new Map<string, HitKeys>()
  readonly #memory: MemoryShare

  constructor(memory: MemoryShare) {
    this.#memory = memory
  }

  add(batch: RowBatch): void {
    const { keys } = batch
    assert(keys !== null, 'rows that are no records have no neighbours')
    const { texts, ofRow } = batch.groups(STREAM_FIELD)
    this.#memory.charge(HIT_BYTES * batch.rowCount)
    for (let row = 0; row < batch.rowCount; row++) {
      this.#addHit(texts[ofRow === null ? 0 : ofRow[row]], keys, row)
    }
  }

  #addHit(stream: string, { timesMs, timesNs, ids }: BatchKeys, row: number): void {
    let hits = this.streams.get(stream)
    if (hits === undefined) {
      this.#memory.charge(textBytes(stream))
      hits = { timesMs: [], timesNs: [], ids: [] }
      this.streams.set(stream, hits)
      if (this.streams.size > STREAMS_MAX) throw tooMany(`rows of more than ${STREAMS_MAX} streams`)
    }
    hits.timesMs.push(timesMs[row])
    hits.timesNs.push(timesNs[row])
    hits.ids.push(ids[row])
    if (hits.ids.length > HITS_A_STREAM_MAX)
      throw tooMany(`more than ${HITS_A_STREAM_MAX} rows of one stream`)
  }
}

function tooMany(what: string): CodedError {
  const message = `\`stream_context\` was given ${what}: narrow the filter or the time range`
  return new CodedError('QUERY_TOO_LARGE', message)
}

function keysOf(stream: string, { timesMs, timesNs, ids }: HitKeys): StreamHits {
  const order = Array.from(ids.keys()).sort(
    (a, b) => timesMs[a] - timesMs[b] || timesNs[a] - timesNs[b] || ids[a] - ids[b],
  )
  return {
    stream,
    timesMs: Float64Array.from(order, (at) => timesMs[at]),
    timesNs: Uint32Array.from(order, (at) => timesNs[at]),
    ids: Float64Array.from(order, (at) => ids[at]),
  }
}

// ---- where neighbours can be ----------------------------------------------------------------------------------

function timesOf(streams: readonly StreamHits[], windowMs: number): TimeFilter {
  let firstMs = Infinity
  let lastMs = -Infinity
  for (const { timesMs } of streams) {
    firstMs = Math.min(firstMs, timesMs[0])
    lastMs = Math.max(lastMs, timesMs[timesMs.length - 1])
  }
  const first: Moment = { ms: firstMs - Math.ceil(windowMs), ns: 0 }
  const last: Moment = { ms: lastMs + Math.ceil(windowMs), ns: NS_PER_MS - 1 }
  const text = `[${formatRfc3339(first.ms, first.ns)},${formatRfc3339(last.ms, last.ns)}]`
  return { kind: 'time', text, first, last, endsNow: false }
}

/** Records of these streams, and perhaps of some others: those that have the same fields are asked for together. */
function streamsOf(streams: readonly string[]): Filter {
  const groups = [...Map.groupBy(streams.map(fieldsOfStream), (fields) => [...fields.keys()].join())].map(
    ([, alike]) => labelsOf(alike),
  )
  if (groups.some((labels) => labels.length === 0)) return ALL
  const filter: StreamFilter = { kind: 'stream', groups }
  return filter
}

function labelsOf(alike: readonly ReadonlyMap<string, string>[]): StreamLabel[] {
  return [...alike[0].keys()].flatMap((name): StreamLabel[] => {
    const values = new Set(alike.map((fields) => fields.get(name) ?? ''))
    // What is not UTF-8 shows as this, and is something else.
    const isTold = [...values].every((value) => value !== '' && !value.includes(NOT_UTF8))
    return isTold ? [{ name, operator: 'in', isNegated: false, values: [...values] }] : []
  })
}

const FIELD = /[{,]([^=,{}"]+)=("(?:[^"\\]|\\.)*")/gy
const NOT_UTF8 = '\ufffd'

/** Of a text like `{host="a",service="b"}`; as many as can be read. */
function fieldsOfStream(stream: string): ReadonlyMap<string, string> {
  return new Map(Array.from(stream.matchAll(FIELD), ([, name, value]) => [name, JSON.parse(value) as string]))
}
