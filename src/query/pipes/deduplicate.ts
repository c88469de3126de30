/**
 * `deduplicate by (a, b)`: of rows that are the same in these fields only the first, the oldest record; without fields,
 * of rows that are the same in all but `_id`. Whole rows leave, in their order; for the values alone see `uniq`.
 */
import type { Pipe } from '../ast.ts'
import { batchSlices } from '../batches/batch-slices.ts'
import { withEveryField, withFields } from '../batches/fields-wanted.ts'
import { batchOfHeld, type HeldRows } from '../batches/held-rows.ts'
import { RowSorter } from '../batches/row-sorter.ts'
import type { PipeKind } from './kind.ts'
import { parseFieldNamesInGroup, printFieldNames } from './parts.ts'

export interface DeduplicatePipe extends Pipe {
  readonly kind: 'deduplicate'
  /** Empty: all but `_id`. */
  readonly by: readonly string[]
}

export const deduplicatePipe: PipeKind<DeduplicatePipe> = {
  kind: 'deduplicate',
  names: ['deduplicate'],
  summary: 'of rows that are the same in these fields, or in all but `_id`, only the oldest',
  examples: ['* | deduplicate', 'error | deduplicate by (service, _msg)'],
  isLive: false,
  parse(parser) {
    const { reader } = parser
    if (!reader.takeWord('by') && !reader.isSymbol('(')) return { kind: 'deduplicate', by: [] }
    const by = parseFieldNamesInGroup(parser, 'after `by`')
    if (by.length === 0)
      throw reader.problem('`by ()` needs the name of a field; leave it out for all fields')
    return { kind: 'deduplicate', by }
  },
  print: ({ by }, printer) => `deduplicate${by.length === 0 ? '' : ` by (${printFieldNames(by, printer)})`}`,
  wants: ({ by }, after) => (by.length === 0 ? withEveryField(after) : withFields(after, by)),
  leaves: (_pipe, entering) => entering,
  bindGather({ by }, { memory }) {
    const partitionBy = by.length === 0 ? null : by
    const sorter = new RowSorter(
      { by: [], isDesc: false, isNewestFirst: false, partitionBy, rowsMax: 1 },
      memory,
    )
    return {
      add: (batch) => sorter.add(batch),
      take: (): HeldRows[] => sorter.take(),
      merge(state) {
        for (const held of state as HeldRows[]) sorter.add(batchOfHeld(held))
      },
      rows: () => batchSlices(sorter.sorted()),
    }
  },
}
