/**
 * `limit N`: of records in their order the newest N, printed oldest first; of rows that come in an order of their own,
 * as from `sort`, `top` or `stats`, the first N. Which one it is, the rows say: records have keys (row-batch.ts).
 */

import type { Pipe } from '../ast.ts'
import { batchSlices } from '../batches/batch-slices.ts'
import { batchOfHeld, type HeldRows } from '../batches/held-rows.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { RowSorter } from '../batches/row-sorter.ts'
import type { PipeKind } from './kind.ts'
import { parseWholeNumber } from './parts.ts'

export interface LimitPipe extends Pipe {
  readonly kind: 'limit'
  readonly rows: number
}

const ROWS_DEFAULT = 10

export const limitPipe: PipeKind<LimitPipe> = {
  kind: 'limit',
  names: ['limit', 'head'],
  summary: 'the newest N rows, or the first N behind `sort`, `stats` and the like; 10 where N is left out',
  examples: ['error | limit 100', 'error | head 5', 'error | limit', '* | sort by (duration desc) | limit 5'],
  isLive: false,
  parse(parser) {
    if (parser.reader.isAtEndOfPart()) return limitOf(ROWS_DEFAULT)
    return limitOf(parseWholeNumber(parser, 'a number of rows'))
  },
  print: ({ rows }) => `limit ${rows}`,
  rowsMax: ({ rows }) => rows,
  wants: (_pipe, after) => after,
  leaves: (_pipe, entering) => entering,
  newestMax: ({ rows }) => rows,
  bindGather({ rows }, { memory }) {
    const sorter = new RowSorter(
      { by: [], isDesc: false, isNewestFirst: true, isLastFirst: true, partitionBy: [], rowsMax: rows },
      memory,
    )
    return {
      add: (batch) => sorter.add(batch),
      take: (): HeldRows[] => sorter.take(),
      merge(state) {
        for (const held of state as HeldRows[]) sorter.add(batchOfHeld(held))
      },
      rows: () => batchSlices(oldestFirst(sorter.sorted())),
    }
  },
}

/** Rows without keys stay as they came. */
function oldestFirst(rows: RowBatch): RowBatch {
  if (rows.keys === null) return rows
  return rows.select(Uint32Array.from({ length: rows.rowCount }, (_, at) => rows.rowCount - 1 - at))
}

export function limitOf(rows: number): LimitPipe {
  return { kind: 'limit', rows }
}
