/** Batches for pipes: of the rows of a block where it is scanned, and of records that were fetched in order. */
import {
  type Block,
  FIELD_STRING,
  type RowGroups,
  type RowLayout,
  TRUNCATED_FIELD,
} from '../../record/record.ts'
import type { RecordRow } from '../row.ts'
import { keptGroups, layoutGroups } from '../scan/block-groups.ts'
import { streamGroups } from '../scan/block-streams.ts'
import { BlockView } from '../scan/block-view.ts'
import {
  ID_FIELD,
  LEVEL_FIELD,
  MESSAGE_FIELD,
  SPECIAL_FIELDS,
  STREAM_FIELD,
  STREAM_ID_FIELD,
  storedFieldOf,
  streamId,
  streamText,
  TIME_FIELD,
} from '../special-fields.ts'
import { decodeText } from '../values/text.ts'
import { type BatchColumn, pick } from './batch-column.ts'
import { BlockColumn, type StoredColumn } from './block-column.ts'
import { type FieldsWanted, isNamed, isWanted, namesWanted } from './fields-wanted.ts'
import { type BatchKeys, RowBatch } from './row-batch.ts'
import { IdColumn, TextColumn, TimeColumn } from './text-columns.ts'

/** What a row of a record shows before the fields that were sent, and behind them. */
const LEADING = [TIME_FIELD, STREAM_FIELD, MESSAGE_FIELD, LEVEL_FIELD]
const TRAILING = [ID_FIELD]

/** In the order in which records show their fields. `_stream_id` is there where it is asked for by its name. */
function orderedNames(wanted: FieldsWanted, own: () => readonly string[]): string[] {
  const names = namesWanted(wanted) ?? own().filter((name) => isWanted(wanted, name))
  const isOwn = (name: string): boolean => !SPECIAL_FIELDS.has(name)
  const special = (name: string): boolean => isWanted(wanted, name)
  return [
    ...LEADING.filter(special),
    ...(isNamed(wanted, STREAM_ID_FIELD) ? [STREAM_ID_FIELD] : []),
    ...new Set(names.filter(isOwn)),
    ...TRAILING.filter(special),
  ]
}

/** These rows of the block, null for all, with the fields that are wanted; read when they are asked for. */
export function batchOfBlock(block: Block, rows: Uint32Array | null, wanted: FieldsWanted): RowBatch {
  const view = new BlockView(block)
  const rowCount = rows?.length ?? block.rowCount
  const keys = keysOf(block, rows)
  const columns = new Map<string, BatchColumn>()
  const sent = new SentFields(block)
  for (const name of orderedNames(wanted, () => block.fieldNames())) {
    if (name === TIME_FIELD) columns.set(name, new TimeColumn(keys.timesMs, keys.timesNs))
    else if (name === ID_FIELD) columns.set(name, new IdColumn(keys.ids))
    else columns.set(name, new BlockColumn(sourceOf(block, view, sent, name), rowCount, rows))
  }
  return new RowBatch(rowCount, columns, keys, { block, rows })
}

function sourceOf(block: Block, view: BlockView, sent: SentFields, name: string): StoredColumn {
  const { messageLengths, messagesOf, narrow } = block
  const field = storedFieldOf(name)
  return {
    rowCount: block.rowCount,
    column: () => view.column(name),
    groups: () => (name === STREAM_FIELD ? streamGroups(block) : keptGroups(block, name)),
    ...(name === MESSAGE_FIELD && { templates: () => block.messageTemplates?.() ?? null }),
    ...(name === MESSAGE_FIELD &&
      messagesOf !== undefined && { valuesOf: (rows: Uint32Array) => messagesOf.call(block, rows) }),
    ...(name === MESSAGE_FIELD &&
      messageLengths !== undefined && { lengths: () => messageLengths.call(block) }),
    ...(narrow !== undefined &&
      field !== undefined && { narrow: (test, rows) => narrow.call(block, field, test, rows) }),
    isText: SPECIAL_FIELDS.has(name),
    kindsOf: (rows) => sent.kindsOf(name, rows),
    filledCount: (rows) => sent.countOf(name, rows),
  }
}

/** How many rows of a block were sent with a field; every record has an id, and next to every one a message. */
class SentFields {
  readonly #block: Block
  #layouts: RowGroups<RowLayout> | null = null
  /** By row, of rows that somebody asked for. */
  readonly #fields = new Map<number, ReadonlyMap<string, number>>()

  constructor(block: Block) {
    this.#block = block
  }

