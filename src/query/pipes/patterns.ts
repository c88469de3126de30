/**
 * `patterns N`: what kinds of messages there are. Messages that differ only in numbers, addresses, times and the like
 * have the same pattern (pattern-id.ts); of each pattern the rows, one of them as a sample (the oldest), when it was first
 * and last seen, and how often over time. The filter `pattern:<id>` finds its records.
 */
import { formatRfc3339, parseTimeText } from '../../record/record.ts'
import type { Pipe } from '../ast.ts'
import type { BatchColumn } from '../batches/batch-column.ts'
import { batchSlices } from '../batches/batch-slices.ts'
import { NO_FIELD, withFields } from '../batches/fields-wanted.ts'
import { type MemoryShare, textBytes } from '../batches/memory-share.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { smallest } from '../batches/smallest.ts'
import { type SparklineState, Sparklines } from '../batches/sparklines.ts'
import { collapsedTemplates } from '../batches/template-groups.ts'
import { TextColumn } from '../batches/text-columns.ts'
import { TIME_FIELD } from '../special-fields.ts'
import { CollapsedTexts } from '../values/collapsed-texts.ts'
import { patternId, patternOf } from '../values/pattern-id.ts'
import type { Gatherer, PipeKind } from './kind.ts'
import { parseCountIfAny } from './order-parts.ts'
import { parseFieldAfter, printFieldAfter } from './parts.ts'

export interface PatternsPipe extends Pipe {
  readonly kind: 'patterns'
  /** Null: all. */
  readonly rows: number | null
  readonly field: string
}

const FIELDS = [
  'pattern',
  'pattern_id',
  'hits',
  'sample',
  'first_seen',
  'last_seen',
  'sparkline',
  'sparkline_start',
  'sparkline_step',
] as const

export const patternsPipe: PipeKind<PatternsPipe> = {
  kind: 'patterns',
  names: ['patterns'],
  summary:
    'the kinds of messages, most frequent first, with a sample and counts over time; all where N is left out',
  examples: ['error | patterns 20', '* | patterns at http.path'],
  isLive: false,
  parse(parser) {
    const rows = parseCountIfAny(parser, 'a number of rows')
    return { kind: 'patterns', rows, field: parseFieldAfter(parser, 'at') }
  },
  print: ({ rows, field }, printer) =>
    `patterns${rows === null ? '' : ` ${rows}`}${printFieldAfter('at', field, printer)}`,
  wants: ({ field }) => withFields(NO_FIELD, [field, TIME_FIELD]),
  leaves: () => FIELDS,
  limited: (pipe, rows) => ({ ...pipe, rows: Math.min(pipe.rows ?? Infinity, rows) }),
  bindGather: (pipe, { memory, random }) =>
    new PatternGatherer(pipe, memory, new CollapsedTexts(false, random.uint32())),
}

/** Plain data: by pattern. */
interface PatternState {
  readonly patterns: readonly string[]
  readonly seen: readonly Seen[]
  readonly sparklines: SparklineState
}

/** What is known of a pattern. Times are NaN where no row had one. */
interface Seen {
  hits: number
  sample: string
  firstMs: number
  firstNs: number
  firstId: number
  lastMs: number
  lastNs: number
}

const PATTERN_BYTES = 200 + Sparklines.bytes

class PatternGatherer implements Gatherer {
  readonly #pipe: PatternsPipe
  readonly #memory: MemoryShare
  readonly #numbers = new Map<string, number>()
  readonly #seen: Seen[] = []
  readonly #sparklines = new Sparklines()
  /** What values of templates become. */
  readonly #forms: CollapsedTexts

  constructor(pipe: PatternsPipe, memory: MemoryShare, forms: CollapsedTexts) {
    this.#pipe = pipe
    this.#memory = memory
    this.#forms = forms
  }

