/** `count()`: rows; `count(a, b*)`: rows that have one of the fields at least. */
import type { MemoryShare } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { type FieldsCall, isEverything, parseStatsFields, printFields } from './arguments.ts'
import { filledRows } from './filled-rows.ts'
import { GroupNumbers } from './group-array.ts'
import type { GroupedRows } from './grouped-rows.ts'
import type { AddRows, StatsFunction, StatsState } from './kind.ts'

export interface CountCall extends FieldsCall {
  readonly name: 'count'
}

export const countFunction: StatsFunction<CountCall> = {
  name: 'count',
  summary: 'how many rows there are; with fields, how many have one of them at least',
  examples: ['error | stats count()', '* | stats by (service) count() as rows, count(user) as with_user'],
  parse: (parser) => ({ name: 'count', fields: parseStatsFields(parser, 'count') }),
  print: printFields,
  wants: ({ fields }) => (fields.some(isEverything) ? [] : fields),
  bind: ({ fields }, { memory }) =>
    fields.some(isEverything) ? new RowCounts(memory) : new FilledCounts(fields, memory, true),
}

/** How many rows each group has. */
export class RowCounts implements StatsState {
  readonly countsOnly: boolean = true
  protected readonly counts: GroupNumbers

  constructor(memory: MemoryShare) {
    this.counts = new GroupNumbers(memory)
  }

  read(_batch: RowBatch): AddRows {
    return (rows) => rows.countInto(this.counts.grow(rows.groupCount))
  }

  take(): unknown {
    return this.counts.take()
  }

  merge(state: unknown, groups: Uint32Array, groupCount: number): void {
    this.counts.addFrom(state as Float64Array, groups, groupCount)
  }

  texts(groupCount: number): string[] {
    const counts = this.counts.grow(groupCount)
    return Array.from({ length: groupCount }, (_, group) => String(counts[group]))
  }
}

/** How many rows of each group have one of the fields, or none of them. */
export class FilledCounts extends RowCounts {
  override readonly countsOnly = false
  readonly #fields: FieldsCall['fields']
  readonly #isFilled: boolean

  constructor(fields: FieldsCall['fields'], memory: MemoryShare, isFilled: boolean) {
    super(memory)
    this.#fields = fields
    this.#isFilled = isFilled
  }

  override read(batch: RowBatch): AddRows {
    const filled = filledRows(batch, this.#fields)
    const wanted = this.#isFilled ? 1 : 0
    return (rows) => {
      const counts = this.counts.grow(rows.groupCount)
      if (typeof filled !== 'number') addRowsLike(rows, filled, wanted, counts)
      else if (filled === wanted) rows.countInto(counts)
    }
  }
}

function addRowsLike(grouped: GroupedRows, filled: Uint8Array, wanted: number, counts: Float64Array): void {
  const { rows, count, ofRow, only } = grouped
  for (let at = 0; at < count; at++) {
    const row = rows === null ? at : rows[at]
    if (filled[row] === wanted) counts[ofRow === null ? only : ofRow[row]]++
  }
}
