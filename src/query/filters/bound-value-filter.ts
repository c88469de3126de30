/**
 * A filter that is a test of one field's value. What a block stores, it may judge itself; fields that are made of other
 * things (`_time`, `_id`, `_stream`, `level`) are made, and tested row by row.
 */
import type { ValueTest } from '../../record/record.ts'
import { narrowByValue, passesEmpty } from '../scan/value-test.ts'
import { rowsNamed, storedFieldOf } from '../special-fields.ts'
import type { BoundFilter } from './kind.ts'
import { BoundStreamFilter, isStreamField } from './stream-values.ts'

/**
 * Keeps the rows whose value passes, and those that go by one of `names` although their text is another: `ERROR`
 * finds the level `err`.
 */
export function boundValueFilter(field: string, test: ValueTest, names: readonly string[] = []): BoundFilter {
  const stored = storedFieldOf(field)
  if (stored !== undefined) return ofStoredField(field, stored, test)
  const made = ofMadeField(field, test, names)
  return isStreamField(field) ? new BoundStreamFilter(field, test, made) : made
}

function ofStoredField(name: string, field: string | null, test: ValueTest): BoundFilter {
  return {
    cost: test.cost,
    value: { field: name, test },
    narrow(view, rows) {
      if (view.block.narrow !== undefined) view.block.narrow(field, test, rows)
      else narrowByValue(view.column(name), rows, test)
    },
    count: (block, isCheap) => block.countPassing?.(field, test, isCheap) ?? null,
    ...(!passesEmpty(test) && { skip: { kind: 'value', field, test } }),
  }
}

function ofMadeField(field: string, test: ValueTest, names: readonly string[]): BoundFilter {
  return {
    cost: test.cost,
    narrow(view, rows) {
      const found = names.flatMap((name) => rowsNamed(view.block, field, name, rows) ?? [])
      for (const named of found) rows.andNot(named)
      narrowByValue(view.column(field), rows, test)
      for (const named of found) rows.or(named)
    },
  }
}
