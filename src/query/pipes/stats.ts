/**
 * `stats by (key, …) function(…) if (filter) as name, …`: rows in groups, and what functions make of each group. A row
 * leaves for each group, in the order of its values; without `by` exactly one row leaves.
 */
import type { Filter, Pipe } from '../ast.ts'
import type { BatchColumn, TextGroups } from '../batches/batch-column.ts'
import { SLICE_ROWS } from '../batches/batch-slices.ts'
import { type FieldPattern, NO_FIELD, withFields } from '../batches/fields-wanted.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { TextColumn } from '../batches/text-columns.ts'
import { fieldsOfFilter } from '../filter-fields.ts'
import { type NamedCall, parseCalls, printCalls } from '../stats/call-parser.ts'
import {
  bindGroupKey,
  type GroupKey,
  parseGroupKey,
  printGroupKey,
  type ReadGroups,
  stepSecondsOf,
} from '../stats/group-key.ts'
import { GroupTable, type GroupTableState } from '../stats/group-table.ts'
import type { GroupedRows } from '../stats/grouped-rows.ts'
import type { StatsState } from '../stats/kind.ts'
import { STATS_FUNCTIONS, STATS_FUNCTIONS_BY_NAME, statsFunctionOf } from '../stats/registry.ts'
import { compareKeysExactly, valueKey } from '../values/value-order.ts'
import type { Gatherer, PipeContext, PipeKind } from './kind.ts'
import { parseGroup } from './parts.ts'

export interface StatsPipe extends Pipe {
  readonly kind: 'stats'
  readonly by: readonly GroupKey[]
  readonly calls: readonly NamedCall[]
}

export const statsPipe: PipeKind<StatsPipe> = {
  kind: 'stats',
  names: ['stats'],
  leads: ['by', ...STATS_FUNCTIONS.map(({ name }) => name)],
  summary:
    'counts, sums and the like of all rows, or of groups of rows: by fields, steps of time, of numbers, networks',
  examples: [
    'error | stats count() as errors',
    '* | stats by (service, level) count() as rows, count() if (timeout) as timeouts',
    '* | stats by (_time:5m) count() as rows',
    '* | by (_time:month offset 9h) count()',
    '* | count() as rows, count() if (level:error) as errors',
  ],
  isLive: false,
  parse(parser) {
    const { reader } = parser
    const hasBy = reader.takeWord('by') || reader.isSymbol('(')
    const by = hasBy ? parseGroup(parser, 'after `by`', () => parseGroupKey(parser)) : []
    const calls = parseCalls(
      parser,
      STATS_FUNCTIONS_BY_NAME,
      'stats',
      by.map(({ field }) => field),
    )
    return { kind: 'stats', by, calls }
  },
  print({ by, calls }, printer) {
    const keys = by.map((key) => printGroupKey(key, printer)).join(', ')
    return `stats ${by.length === 0 ? '' : `by (${keys}) `}${printCalls(calls, STATS_FUNCTIONS_BY_NAME, printer)}`
  },
  rowsMax: ({ by }) => (by.length === 0 ? 1 : Infinity),
  wants: ({ by, calls }) =>
    withFields(NO_FIELD, [...by.map(({ field }) => field), ...calls.flatMap(wantsOf)]),
  leaves: ({ by, calls }) => [...by.map(({ field }) => field), ...calls.map(({ as }) => as)],
  bindGather: (pipe, context) => new StatsGatherer(pipe, context),
}

function wantsOf({ call, filter }: NamedCall): readonly FieldPattern[] {
  const own = statsFunctionOf(call).wants(call)
  return filter === null ? own : [...own, ...fieldsOfFilter(filter)]
}

/** Plain data. */
interface GatheredStats {
  readonly groups: GroupTableState
  readonly states: readonly unknown[]
}

interface BoundCall {
  readonly as: string
  readonly state: StatsState
  /** Which of the filters; -1 for none. */
  readonly filter: number
}

type FindRows = (batch: RowBatch) => Uint32Array | null

class StatsGatherer implements Gatherer {
  readonly #by: readonly GroupKey[]
  readonly #keys: readonly ReadGroups[]
  readonly #table: GroupTable
  readonly #calls: readonly BoundCall[]
  /** Each filter once, however many calls have it. */
  readonly #filters: readonly FindRows[]
  readonly #needsRows: boolean
  /** Those that may still read when rows are added: nothing may be changed before them. */
  readonly #late: readonly BoundCall[]
  readonly #plain: readonly BoundCall[]

