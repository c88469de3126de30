/** A filter that is a test of one field's value. */
import { rowsNamed } from '../special-fields.ts'
import { narrowByValue, type ValueTest } from '../value-test.ts'
import type { BoundFilter } from './kind.ts'

/**
 * Keeps the rows whose value passes, and those that go by one of `names` although their text is another: `ERROR`
 * finds the level `err`.
 */
export function boundValueFilter(field: string, test: ValueTest, names: readonly string[] = []): BoundFilter {
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
