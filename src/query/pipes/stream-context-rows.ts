/**
 * The second half of `stream_context`, which no query can name: from all records of some streams, those that it looks
 * for and their neighbours. Between two of them lies a gap; of each gap the first rows are neighbours of the one, and the
 * last rows of the other. Where these are not all rows of the gap, a chunk ends.
 */
import { assert } from '../../base/portable.ts'
import type { Pipe } from '../ast.ts'
import type { BatchColumn } from '../batches/batch-column.ts'
import { batchSlices } from '../batches/batch-slices.ts'
import { withFields } from '../batches/fields-wanted.ts'
import { batchOfHeld, gatherRows, type HeldRows } from '../batches/held-rows.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import { type BatchKeys, RowBatch } from '../batches/row-batch.ts'
import { RowSorter } from '../batches/row-sorter.ts'
import { TextColumn, TimeColumn } from '../batches/text-columns.ts'
import { MESSAGE_FIELD, STREAM_FIELD, STREAM_ID_FIELD, streamId, TIME_FIELD } from '../special-fields.ts'
import type { Gatherer, PipeKind } from './kind.ts'

export interface StreamContextRowsPipe extends Pipe {
  readonly kind: 'stream_context_rows'
  readonly before: number
  readonly after: number
  readonly windowMs: number
  readonly streams: readonly StreamHits[]
}

/** The records of a stream whose neighbours are wanted, oldest first. */
export interface StreamHits {
  readonly stream: string
  readonly timesMs: Float64Array
  readonly timesNs: Uint32Array
  readonly ids: Float64Array
}

export const streamContextRowsPipe: PipeKind<StreamContextRowsPipe> = {
  kind: 'stream_context_rows',
  names: ['stream_context'],
  summary: 'the second half of `stream_context`',
  examples: [],
  isLive: false,
  parse(parser) {
    throw parser.reader.problem('`stream_context_rows` is no pipe of its own')
  },
  print: () => 'stream_context_rows',
  wants: (_pipe, after) => withFields(after, [STREAM_FIELD]),
  bindGather: (pipe, { memory }) => new ContextGatherer(pipe, memory),
}

/** A column beside those of the record: which hit of which stream it is, or in the gap before which one it lies. */
const PLACE_FIELD = '\0place'
const DELIMITER = '---'
const NS_PER_MS = 1_000_000
const GAP_BYTES = 64

/** Plain data. */
interface ContextState {
  readonly hits: HeldRows[]
  readonly before: HeldRows[]
  readonly after: HeldRows[]
  readonly gapRows: ReadonlyMap<string, number>
}

class ContextGatherer implements Gatherer {
  readonly #pipe: StreamContextRowsPipe
  readonly #memory: MemoryShare
  readonly #numbers: ReadonlyMap<string, number>
  readonly #hits: RowSorter
  /** Of each gap the newest, and the oldest. */
  readonly #before: RowSorter
  readonly #after: RowSorter
  /** By place of a gap: how many rows of the stream lie in it. */
  readonly #gapRows = new Map<string, number>()

  constructor(pipe: StreamContextRowsPipe, memory: MemoryShare) {
    const ofGaps = { by: [], isDesc: false, partitionBy: [PLACE_FIELD] }
    this.#pipe = pipe
    this.#memory = memory
    this.#numbers = new Map(pipe.streams.map(({ stream }, number) => [stream, number]))
    this.#hits = new RowSorter({ ...ofGaps, isNewestFirst: false, rowsMax: 1 }, memory)
    this.#before = new RowSorter({ ...ofGaps, isNewestFirst: true, rowsMax: pipe.before }, memory)
    this.#after = new RowSorter({ ...ofGaps, isNewestFirst: false, rowsMax: pipe.after }, memory)
  }

  add(batch: RowBatch): void {
    const { keys } = batch
    assert(keys !== null, 'rows that are no records have no neighbours')
    const found = this.#placesOf(batch, keys)
    this.#hits.add(found.hits.batchOf(batch))
    this.#before.add(found.before.batchOf(batch))
    this.#after.add(found.after.batchOf(batch))
    for (const [place, count] of found.gapRows) this.#countGap(place, count)
  }

