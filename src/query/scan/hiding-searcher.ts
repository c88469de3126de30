/** Searches as if no record had the hidden fields: see hidden-fields.ts. */
import type { FieldPattern } from '../batches/fields-wanted.ts'
import { HiddenFields, shownOf } from './hidden-fields.ts'
import { shownRows } from './hidden-rows.ts'
import type { Searcher } from './searchers.ts'

/** With no patterns, the searcher itself. */
export function hidingSearcher(searcher: Searcher, patterns: readonly FieldPattern[]): Searcher {
  if (patterns.length === 0) return searcher
  const hidden = new HiddenFields(patterns)
  const { records } = searcher
  return {
    ...(records !== undefined && { records }),
    count: (filter, ...rest) => searcher.count(shownOf(filter, patterns), ...rest),
    keys: (filter, ...rest) => searcher.keys(shownOf(filter, patterns), ...rest),
    values: (filter, ...rest) => searcher.values(shownOf(filter, patterns), ...rest),
    gather: (filter, ...rest) => searcher.gather(shownOf(filter, patterns), ...rest),
    async rows(ids, bytesMax, signal) {
      const found = await searcher.rows(ids, bytesMax, signal)
      return { ...found, rows: shownRows(found.rows, hidden) }
    },
  }
}
