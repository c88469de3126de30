/**
 * Rows on their way through pipes, column by column: a pipe takes a batch and gives another one. Batches are never
 * changed; what a pipe leaves alone, the next batch shares.
 *
 * All values are texts, and what is absent is the empty text. Bytes that are not UTF-8 are kept (text.ts). What
 * columns are is in batch-column.ts.
 */
import { type Block, FIELD_STRING } from '../../record/record.ts'
import type { ValuesRow } from '../row.ts'
import { encodeText } from '../values/text.ts'
import { type BatchColumn, groupsOfTexts, pick, type TextGroups } from './batch-column.ts'
import { TextColumn, TimeColumn } from './text-columns.ts'

/** What the total order of records goes by; one a row, where rows are records or come from one. */
export interface BatchKeys {
  readonly timesMs: Float64Array
  readonly timesNs: Uint32Array
  readonly ids: Float64Array
}

const NOTHING: readonly string[] = []

/** Rows of a block, with nothing changed: filters may ask the block, which knows more than the texts of its rows. */
export interface BatchOrigin {
  readonly block: Block
  /** Null: all, in their order. */
  readonly rows: Uint32Array | null
}

export class RowBatch {
  readonly rowCount: number
  readonly keys: BatchKeys | null
  readonly origin: BatchOrigin | null
  readonly #columns: ReadonlyMap<string, BatchColumn>
  #empty = NOTHING

  /** `columns` in the order in which their fields are shown; each has `rowCount` values. */
  constructor(
    rowCount: number,
    columns: ReadonlyMap<string, BatchColumn>,
    keys: BatchKeys | null = null,
    origin: BatchOrigin | null = null,
  ) {
    this.rowCount = rowCount
    this.#columns = columns
    this.keys = keys
    this.origin = origin
  }

  /** Of texts by name, each list as long as the others. */
  static of(columns: Readonly<Record<string, readonly string[]>>): RowBatch {
    const lists = Object.entries(columns)
    const rowCount = lists.length === 0 ? 0 : lists[0][1].length
    return new RowBatch(rowCount, new Map(lists.map(([name, texts]) => [name, new TextColumn(texts)])))
  }

  /** Of rows as pairs of names and texts. */
  static ofRows(rows: readonly (readonly (readonly [string, string])[])[]): RowBatch {
    const columns = new Map<string, string[]>()
    for (const [row, pairs] of rows.entries()) {
      for (const [name, text] of pairs) {
        let texts = columns.get(name)
        if (texts === undefined) {
          texts = new Array<string>(rows.length).fill('')
          columns.set(name, texts)
        }
        texts[row] = text
      }
    }
    return new RowBatch(
      rows.length,
      new Map([...columns].map(([name, texts]) => [name, new TextColumn(texts)])),
    )
  }

  /** Names of the fields that some row may have. */
  get names(): string[] {
    return [...this.#columns.keys()]
  }

  get columns(): ReadonlyMap<string, BatchColumn> {
    return this.#columns
  }

  /** Null: all rows are empty. */
  column(name: string): BatchColumn | null {
    return this.#columns.get(name) ?? null
  }

  /** The text of a field by row. */
  texts(name: string): readonly string[] {
    const column = this.#columns.get(name)
    if (column !== undefined) return column.texts()
    if (this.#empty.length !== this.rowCount) this.#empty = new Array<string>(this.rowCount).fill('')
    return this.#empty
  }

  /** The rows by the text of a field. */
  groups(name: string): TextGroups {
    const column = this.#columns.get(name)
    if (column === undefined) return { texts: [''], ofRow: null }
    return column.groups() ?? groupsOfTexts(column.texts())
  }

  /** The moments of a field whose texts are moments of records; null for any other text. */
  timesOf(name: string): TimeColumn | null {
    const column = this.#columns.get(name)
    return column instanceof TimeColumn ? column : null
  }

  /** These rows, in this order; a row may stand there several times. */
  select(rows: Uint32Array): RowBatch {
    const columns = new Map<string, BatchColumn>()
    for (const [name, column] of this.#columns) columns.set(name, column.select(rows))
    const keys = this.keys === null ? null : selectKeys(this.keys, rows)
    return new RowBatch(
      rows.length,
      columns,
      keys,
      this.origin === null ? null : selectOrigin(this.origin, rows),
    )
  }

  /** With a field set in every row: in its place where there is one of that name, else as the last. */
  with(name: string, column: BatchColumn | readonly string[]): RowBatch {
    const columns = new Map(this.#columns)
    columns.set(name, isColumn(column) ? column : new TextColumn(column))
    return new RowBatch(this.rowCount, columns, this.keys)
  }

  /** The same rows with other columns. */
  withColumns(columns: ReadonlyMap<string, BatchColumn>): RowBatch {
    return new RowBatch(this.rowCount, columns, this.keys)
  }
}

function isColumn(column: BatchColumn | readonly string[]): column is BatchColumn {
  return !Array.isArray(column)
}

function selectOrigin({ block, rows: own }: BatchOrigin, rows: Uint32Array): BatchOrigin {
  return { block, rows: own === null ? rows : pick(own, rows) }
}

/** Picked when somebody asks. */
function selectKeys(from: BatchKeys, rows: Uint32Array): BatchKeys {
  const keys: { timesMs?: Float64Array; timesNs?: Uint32Array; ids?: Float64Array } = {}
  return {
    get timesMs() {
      keys.timesMs ??= pick(from.timesMs, rows)
      return keys.timesMs
    },
    get timesNs() {
      keys.timesNs ??= pick(from.timesNs, rows)
      return keys.timesNs
    },
    get ids() {
      keys.ids ??= pick(from.ids, rows)
      return keys.ids
    },
  }
}

/** The rows as they leave; empty fields are left out. */
export function rowsOfBatch(batch: RowBatch): ValuesRow[] {
  const columns = [...batch.columns].map(([name, column]) => ({
    name,
    texts: column.texts(),
    kinds: column.kinds(),
  }))
  return Array.from({ length: batch.rowCount }, (_, row) => ({
    kind: 'values' as const,
    values: columns
      .filter(({ texts }) => texts[row] !== '')
      .map(({ name, texts, kinds }) => ({
        name,
        kind: kinds === null ? FIELD_STRING : kinds[row],
        value: encodeText(texts[row]),
      })),
  }))
}