  #countGap(place: string, count: number): void {
    const known = this.#gapRows.get(place)
    if (known === undefined) this.#memory.charge(GAP_BYTES)
    this.#gapRows.set(place, (known ?? 0) + count)
  }

  #placesOf(batch: RowBatch, { timesMs, timesNs, ids }: BatchKeys) {
    const { texts, ofRow } = batch.groups(STREAM_FIELD)
    const streams = texts.map((text) => this.#numbers.get(text) ?? -1)
    const found = {
      hits: new Placed(),
      before: new Placed(),
      after: new Placed(),
      gapRows: new Map<string, number>(),
    }
    for (let row = 0; row < batch.rowCount; row++) {
      const number = streams[ofRow === null ? 0 : ofRow[row]]
      if (number < 0) continue
      const hits = this.#pipe.streams[number]
      const ms = timesMs[row]
      const ns = timesNs[row]
      const place = placeOf(hits, ms, ns, ids[row])
      const name = gapName(number, place)
      if (hits.ids[place] === ids[row] && hits.timesMs[place] === ms) {
        found.hits.push(row, name)
        continue
      }
      found.gapRows.set(name, (found.gapRows.get(name) ?? 0) + 1)
      if (place < hits.ids.length && this.#isWithin(ms, ns, hits.timesMs[place], hits.timesNs[place]))
        found.before.push(row, name)
      if (place > 0 && this.#isWithin(hits.timesMs[place - 1], hits.timesNs[place - 1], ms, ns))
        found.after.push(row, name)
    }
    return found
  }

  #isWithin(fromMs: number, fromNs: number, toMs: number, toNs: number): boolean {
    return toMs - fromMs + (toNs - fromNs) / NS_PER_MS <= this.#pipe.windowMs
  }

  take(): ContextState {
    return {
      hits: this.#hits.take(),
      before: this.#before.take(),
      after: this.#after.take(),
      gapRows: this.#gapRows,
    }
  }

  merge(state: unknown): void {
    const { hits, before, after, gapRows } = state as ContextState
    for (const held of hits) this.#hits.add(batchOfHeld(held))
    for (const held of before) this.#before.add(batchOfHeld(held))
    for (const held of after) this.#after.add(batchOfHeld(held))
    for (const [place, count] of gapRows) this.#countGap(place, count)
  }

  rows(): Iterable<RowBatch> {
    const batches = [this.#hits, this.#after, this.#before].map((sorter) => sorter.sorted())
    const rows = inOrder(batches)
    const printed = countsByGap(rows)
    const ends = rows.filter((row, at) => this.#endsChunk(row, rows.at(at + 1), printed))
    const delimiters = this.#delimiters(batches, ends)
    const delimiterFirst = batches.reduce((sum, { rowCount }) => sum + rowCount, 0)
    const numbers: number[] = []
    let chunk = 0
    for (const row of rows) {
      numbers.push(row.number)
      if (row === ends[chunk]) numbers.push(delimiterFirst + chunk++)
    }
    return batchSlices(plain(gatherRows([...batches, delimiters], Uint32Array.from(numbers))))
  }

  /** A row of the stream lies between the row and the next one, and is no neighbour of either. */
  #endsChunk(row: PlacedRow, next: PlacedRow | undefined, printed: ReadonlyMap<string, number>): boolean {
    if (next === undefined || next.stream !== row.stream) return true
    const isEdge = (row.isHit || row.isAfter) && (next.isHit || !next.isAfter)
    const gap = gapName(row.stream, next.place)
    return isEdge && (printed.get(gap) ?? 0) < (this.#gapRows.get(gap) ?? 0)
  }

  #delimiters(batches: readonly RowBatch[], ends: readonly PlacedRow[]): RowBatch {
    const streams = ends.map(({ stream }) => this.#pipe.streams[stream].stream)
    const keysOf = ({ batch, row }: PlacedRow) => {
      const keys = batches[batch].keys!
      return { ms: keys.timesMs[row], ns: keys.timesNs[row] }
    }
    const timesMs = Float64Array.from(ends, (end) => keysOf(end).ms)
    const timesNs = Uint32Array.from(ends, (end) => keysOf(end).ns)
    const columns = new Map<string, BatchColumn>([
      [TIME_FIELD, new TimeColumn(timesMs, timesNs)],
      [STREAM_FIELD, new TextColumn(streams)],
      [MESSAGE_FIELD, new TextColumn(ends.map(() => DELIMITER))],
    ])
    // As records have it: where somebody names it.
    if (batches.some((batch) => batch.column(STREAM_ID_FIELD) !== null))
      columns.set(STREAM_ID_FIELD, new TextColumn(streams.map(streamId)))
    return new RowBatch(ends.length, columns)
  }
}

/** How many of the hits come before the key. */
function placeOf({ timesMs, timesNs, ids }: StreamHits, ms: number, ns: number, id: number): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = timesMs[middle] - ms || timesNs[middle] - ns || ids[middle] - id
    if (order < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Rows of a batch, each with its place. */
class Placed {
  readonly #rows: number[] = []
  readonly #places: string[] = []

  push(row: number, place: string): void {
    this.#rows.push(row)
    this.#places.push(place)
  }

  batchOf(batch: RowBatch): RowBatch {
    return batch.select(Uint32Array.from(this.#rows)).with(PLACE_FIELD, this.#places)
  }
}

interface PlacedRow {
  /** Which batch, which row of it, and its number among the rows of all. */
  readonly batch: number
  readonly row: number
  readonly number: number
  readonly stream: number
  /** Which hit of the stream it is, or before which one it lies. */
  readonly place: number
  readonly isHit: boolean
  readonly isAfter: boolean
}

/** `hits`, `after`, `before`: by stream, then oldest first, each row once. */
function inOrder(batches: readonly RowBatch[]): PlacedRow[] {
  const rows = batches.flatMap(placedRows)
  const keys = batches.map((batch) => batch.keys)
  rows.sort((a, b) => {
    const ofA = keys[a.batch]!
    const ofB = keys[b.batch]!
    return (
      a.stream - b.stream ||
      ofA.timesMs[a.row] - ofB.timesMs[b.row] ||
      ofA.timesNs[a.row] - ofB.timesNs[b.row] ||
      ofA.ids[a.row] - ofB.ids[b.row] ||
      a.batch - b.batch
    )
  })
  const idOf = ({ batch, row }: PlacedRow): number => keys[batch]!.ids[row]
  // A row on both sides of a gap is the one behind a hit.
  return rows.filter((row, at) => at === 0 || idOf(row) !== idOf(rows[at - 1]))
}

function placedRows(batch: RowBatch, number: number, batches: readonly RowBatch[]): PlacedRow[] {
  const first = batches.slice(0, number).reduce((sum, { rowCount }) => sum + rowCount, 0)
  return batch.texts(PLACE_FIELD).map((text, row) => {
    const [stream, place] = text.split(':').map(Number)
    return {
      batch: number,
      row,
      number: first + row,
      stream,
      place,
      isHit: number === 0,
      isAfter: number === 1,
    }
  })
}

function countsByGap(rows: readonly PlacedRow[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { stream, place, isHit } of rows) {
    if (isHit) continue
    const gap = gapName(stream, place)
    counts.set(gap, (counts.get(gap) ?? 0) + 1)
  }
  return counts
}

/** The gap before the hit of that place. */
const gapName = (stream: number, place: number): string => `${stream}:${place}`

/** Without what was only known here. */
function plain(batch: RowBatch): RowBatch {
  const columns = new Map(batch.columns)
  columns.delete(PLACE_FIELD)
  return new RowBatch(batch.rowCount, columns)
}
