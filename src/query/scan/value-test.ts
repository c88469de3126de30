/** How a test of one value runs over a column, where the block does not judge values itself. */
import type { Bitset } from '../../base/base.ts'
import type { Column, ValueTest } from '../../record/record.ts'

const NOTHING = new Uint8Array(0)

/** Takes the rows out whose value does not pass. A column that is null has only empty values. */
export function narrowByValue(column: Column | null, rows: Bitset, test: ValueTest): void {
  if (column !== null) narrowByColumn(column, rows, test)
  else if (!passesEmpty(test)) rows.clear()
}

/** Rows without the field pass. */
export function passesEmpty(test: ValueTest): boolean {
  return test.test(NOTHING, 0, 0)
}

function narrowByColumn(column: Column, rows: Bitset, test: ValueTest): void {
  const { data, starts, lengths } = column
  // Fields that a whole batch shares, and levels, are the same bytes row after row.
  let lastStart = -1
  let lastLength = -1
  let passes = false
  for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
    const start = starts[row]
    const length = lengths[row]
    if (start !== lastStart || length !== lastLength) {
      passes = test.test(data, start, start + length)
      lastStart = start
      lastLength = length
    }
    if (!passes) rows.unset(row)
  }
}
