/** `filter …`: filters again. Right behind the query's own filter it is a part of it. */
import type { Filter, Pipe } from '../ast.ts'
import type { PipeKind } from './kind.ts'

export interface FilterPipe extends Pipe {
  readonly kind: 'filter'
  readonly filter: Filter
}

export const filterPipe: PipeKind<FilterPipe> = {
  kind: 'filter',
  names: ['filter', 'where'],
  summary: 'filters again; only right behind the filter of the query for now',
  examples: ['error | filter service:api', 'error | where !timeout'],
  isLive: true,
  parse: (parser) => ({ kind: 'filter', filter: parser.parseFilter(null) }),
  print: ({ filter }, printer) => `filter ${printer.child(filter, 0)}`,
  asFilter: ({ filter }) => filter,
}
