/**
 * A batch as filters see blocks, so that every filter works behind pipes too: `_time`, `level` and the like are what the
 * texts of these fields say.
 */
import { Bitset } from '../../base/portable.ts'
import {
  type Block,
  type BlockField,
  type Column,
  FIELD_STRING,
  levelSeverity,
  parseTimeText,
} from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { BlockView } from '../scan/block-view.ts'
import { FilterPlan } from '../scan/plan.ts'
import { ID_FIELD, LEVEL_FIELD, MESSAGE_FIELD, STREAM_FIELD, TIME_FIELD } from '../special-fields.ts'
import { encodeText } from '../values/text.ts'
import { columnOfValues } from '../values/text-column.ts'
import type { BatchOrigin, RowBatch } from './row-batch.ts'

/** Which rows of a batch match: ascending; null where all do. */
export function bindBatchFilter(filter: Filter): (batch: RowBatch) => Uint32Array | null {
  if (filter.kind === 'all') return () => null
  const plan = new FilterPlan(filter)
  return (batch) => {
    if (batch.origin !== null) return rowsOfOrigin(plan, batch.origin)
    const rows = plan.matchView(new BatchView(new BatchBlock(batch))).indexes()
    return rows.length === batch.rowCount ? null : rows
  }
}

/** What is stored is judged where it is stored. */
function rowsOfOrigin(plan: FilterPlan, { block, rows }: BatchOrigin): Uint32Array | null {
  const asked = rows === null ? Bitset.full(block.rowCount) : Bitset.of(block.rowCount, rows)
  const found = plan.matchAmong(new BlockView(block), asked)
  const matching = rows === null ? found.indexes() : found.placesIn(rows)
  return matching.length === (rows?.length ?? block.rowCount) ? null : matching
}

class BatchView extends BlockView {
  readonly #block: BatchBlock

  constructor(block: BatchBlock) {
    super(block)
    this.#block = block
  }

  override column(field: string): Column | null {
    return this.#block.field(field)
  }
}

const NO_COLUMN = (rowCount: number): Column => ({
  data: new Uint8Array(0),
  starts: new Uint32Array(rowCount),
  lengths: new Uint32Array(rowCount),
  kinds: null,
})

/** What is not a moment or a number is NaN: no range holds it. */
class BatchBlock implements Block {
  readonly rowCount: number
  readonly timeMsMin = -Infinity
  readonly timeMsMax = Infinity
  readonly #batch: RowBatch
  readonly #columns = new Map<string, Column | null>()
  #times: { readonly timesMs: Float64Array; readonly timesNs: Uint32Array } | null = null
  // Made once: filters ask for them row by row.
  #ids: Float64Array | null = null
  #severities: Uint8Array | null = null
  #flags: Uint8Array | null = null
  #levelWords: Column | null = null

  constructor(batch: RowBatch) {
    this.#batch = batch
    this.rowCount = batch.rowCount
  }

  get ids(): Float64Array {
    this.#ids ??= Float64Array.from(this.#batch.texts(ID_FIELD), numberOf)
    return this.#ids
  }

  get timesMs(): Float64Array {
    return this.#timesOf().timesMs
  }

  get timesNs(): Uint32Array {
    return this.#timesOf().timesNs
  }

  get receivedMs(): Float64Array {
    return new Float64Array(this.rowCount)
  }

  get receivedNs(): Uint32Array {
    return new Uint32Array(this.rowCount)
  }

  get severities(): Uint8Array {
    this.#severities ??= Uint8Array.from(this.#batch.texts(LEVEL_FIELD), (word) =>
      Math.max(0, levelSeverity(word)),
    )
    return this.#severities
  }

  get flags(): Uint8Array {
    this.#flags ??= new Uint8Array(this.rowCount)
    return this.#flags
  }

  get message(): Column {
    return this.field(MESSAGE_FIELD) ?? NO_COLUMN(this.rowCount)
  }

  /** Words of levels that have no severity: the others go by their names. */
  get levelWords(): Column {
    this.#levelWords ??= columnOfTexts(
      this.#batch.texts(LEVEL_FIELD).map((word) => (levelSeverity(word) > 0 ? '' : word)),
    )
    return this.#levelWords
  }

  field(name: string): Column | null {
    let column = this.#columns.get(name)
    if (column === undefined) {
      column = this.#batch.column(name) === null ? null : columnOfBatch(this.#batch, name)
      this.#columns.set(name, column)
    }
    return column
  }

  fieldsOf(row: number): BlockField[] {
    const stream = new Set(this.streamFieldNamesOf(row))
    return this.fieldNamesOf(row).map((name) => ({
      name,
      kind: FIELD_STRING,
      value: encodeText(this.#batch.texts(name)[row]),
      isStream: stream.has(name),
    }))
  }

  fieldNamesOf(row: number): string[] {
    return this.#batch.names.filter((name) => this.#batch.texts(name)[row] !== '')
  }

  streamFieldNamesOf(row: number): string[] {
    return namesOfStream(this.#batch.texts(STREAM_FIELD)[row])
  }

  fieldNames(): string[] {
    return this.#batch.names
  }

  #timesOf(): { readonly timesMs: Float64Array; readonly timesNs: Uint32Array } {
    this.#times ??= this.#batch.timesOf(TIME_FIELD) ?? parsedTimes(this.#batch.texts(TIME_FIELD))
    return this.#times
  }
}

const numberOf = (text: string): number => (text === '' ? Number.NaN : Number(text))

function parsedTimes(texts: readonly string[]): { timesMs: Float64Array; timesNs: Uint32Array } {
  const timesMs = new Float64Array(texts.length)
  const timesNs = new Uint32Array(texts.length)
  const time = { ms: 0, ns: 0 }
  for (let row = 0; row < texts.length; row++) {
    const isTime = parseTimeText(texts[row], time)
    timesMs[row] = isTime ? time.ms : Number.NaN
    timesNs[row] = isTime ? time.ns : 0
  }
  return { timesMs, timesNs }
}

/** Each distinct text is encoded once. */
function columnOfBatch(batch: RowBatch, name: string): Column {
  const groups = batch.column(name)?.groups() ?? null
  if (groups === null) return columnOfTexts(batch.texts(name))
  const held = columnOfTexts(groups.texts)
  const { ofRow } = groups
  const group = (row: number): number => (ofRow === null ? 0 : ofRow[row])
  const starts = new Uint32Array(batch.rowCount)
  const lengths = new Uint32Array(batch.rowCount)
  for (let row = 0; row < batch.rowCount; row++) {
    starts[row] = held.starts[group(row)]
    lengths[row] = held.lengths[group(row)]
  }
  return { data: held.data, starts, lengths, kinds: null }
}

function columnOfTexts(texts: readonly string[]): Column {
  return columnOfValues(texts.map(encodeText))
}

const STREAM_PAIR = /(?:^\{|,)([^=,{}"]+)="(?:[^"\\]|\\.)*"/gy

/** Names of the fields in a text like `{host="a",service="b"}`. */
function namesOfStream(stream: string): string[] {
  return Array.from(stream.matchAll(STREAM_PAIR), ([, name]) => name)
}
