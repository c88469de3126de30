/**
 * A row of an answer. Query execution works on columns; rows exist only where they leave.
 */
export interface RecordRow {
  readonly kind: 'record'
  readonly id: number
  readonly timeMs: number
  /** Nanoseconds within the millisecond. */
  readonly timeNs: number
  readonly receivedMs: number
  readonly receivedNs: number
  /** OTLP severity number, 0 for none. */
  readonly severity: number
  /** The value of the field `level` as queries see it; empty for none. */
  readonly level: string
  /** The bytes as they came. */
  readonly message: Uint8Array
  /** Names with FIELD_* kinds and value bytes. */
  readonly fields: readonly RowField[]
  readonly stream: readonly RowField[]
}

export interface RowField {
  readonly name: string
  readonly kind: number
  readonly value: Uint8Array
}

/** A row that is not a record any more: what pipes like `fields` or `stats` make. */
export interface ValuesRow {
  readonly kind: 'values'
  readonly values: readonly RowField[]
}

export type Row = RecordRow | ValuesRow