  /** FIELD_* of few rows. */
  kindsOf(name: string, rows: Uint32Array): Uint8Array | null {
    const kinds = Uint8Array.from(rows, (row) => this.#kindsOfRow(row).get(name) ?? FIELD_STRING)
    return kinds.every((kind) => kind === FIELD_STRING) ? null : kinds
  }

  #kindsOfRow(row: number): ReadonlyMap<string, number> {
    let kinds = this.#fields.get(row)
    if (kinds === undefined) {
      kinds = new Map(this.#block.fieldsOf(row).map(({ name, kind }) => [name, kind]))
      this.#fields.set(row, kinds)
    }
    return kinds
  }

  /** Null for fields that are made of others. */
  countOf(name: string, rows: Uint32Array | null): number | null {
    if (name === ID_FIELD || name === MESSAGE_FIELD) return rows?.length ?? this.#block.rowCount
    if (SPECIAL_FIELDS.has(name) || name === TRUNCATED_FIELD) return null
    this.#layouts ??= layoutGroups(this.#block)
    const has = this.#layouts.held.map((layout) => layout.some((field) => field.name === name))
    const ofRow = this.#layouts.ofRow()
    if (ofRow === null) return has[0] ? (rows?.length ?? this.#block.rowCount) : 0
    let count = 0
    if (rows === null) for (let row = 0; row < ofRow.length; row++) count += has[ofRow[row]] ? 1 : 0
    else for (let at = 0; at < rows.length; at++) count += has[ofRow[rows[at]]] ? 1 : 0
    return count
  }
}

/** Read when somebody asks: most pipes do not look at them. As plain data it is read. */
function keysOf(block: Block, rows: Uint32Array | null): BatchKeys {
  const keys: { timesMs?: Float64Array; timesNs?: Uint32Array; ids?: Float64Array } = {}
  return {
    get timesMs() {
      keys.timesMs ??= rows === null ? block.timesMs : pick(block.timesMs, rows)
      return keys.timesMs
    },
    get timesNs() {
      keys.timesNs ??= rows === null ? block.timesNs : pick(block.timesNs, rows)
      return keys.timesNs
    },
    get ids() {
      keys.ids ??= rows === null ? block.ids : pick(block.ids, rows)
      return keys.ids
    },
  }
}

/** Records in their order. */
export function batchOfRecords(rows: readonly RecordRow[], wanted: FieldsWanted): RowBatch {
  const timesMs = Float64Array.from(rows, ({ timeMs }) => timeMs)
  const timesNs = Uint32Array.from(rows, ({ timeNs }) => timeNs)
  const keys = { timesMs, timesNs, ids: Float64Array.from(rows, ({ id }) => id) }
  const own = ownColumns(rows)
  const columns = new Map<string, BatchColumn>()
  for (const name of orderedNames(wanted, () => [...own.keys()])) {
    const made = MADE.get(name)
    if (name === TIME_FIELD) columns.set(name, new TimeColumn(timesMs, timesNs))
    else if (name === ID_FIELD) columns.set(name, new IdColumn(keys.ids))
    else if (made !== undefined) columns.set(name, new TextColumn(rows.map(made)))
    else {
      const column = own.get(name)
      if (column !== undefined) columns.set(name, new TextColumn(column.texts, column.kinds))
    }
  }
  return new RowBatch(rows.length, columns, keys)
}

const MADE: ReadonlyMap<string, (row: RecordRow) => string> = new Map([
  [STREAM_FIELD, ({ stream }: RecordRow) => streamText(stream)],
  [STREAM_ID_FIELD, ({ stream }: RecordRow) => streamId(streamText(stream))],
  [MESSAGE_FIELD, ({ message }: RecordRow) => decodeText(message)],
  [LEVEL_FIELD, ({ level }: RecordRow) => level],
])

interface OwnColumn {
  readonly texts: string[]
  readonly kinds: Uint8Array
}

/** In the order in which they first came. A field that a record has twice counts as it came last. */
function ownColumns(rows: readonly RecordRow[]): ReadonlyMap<string, OwnColumn> {
  const columns = new Map<string, OwnColumn>()
  for (const [row, { fields }] of rows.entries()) {
    for (const { name, kind, value } of fields) {
      if (SPECIAL_FIELDS.has(name) && name !== TRUNCATED_FIELD) continue
      let column = columns.get(name)
      if (column === undefined) {
        column = { texts: new Array<string>(rows.length).fill(''), kinds: new Uint8Array(rows.length) }
        columns.set(name, column)
      }
      column.texts[row] = decodeText(value)
      column.kinds[row] = kind
    }
  }
  return columns
}
