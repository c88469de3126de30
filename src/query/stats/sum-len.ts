/** `sum_len(a, b*)`: the length of all values, in bytes. */
import type { BatchColumn } from '../batches/batch-column.ts'
import type { FieldPattern } from '../batches/fields-wanted.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { textByteLength } from '../values/text-length.ts'
import { columnsOf, type FieldsCall, parseStatsFields, printFields } from './arguments.ts'
import { RowCounts } from './count.ts'
import type { GroupedRows } from './grouped-rows.ts'
import type { AddRows, StatsFunction } from './kind.ts'

export interface SumLenCall extends FieldsCall {
  readonly name: 'sum_len'
}

export const sumLenFunction: StatsFunction<SumLenCall> = {
  name: 'sum_len',
  summary: 'the length of all values, in bytes',
  examples: ['* | stats by (service) sum_len(_msg) as bytes'],
  parse: (parser) => ({ name: 'sum_len', fields: parseStatsFields(parser, 'sum_len') }),
  print: printFields,
  wants: ({ fields }) => fields,
  bind: ({ fields }, { memory }) => new LengthSums(fields, memory),
}

class LengthSums extends RowCounts {
  override readonly countsOnly = false
  readonly #fields: readonly FieldPattern[]

  constructor(fields: readonly FieldPattern[], memory: MemoryShare) {
    super(memory)
    this.#fields = fields
  }

  override read(batch: RowBatch): AddRows {
    const columns = columnsOf(batch, this.#fields).flatMap(({ column }) => (column === null ? [] : [column]))
    const lengths = columns.map((column) => lengthsOf(column, batch.rowCount))
    return (rows) => {
      const sums = this.counts.grow(rows.groupCount)
      for (const each of lengths) addTo(sums, rows, each)
    }
  }
}

function addTo(sums: Float64Array, { rows, count, ofRow, only }: GroupedRows, lengths: Uint32Array): void {
  for (let at = 0; at < count; at++) {
    const row = rows === null ? at : rows[at]
    sums[ofRow === null ? only : ofRow[row]] += lengths[row]
  }
}

function lengthsOf(column: BatchColumn, rowCount: number): Uint32Array {
  const groups = column.groups()
  if (groups === null) return column.byteLengths?.() ?? Uint32Array.from(column.texts(), textByteLength)
  const { texts, ofRow } = groups
  const ofGroup = Uint32Array.from(texts, textByteLength)
  if (ofRow === null) return new Uint32Array(rowCount).fill(ofGroup[0])
  return ofRow.map((group) => ofGroup[group])
}
