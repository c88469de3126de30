/** A part that is searched as if its records had no hidden fields: see hidden-fields.ts. */
import type { FieldPattern } from '../batches/fields-wanted.ts'
import { HiddenFields, shownOf } from './hidden-fields.ts'
import { shownRows } from './hidden-rows.ts'
import type { SearchPart } from './search-parts.ts'

/** With no patterns, the part itself. */
export function hidingPart(part: SearchPart, patterns: readonly FieldPattern[]): SearchPart {
  if (patterns.length === 0) return part
  const hidden = new HiddenFields(patterns)
  const { records } = part
  return {
    ...(records !== undefined && { records }),
    count: (filter, ...rest) => part.count(shownOf(filter, patterns), ...rest),
    keys: (filter, ...rest) => part.keys(shownOf(filter, patterns), ...rest),
    values: (filter, ...rest) => part.values(shownOf(filter, patterns), ...rest),
    gather: (filter, ...rest) => part.gather(shownOf(filter, patterns), ...rest),
    async rows(ids, bytesMax, signal) {
      const found = await part.rows(ids, bytesMax, signal)
      return { ...found, rows: shownRows(found.rows, hidden) }
    },
  }
}
