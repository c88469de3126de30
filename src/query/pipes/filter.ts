/** `filter …`: filters again. Right behind the query's own filter it is a part of it. */
import type { Filter, Pipe } from '../ast.ts'
import { withFields } from '../batches/fields-wanted.ts'
import { fieldsOfFilter } from '../filter-fields.ts'
import type { PipeKind } from './kind.ts'

export interface FilterPipe extends Pipe {
  readonly kind: 'filter'
  readonly filter: Filter
}

export const filterPipe: PipeKind<FilterPipe> = {
  kind: 'filter',
  names: ['filter', 'where'],
  summary:
    'filters again, also by what other pipes made; the word may be left out where no pipe is called so',
  examples: [
    'error | filter service:api',
    'error | where !timeout',
    '* | extract "took <ms> ms" | filter ms:>500',
    '* | fields _time, _msg | _msg:~"fail"',
  ],
  isLive: true,
  parse: (parser) => ({ kind: 'filter', filter: parser.parseFilterOfPipe() }),
  print: ({ filter }, printer) => `filter ${printer.child(filter, 0)}`,
  asFilter: ({ filter }) => filter,
  wants: ({ filter }, after) => withFields(after, fieldsOfFilter(filter)),
  leaves: (_pipe, entering) => entering,
  bindBatch({ filter }, context) {
    const find = context.bindFilter(filter)
    return (batch) => {
      const rows = find(batch)
      return rows === null ? batch : batch.select(rows)
    }
  },
}