  constructor({ by, calls }: StatsPipe, context: PipeContext) {
    this.#by = by
    this.#keys = by.map(bindGroupKey)
    this.#table = new GroupTable(by.length, context.memory, context.random)
    const filters = new Map<string, number>()
    const bound: FindRows[] = []
    const { settings } = context
    const ofSteps = {
      ...context,
      settings: { ...settings, rateSeconds: settings.rateSeconds ?? stepSecondsOf(by) },
    }
    this.#calls = calls.map(({ call, filter, as }) => ({
      as,
      state: statsFunctionOf(call).bind(call, ofSteps),
      filter: filter === null ? -1 : filterNumber(filter, filters, bound, context),
    }))
    this.#filters = bound
    this.#late = this.#calls.filter(({ state }) => state.readLate !== undefined)
    this.#plain = this.#calls.filter(({ state }) => state.readLate === undefined)
    this.#needsRows = bound.length > 0 || this.#calls.some(({ state }) => state.countsOnly !== true)
  }

  add(batch: RowBatch): void {
    if (batch.rowCount === 0) return
    const keys = this.#keys.map((read) => read(batch))
    if (this.#needsRows || keys.length > 1) readRows(keys, !this.#needsRows)
    const selected = this.#filters.map((find) => find(batch))
    const adds = this.#plain.map(({ state, filter }) => ({ filter, add: state.read(batch) }))
    const reads = this.#late.map(({ state, filter }) => ({ filter, read: state.readLate!(batch) }))
    const grouped = this.#table.rowsOf(batch.rowCount, keys, !this.#needsRows)
    const among = selected.map((rows) => grouped.among(rows))
    const rowsOf = (filter: number): GroupedRows => (filter < 0 ? grouped : among[filter])
    const commits = reads.map(({ filter, read }) => read(rowsOf(filter)))
    this.#table.commit()
    for (const { filter, add } of adds) add(rowsOf(filter))
    for (const commit of commits) commit()
  }

  take(): GatheredStats {
    return { groups: this.#table.take(), states: this.#calls.map(({ state }) => state.take()) }
  }

  merge(taken: unknown): void {
    const { groups, states } = taken as GatheredStats
    const here = this.#table.merge(groups)
    const { count } = this.#table
    for (const [at, { state }] of this.#calls.entries()) state.merge(states[at], here, count)
  }

  *rows(): Generator<RowBatch> {
    const { count } = this.#table
    const order = this.#orderedGroups()
    const texts = this.#calls.map(({ state }) => state.texts(count))
    const keys = this.#by.map((_, key) => this.#table.textsOfGroups(key))
    for (let from = 0; from < order.length; from += SLICE_ROWS) {
      yield this.#batchOf(order.subarray(from, from + SLICE_ROWS), keys, texts)
    }
  }

  #batchOf(
    groups: Uint32Array,
    keys: readonly Uint32Array[],
    texts: readonly (readonly string[])[],
  ): RowBatch {
    const columns = new Map<string, BatchColumn>()
    for (const [key, { field }] of this.#by.entries()) {
      const known = this.#table.textsOf(key)
      columns.set(field, new TextColumn(Array.from(groups, (group) => known[keys[key][group]])))
    }
    for (const [at, { as }] of this.#calls.entries()) {
      columns.set(as, new TextColumn(Array.from(groups, (group) => texts[at][group])))
    }
    return new RowBatch(groups.length, columns)
  }

  /** By the values of their keys, so that the order tells nothing of how rows came. */
  #orderedGroups(): Uint32Array {
    const places = this.#by.map((_, key) => {
      const places = placesOf(this.#table.textsOf(key))
      return this.#table.textsOfGroups(key).map((text) => places[text])
    })
    const groups = this.#table.groups()
    if (places.length === 1) return inPlaces(groups, places[0])
    return groups.sort((a, b) => {
      for (const ofGroup of places) if (ofGroup[a] !== ofGroup[b]) return ofGroup[a] - ofGroup[b]
      return 0
    })
  }
}

function filterNumber(
  filter: Filter,
  numbers: Map<string, number>,
  bound: FindRows[],
  context: PipeContext,
): number {
  const key = JSON.stringify(filter, (_name, value) => (typeof value === 'bigint' ? `${value}n` : value))
  let number = numbers.get(key)
  if (number === undefined) {
    number = bound.push(context.bindFilter(filter)) - 1
    numbers.set(key, number)
  }
  return number
}

/** Which row is in which group is read where somebody asks: now, since reading may fail. */
function readRows(keys: readonly TextGroups[], areRunsEnough: boolean): void {
  for (const key of keys) {
    const hasRuns = areRunsEnough && (key.runs?.() ?? null) !== null
    if (!hasRuns) void key.ofRow
  }
}

/** No two of them have the same place. */
function inPlaces(groups: Uint32Array, places: Uint32Array): Uint32Array {
  const marks = new Uint32Array(places.length)
  for (const group of groups) marks[places[group]] = group + 1
  return marks.filter((mark) => mark > 0).map((mark) => mark - 1)
}

/** By number of a text: its place in the order of values. */
function placesOf(texts: readonly string[]): Uint32Array {
  const keys = texts.map(valueKey)
  const order = Uint32Array.from({ length: texts.length }, (_, at) => at)
  order.sort((a, b) => compareKeysExactly(keys[a], keys[b]))
  const places = new Uint32Array(texts.length)
  for (let place = 0; place < order.length; place++) places[order[place]] = place
  return places
}