  add(batch: RowBatch): void {
    const { texts: patterns, ofRow } = this.#patternsOf(batch)
    const times = timesOf(batch)
    const extremes = extremesOf(ofRow, patterns.length, times)
    const samples = this.#readSamples(batch, patterns, extremes, times)
    const numbers = patterns.map((pattern, group) =>
      extremes.hits[group] === 0 ? 0 : this.#numberOf(pattern),
    )
    for (let group = 0; group < patterns.length; group++) {
      if (extremes.hits[group] > 0) this.#see(numbers[group], group, samples[group], extremes, times)
    }
    this.#sparklines.add(
      ofRow.map((group) => numbers[group]),
      times.timesMs,
      this.#seen.length,
    )
  }

  /** By row: its pattern. Of templates where the column knows them, of distinct texts else. */
  #patternsOf(batch: RowBatch): { readonly texts: readonly string[]; readonly ofRow: Uint32Array } {
    const { field } = this.#pipe
    const templates = batch.column(field)?.templates?.() ?? null
    const groups = templates === null ? batch.groups(field) : collapsedTemplates(templates, true, this.#forms)
    const texts = templates === null ? groups.texts.map(patternOf) : groups.texts
    return { texts, ofRow: groups.ofRow ?? new Uint32Array(batch.rowCount) }
  }

  /** The text of the oldest row of each group that is older than what is known; of the others undefined. */
  #readSamples(
    batch: RowBatch,
    patterns: readonly string[],
    { first, hits }: Extremes,
    { timesMs, timesNs, ids }: Times,
  ): (string | undefined)[] {
    const groups: number[] = []
    for (let group = 0; group < patterns.length; group++) {
      if (hits[group] === 0) continue
      const row = first[group]
      const known = this.#numbers.get(patterns[group])
      const isOlder =
        known === undefined ||
        isBefore(timesMs[row], timesNs[row], ids === null ? 0 : ids[row], this.#seen[known])
      if (isOlder) groups.push(group)
    }
    const rows = Uint32Array.from(groups, (group) => first[group])
    const texts = batch.select(rows).texts(this.#pipe.field)
    const samples = new Array<string | undefined>(patterns.length)
    for (const [at, group] of groups.entries()) samples[group] = texts[at]
    return samples
  }

  #numberOf(pattern: string): number {
    let number = this.#numbers.get(pattern)
    if (number === undefined) {
      this.#memory.charge(textBytes(pattern) + PATTERN_BYTES)
      number = this.#seen.length
      this.#numbers.set(pattern, number)
      this.#seen.push({
        hits: 0,
        sample: '',
        firstMs: Number.NaN,
        firstNs: 0,
        firstId: 0,
        lastMs: Number.NaN,
        lastNs: 0,
      })
    }
    return number
  }

  /** Several groups may be of one pattern. */
  #see(
    number: number,
    group: number,
    sample: string | undefined,
    { first, last, hits }: Extremes,
    { timesMs, timesNs, ids }: Times,
  ): void {
    const seen = this.#seen[number]
    const row = first[group]
    const id = ids === null ? 0 : ids[row]
    const isOlder = seen.hits === 0 || isBefore(timesMs[row], timesNs[row], id, seen)
    if (sample !== undefined && isOlder) this.#take(seen, sample, timesMs[row], timesNs[row], id)
    const lastMs = timesMs[last[group]]
    const lastNs = timesNs[last[group]]
    if (isLater(lastMs, lastNs, seen)) {
      seen.lastMs = lastMs
      seen.lastNs = lastNs
    }
    seen.hits += hits[group]
  }

  #take(seen: Seen, sample: string, ms: number, ns: number, id: number): void {
    this.#memory.charge(textBytes(sample))
    if (seen.hits > 0) this.#memory.give(textBytes(seen.sample))
    seen.sample = sample
    seen.firstMs = ms
    seen.firstNs = ns
    seen.firstId = id
  }

  take(): PatternState {
    return { patterns: [...this.#numbers.keys()], seen: this.#seen, sparklines: this.#sparklines.state() }
  }

  merge(state: unknown): void {
    const { patterns, seen, sparklines } = state as PatternState
    const numbers = Uint32Array.from(patterns, (pattern) => this.#numberOf(pattern))
    for (const [at, other] of seen.entries()) {
      const own = this.#seen[numbers[at]]
      const { firstMs, firstNs, firstId, sample, hits } = other
      if (own.hits === 0 || isBefore(firstMs, firstNs, firstId, own))
        this.#take(own, sample, firstMs, firstNs, firstId)
      if (isLater(other.lastMs, other.lastNs, own)) {
        own.lastMs = other.lastMs
        own.lastNs = other.lastNs
      }
      own.hits += hits
    }
    this.#sparklines.merge(sparklines, numbers, this.#seen.length)
  }

  rows(): Iterable<RowBatch> {
    const patterns = [...this.#numbers.keys()]
    const all = Uint32Array.from(patterns.keys())
    const chosen = smallest(all, this.#pipe.rows ?? Infinity, (a, b) => {
      return this.#seen[b].hits - this.#seen[a].hits || (patterns[a] < patterns[b] ? -1 : 1)
    })
    const rows = Array.from(chosen, (number) => this.#rowOf(patterns[number], number))
    const columns = FIELDS.map((field, at): [string, BatchColumn] => {
      return [field, new TextColumn(rows.map((row) => row[at]))]
    })
    return batchSlices(new RowBatch(rows.length, new Map(columns)))
  }

  /** As FIELDS. */
  #rowOf(pattern: string, number: number): string[] {
    const { hits, sample, firstMs, firstNs, lastMs, lastNs } = this.#seen[number]
    const hasTime = !Number.isNaN(firstMs)
    return [
      pattern,
      patternId(pattern),
      String(hits),
      sample,
      hasTime ? formatRfc3339(firstMs, firstNs) : '',
      hasTime ? formatRfc3339(lastMs, lastNs) : '',
      hasTime ? JSON.stringify(this.#sparklines.of(number)) : '',
      hasTime ? formatRfc3339(this.#sparklines.startMs, 0) : '',
      hasTime ? `${this.#sparklines.stepMs / MS_PER_SECOND}s` : '',
    ]
  }
}

const MS_PER_SECOND = 1000

function isBefore(ms: number, ns: number, id: number, { firstMs, firstNs, firstId }: Seen): boolean {
  if (Number.isNaN(firstMs)) return !Number.isNaN(ms)
  if (ms !== firstMs) return ms < firstMs
  return ns !== firstNs ? ns < firstNs : id < firstId
}

function isLater(ms: number, ns: number, { lastMs, lastNs }: Seen): boolean {
  if (Number.isNaN(lastMs)) return !Number.isNaN(ms)
  return ms > lastMs || (ms === lastMs && ns > lastNs)
}

/** By group: how many rows it has, its oldest and its newest one. */
interface Extremes {
  readonly hits: Uint32Array
  readonly first: Uint32Array
  readonly last: Uint32Array
}

/** A row without a time is older than none, and newer than none. */
function extremesOf(ofRow: Uint32Array, groupCount: number, times: Times): Extremes {
  const hits = new Uint32Array(groupCount)
  const first = new Uint32Array(groupCount)
  const last = new Uint32Array(groupCount)
  if (isInOrder(times)) {
    for (let row = 0; row < ofRow.length; row++) {
      const group = ofRow[row]
      if (hits[group]++ === 0) first[group] = row
      last[group] = row
    }
    return { hits, first, last }
  }
  for (let row = 0; row < ofRow.length; row++) {
    const group = ofRow[row]
    if (hits[group]++ === 0) {
      first[group] = row
      last[group] = row
      continue
    }
    if (isOlderRow(times, row, first[group])) first[group] = row
    if (isNewerRow(times, row, last[group])) last[group] = row
  }
  return { hits, first, last }
}

/** No row is older than the one before it, as mostly in blocks. */
function isInOrder(times: Times): boolean {
  const { timesMs } = times
  if (Number.isNaN(timesMs[0])) return false
  for (let row = 1; row < timesMs.length; row++)
    if (!(timesMs[row] > timesMs[row - 1]) && !isOlderRow(times, row - 1, row)) return false
  return true
}

function isOlderRow({ timesMs, timesNs, ids }: Times, a: number, b: number): boolean {
  if (timesMs[a] !== timesMs[b]) return timesMs[a] < timesMs[b] || Number.isNaN(timesMs[b])
  if (timesNs[a] !== timesNs[b]) return timesNs[a] < timesNs[b]
  return ids !== null && ids[a] < ids[b]
}

function isNewerRow({ timesMs, timesNs }: Times, a: number, b: number): boolean {
  if (timesMs[a] !== timesMs[b]) return timesMs[a] > timesMs[b] || Number.isNaN(timesMs[b])
  return timesNs[a] > timesNs[b]
}

interface Times {
  readonly timesMs: Float64Array
  readonly timesNs: Uint32Array
  readonly ids: Float64Array | null
}

function timesOf(batch: RowBatch): Times {
  if (batch.keys !== null) return batch.keys
  const times = batch.timesOf(TIME_FIELD)
  if (times !== null) return { timesMs: times.timesMs, timesNs: times.timesNs, ids: null }
  const timesMs = new Float64Array(batch.rowCount).fill(Number.NaN)
  const timesNs = new Uint32Array(batch.rowCount)
  const time = { ms: 0, ns: 0 }
  for (const [row, text] of batch.texts(TIME_FIELD).entries()) {
    if (!parseTimeText(text, time)) continue
    timesMs[row] = time.ms
    timesNs[row] = time.ns
  }
  return { timesMs, timesNs, ids: null }
}
